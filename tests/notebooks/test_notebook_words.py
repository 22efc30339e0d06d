"""Sentences and tables that notebooks show, from frames whose numbers are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from rtobs.analytics.backtest import bench
from rtobs.analytics.charts import describe
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import ALERTS, MINUTES, TIME
from rtobs.analytics.inference import BY_RATE, CAPACITY
from rtobs.analytics.notebook import (
    alert_table,
    capacity_text,
    exhaustion_text,
    fired_around,
    forecast_fan,
    latency_by_load,
    noticed,
)
from rtobs.analytics.report import History, history_of
from rtobs.analytics.statistics import FAN, QUANTILES, Forecast
from rtobs.slo.fleet import load_fleet
from tests.notebooks.conftest import ROOT

START = datetime(2026, 1, 5, tzinfo=UTC)
SPACE = "\N{NO-BREAK SPACE}"


def capacity(rate: float | None, low: float | None, high: float | None) -> pl.DataFrame:
    """CAPACITY of one group."""
    row = ("", 0.95, 1.0, rate, low, high, 1.0, 8.0, 60)
    return pl.DataFrame([row], schema=dict(CAPACITY.columns), orient="row")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            capacity(None, None, None),
            (
                "It held at every rate; the highest rate that was seen is 8 requests a second, so"
                " the capacity is above that."
            ),
        ),
        (
            capacity(6.0, 5.0, 7.0),
            (
                "It breaks at 6 requests a second, in 90 of 100 resamples between 5 and 7; the"
                " highest rate that was seen is 8 requests a second."
            ),
        ),
        (
            capacity(6.0, None, None),
            (
                "It breaks at 6 requests a second; the highest rate that was seen is 8 requests a"
                " second."
            ),
        ),
    ],
)
def test_a_capacity_in_words(found: pl.DataFrame, words: str) -> None:
    """What was not seen is not claimed."""
    assert capacity_text(found) == words


def test_latency_by_load_in_words() -> None:
    """The first and the last rate of each quantile; also where the last bucket is open."""
    rows = [
        ("", 0.0, 1.0, 0.5, 10, 0.5, 100.0, 0.1, 0.5, 0.2),
        ("", 1.0, 2.0, 1.5, 10, 0.5, 100.0, 0.5, float("inf"), 0.5),
    ]
    frame = pl.DataFrame(rows, schema=dict(BY_RATE.columns), orient="row")
    chart = latency_by_load(frame, 1.0, "Latency", broken=capacity(1.2, 1.0, 1.4))
    assert describe(chart) == (
        "p50 goes from 0.2 s at 0.5 requests a second to 0.5 s at 1.5. The limit is 1 s."
    )


def made(consumed: float, dates: tuple[datetime | None, ...], probability: float) -> Forecast:
    """A forecast of two hours."""
    ends = [START + timedelta(hours=hour) for hour in range(3)]
    rows = [(ts, q, consumed + hour * q) for hour, ts in enumerate(ends) for q in QUANTILES]
    return Forecast(
        "s",
        "",
        "bootstrap",
        START,
        ends[-1],
        consumed,
        probability,
        tuple(zip(QUANTILES, dates, strict=True)),
        (),
        pl.DataFrame(rows, schema=dict(FAN.columns), orient="row"),
    )


def test_a_forecast_in_words() -> None:
    """How likely, when, and how sure."""
    hour, later = START + timedelta(hours=1), START + timedelta(hours=2)
    ahead = made(0.5, (hour, hour, later, None, None), 0.6)
    assert exhaustion_text(ahead) == (
        f"The chance that it is exhausted by Mon 5 Jan 2026, 02:00 is 60{SPACE}%. In half of all"
        " futures that is before Mon 5 Jan 2026, 02:00; in 90 of 100 it happens between Mon 5 Jan"
        " 2026, 01:00 and the end, or never."
    )
    assert describe(forecast_fan(ahead)) == (
        f"From 50{SPACE}% spent on Mon 5 Jan 2026, 00:00 to 150{SPACE}% on Mon 5 Jan 2026, 02:00 in"
        f" the middle of all futures; 90 of 100 end between 60{SPACE}% and 240{SPACE}%."
    )


def test_a_budget_that_is_gone_or_safe_in_words() -> None:
    """There is no date for what has happened, or hardly will."""
    assert exhaustion_text(made(1.2, (START,) * 5, 1.0)) == (
        f"The budget is exhausted: 120{SPACE}% of it is spent."
    )
    assert exhaustion_text(made(0.1, (None,) * 5, 0.0)) == (
        f"The chance that it is exhausted by Mon 5 Jan 2026, 02:00 is 0{SPACE}%."
    )


@pytest.fixture(scope="module")
def outage() -> History:
    """Six hours, the fourth of which fails completely."""
    slo = next(s for s in load_fleet(ROOT / "slo").slos if s.slo_id == "vllm-http-availability")
    count = 360
    bad = [1.0 if 180 <= minute < 240 else 0.0 for minute in range(count)]
    columns = {
        "slo_id": slo.slo_id,
        "group": "",
        "ts": [START + timedelta(minutes=minute) for minute in range(count)],
        "total": 1.0,
        "bad": bad,
        "error_1h": [sum(bad[max(m - 59, 0) : m + 1]) / min(m + 1, 60) for m in range(count)],
        "slice_bad": None,
    }
    minutes = pl.DataFrame(columns, schema_overrides=dict(MINUTES.columns))
    return history_of(bench(minutes, slo, dialect=Dialect.V3))


def test_who_noticed_an_incident(outage: History) -> None:
    """The SLO that burnt, with its first alert; nobody when nothing happened."""
    start, end = START + timedelta(hours=3), START + timedelta(hours=4)
    found = noticed([outage], start, end)
    first = outage.alerts.filter(pl.col("tier") != "").sort("start").row(0, named=True)
    assert found.select("slo_id", "after_s", "tier", "severity").rows() == [
        (
            "vllm-http-availability",
            (first["start"] - start).total_seconds(),
            first["tier"],
            "critical",
        )
    ]
    assert found["burnt"].item() == pytest.approx(60 / (43_200 * 0.005))  # of 30 days' budget
    assert noticed([outage], START, START + timedelta(hours=1)).is_empty()


def test_alerts_around_an_incident(outage: History) -> None:
    """Those that fire at some time within; one that still fires counts as well."""
    assert fired_around(outage.alerts, START, START + timedelta(hours=3)).is_empty()
    evening = (START + timedelta(hours=9), START + timedelta(hours=10))
    assert fired_around(outage.alerts, *evening).is_empty()
    still = outage.alerts.with_columns(pl.lit(None, TIME).alias("end"))
    assert fired_around(still, *evening).height == outage.alerts.height


def test_a_table_of_alerts_names_the_slo_only_among_several(outage: History) -> None:
    """A column that says the same in every row says nothing."""
    assert "vllm-http-availability" not in alert_table(outage.alerts).html
    other = outage.alerts.with_columns(pl.lit("other").alias("slo_id"))
    both = pl.concat([outage.alerts, other]).select(list(ALERTS.columns))
    assert "vllm-http-availability" in alert_table(both).html
