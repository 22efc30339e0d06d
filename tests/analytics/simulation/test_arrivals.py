"""Arrivals: read from a trace, or drawn from a seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from rtobs.analytics.frames import check
from rtobs.analytics.simulation import (
    ARRIVALS,
    Engine,
    Scenario,
    Scrape,
    Traffic,
    draw_arrivals,
    read_trace,
    simulate,
)
from rtobs.errors import ConfigurationError, ExportError
from tests.analytics.simulation.places import START, minutes, scenario

TRACE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2023-11-16 18:15:50.9951690,396,109\n"
    "2023-11-16 18:15:46.6805900,374,44\n"
)
REAL = Path(__file__).parents[4] / "shared/data/azure-llm-2023/AzureLLMInferenceTrace_conv.csv"


def test_a_trace_is_read_in_the_order_of_arrival(tmp_path: Path) -> None:
    """Times have seven digits after the point; the last is below a microsecond."""
    path = tmp_path / "trace.csv"
    path.write_text(TRACE)
    assert read_trace(path).rows() == [
        (0, datetime(2023, 11, 16, 18, 15, 46, 680590, tzinfo=UTC), 374, 44),
        (1, datetime(2023, 11, 16, 18, 15, 50, 995169, tzinfo=UTC), 396, 109),
    ]


def test_a_trace_can_be_moved(tmp_path: Path) -> None:
    """The first arrival is where it is told to be; the distances stay."""
    path = tmp_path / "trace.csv"
    path.write_text(TRACE)
    moved = check(read_trace(path, START), ARRIVALS)["arrival"].to_list()
    assert moved == [START, START + timedelta(microseconds=4_314_579)]


@pytest.mark.parametrize("text", ["when,what\n1,2\n", TRACE.replace("396", "many"), "", "\x00\x01"])
def test_what_is_no_trace_is_refused_with_the_columns_that_are_needed(
    tmp_path: Path, text: str
) -> None:
    """One sentence for a wrong column, a wrong value and no file."""
    path = tmp_path / "trace.csv"
    path.write_text(text)
    expected = "it needs the columns TIMESTAMP, ContextTokens, GeneratedTokens"
    with pytest.raises(ExportError, match=expected):
        read_trace(path)
    with pytest.raises(ExportError, match=expected):
        read_trace(tmp_path / "absent.csv")


def test_arrivals_come_at_the_rate_that_was_asked_for() -> None:
    """Ten thousand are within three standard deviations of it."""
    drawn = draw_arrivals(scenario(lasts=timedelta(hours=10), traffic=Traffic(1.0)))
    assert abs(drawn.height - 36_000) < 3 * 36_000**0.5
    gaps = drawn["arrival"].diff().drop_nulls().dt.total_microseconds() / 1e6
    assert gaps.std() == pytest.approx(1.0, rel=0.05)


def test_the_day_has_its_peak_and_the_weekend_is_quiet() -> None:
    """Two weeks from a Monday: 14 h beats 2 h as (1 + d) : (1 - d), Saturday is a fifth."""
    traffic = Traffic(0.2, daily=0.8, weekend=0.2)
    drawn = draw_arrivals(scenario(lasts=timedelta(days=14), traffic=traffic))
    hours = drawn.group_by(pl.col("arrival").dt.hour().alias("hour")).len()
    count = dict(hours.iter_rows())
    assert 1.8 / 0.2 * 0.7 < count[14] / count[2] < 1.8 / 0.2 * 1.4
    days = drawn.group_by((pl.col("arrival").dt.weekday() >= 6).alias("weekend")).len()
    per_day = {weekend: number / (4 if weekend else 10) for weekend, number in days.iter_rows()}
    assert per_day[True] / per_day[False] == pytest.approx(0.2, rel=0.05)


def test_bursts_change_the_spread_and_not_the_mean() -> None:
    """Counts of five minutes vary more than those of a Poisson process."""
    calm, bursty = (
        draw_arrivals(scenario(lasts=timedelta(days=4), traffic=Traffic(0.5, burst_spread=spread)))
        for spread in (0.0, 0.5)
    )
    assert bursty.height == pytest.approx(calm.height, rel=0.05)
    spreads = []
    for drawn in (calm, bursty):
        counts = drawn.group_by_dynamic("arrival", every="5m").agg(pl.len())["len"].cast(pl.Float64)
        spreads.append(counts.to_numpy().var() / counts.to_numpy().mean())
    assert spreads[0] == pytest.approx(1.0, abs=0.15)
    assert spreads[1] > 20


def test_no_traffic_is_no_arrival() -> None:
    """And a silent fleet is still scraped."""
    played = simulate(scenario(traffic=Traffic(0.0), lasts=minutes(2)))
    assert played.requests.is_empty()
    running = played.series.filter(pl.col("metric") == "vllm:num_requests_running")
    values = played.samples.join(running, on="series_id")["value"]
    assert values.len() == 16
    assert values.sum() == 0


def test_requests_longer_than_the_model_are_refused_as_a_mistake_of_the_caller() -> None:
    """A 4xx, which spends no budget."""
    arrivals = pl.DataFrame(
        {
            "request": [0, 1],
            "arrival": [START + minutes(1), START + minutes(1)],
            "prompt_tokens": [2_999, 10],
            "answer_tokens": [2, 2],
        },
        schema=dict(ARRIVALS.columns),
    )
    played = simulate(scenario(), arrivals)
    assert played.requests.select("outcome", "status").rows() == [
        ("refused", "4xx"),
        ("ok", "2xx"),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": datetime(2026, 1, 1)}, "needs a time zone"),  # noqa: DTZ001
        ({"replicas": 0}, "at least one replica"),
        ({"lasts": timedelta(seconds=1)}, "one interval between scrapes"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(change: dict[str, object], words: str) -> None:
    """Before anything is simulated."""
    with pytest.raises(ConfigurationError, match=words):
        scenario(**change)


def test_parts_that_cannot_be_are_refused() -> None:
    """Each with one sentence."""
    with pytest.raises(ConfigurationError, match="does not hold the longest request"):
        Engine(kv_tokens=10)
    with pytest.raises(ConfigurationError, match="daily wave from 0 to 1"):
        Traffic(1.0, daily=2.0)
    with pytest.raises(ConfigurationError, match="shorter than its interval"):
        Scrape(jitter=timedelta(seconds=30))


@pytest.mark.skipif(not REAL.exists(), reason=f"the real trace is not there: {REAL.name}")
def test_an_hour_of_real_requests_is_served() -> None:
    """Every request of the trace gets its tokens from two replicas."""
    arrivals = read_trace(REAL, START)
    assert arrivals.height == 19_366
    whole = Scenario(START, timedelta(hours=1, minutes=5), engine=Engine())
    played = simulate(replace(whole, replicas=4), arrivals)
    assert set(played.requests["outcome"]) == {"ok"}
    counters = played.series.filter(pl.col("metric") == "vllm:generation_tokens_total")
    last = played.samples.join(counters, on="series_id").group_by("series_id").last()
    assert last["value"].sum() == arrivals["answer_tokens"].sum()
