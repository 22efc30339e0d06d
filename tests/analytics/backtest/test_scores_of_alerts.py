"""Precision, recall, detection, reset and load of alerts, on cases that a person can count."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.backtest import Score, bench, incidents, score
from rtobs.analytics.backtest.cores import cores
from rtobs.analytics.backtest.intervals import length, merged
from rtobs.analytics.backtest.spending import Spending
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import ALERTS, INCIDENTS, empty
from rtobs.analytics.slo.schedule import milliseconds
from rtobs.conventions import Severity
from rtobs.model.duration import Duration
from tests.analytics.backtest.simulated import START, minutes_of
from tests.proof.slos import BAD_FORM

patient = settings(deadline=None)
pytestmark = pytest.mark.usefixtures("engine")
_WEEK = 7 * 1440
_SPAN = (START, START + timedelta(minutes=_WEEK - 1))


def _at(minute: float) -> object:
    return START + timedelta(minutes=minute)


def _alert(
    start: float, end: float | None, tier: str = "fast", group: str = "", severity: str = "critical"
) -> dict[str, object]:
    alert = "SLOBudgetBurn" if tier else "SLOBudgetExhausted"
    return {
        "slo_id": "shop",
        "group": group,
        "alert": alert,
        "tier": tier,
        "severity": severity,
        "start": _at(start),
        "end": None if end is None else _at(end),
        "peak_burn": 20.0,
        "budget_spent": 0.1,
    }


def _alerts(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(ALERTS.columns)).sort(ALERTS.key)


def _incidents(*spans: tuple[float, float], group: str = "") -> pl.DataFrame:
    rows = [
        {"slo_id": "shop", "group": group, "start": _at(a), "end": _at(b), "label": ""}
        for a, b in spans
    ]
    return pl.DataFrame(rows, schema=dict(INCIDENTS.columns)).sort(INCIDENTS.key)


def _spending(*groups: str) -> Spending:
    """1% of the budget each hour."""
    times = np.arange(_WEEK, dtype=np.int64) * 60_000 + milliseconds(START)
    sums = np.arange(_WEEK + 1) / 6000
    return Spending("shop", groups, times, np.tile(sums, (len(groups), 1)))


def _score(alerts: pl.DataFrame, known: pl.DataFrame, **more: object) -> Score:
    return score(alerts, known, [_spending("")], span=_SPAN, **more)  # type: ignore[arg-type]


def test_a_week_that_a_person_can_count() -> None:
    """Two of three incidents are found: one by a page and a ticket, one late."""
    alerts = _alerts(
        _alert(103, 140), _alert(110, 200, "ticket", severity="warning"), _alert(5000, 5010)
    )
    known = _incidents((100, 120), (2000, 2010), (4000, 4940))
    found = asdict(_score(alerts, known, grace=Duration.parse("1h")))
    assert found == pytest.approx(
        {
            "alerts": 3,
            "true_alerts": 3,
            "incidents": 3,
            "detected": 2,
            "precision": 1.0,
            "recall": 2 / 3,
            "detection_p50_s": 180.0,
            "detection_p90_s": 60_000.0,
            "detection_max_s": 60_000.0,
            "spent_before_p50": 3 / 6000,
            "spent_before_max": 1000 / 6000,
            "reset_p50_s": 4200.0,
            "reset_p90_s": 4800.0,
            "pages": 2,
            "pages_per_week": 2.0,
            "flaps": 0,
            "firing_share": 107 / _WEEK,
            "spent_while_firing": 107 / _WEEK,
        },
        rel=1e-9,
    )


@pytest.mark.parametrize(
    ("alert", "matches"),
    [
        ((0, 100), False),  # ended as the incident began
        ((0, 101), True),
        ((120, 130), True),
        ((180, 190), True),  # the end of the grace
        ((181, 190), False),
        ((0, None), True),
    ],
)
def test_an_alert_matches_from_the_start_to_the_end_of_the_grace(
    alert: tuple[float, float | None], *, matches: bool
) -> None:
    """An incident from minute 100 to 120, with an hour of grace."""
    found = _score(_alerts(_alert(*alert)), _incidents((100, 120)))
    assert (found.detected, found.true_alerts) == (matches, matches)


def test_an_alert_that_fired_before_detects_at_once() -> None:
    """Detection is no less than 0, and so is the time after the end."""
    found = _score(_alerts(_alert(50, 110)), _incidents((100, 120)))
    assert (found.detection_p50_s, found.reset_p50_s, found.spent_before_p50) == (0, 0, 0)


def test_one_alert_can_be_about_two_incidents() -> None:
    """It counts once among the alerts, and both incidents are found."""
    found = _score(_alerts(_alert(100, 500)), _incidents((90, 120), (300, 310)))
    assert (found.precision, found.recall, found.detection_p50_s) == (1.0, 1.0, 0.0)


def test_groups_are_judged_apart_and_an_incident_without_one_is_for_all() -> None:
    """An alert of another group finds nothing."""
    alerts, spent = _alerts(_alert(100, 120, group="b")), [_spending("a", "b")]
    own = _incidents((90, 120), group="a")
    assert score(alerts, own, spent, span=_SPAN).recall == 0.0
    assert score(alerts, _incidents((90, 120)), spent, span=_SPAN).recall == 1.0


def test_pages_are_stretches_and_flaps_come_back_within_the_hour() -> None:
    """Tiers that overlap page once; tickets page nobody; an hour and a minute is no flap."""
    alerts = _alerts(
        _alert(100, 120),
        _alert(110, 130, "slow"),
        _alert(180, 190),
        _alert(251, 260),
        _alert(1000, 1100, "ticket", severity="warning"),
    )
    found = _score(alerts, _incidents())
    assert (found.pages, found.flaps, found.precision, found.recall) == (3, 1, 0.0, None)


def test_only_alerts_of_one_severity_can_be_judged() -> None:
    """Pages alone found nothing where only a ticket was opened."""
    alerts = _alerts(_alert(100, 120, "ticket", severity="warning"))
    assert _score(alerts, _incidents((90, 120)), severity=Severity.CRITICAL).recall == 0.0


def test_the_spent_budget_detects_nothing() -> None:
    """SLOBudgetExhausted is no alert that is judged; without alerts there is no precision."""
    found = _score(_alerts(_alert(100, 120, "")), _incidents((90, 120)))
    assert (found.alerts, found.precision, found.recall) == (0, None, 0.0)


def test_incidents_of_slos_that_were_not_replayed_do_not_count() -> None:
    """They can neither be found nor missed."""
    known = _incidents((90, 120)).with_columns(pl.lit("other").alias("slo_id"))
    assert _score(empty(ALERTS), known).incidents == 0


@patient
@given(
    spans=st.lists(
        st.tuples(st.integers(0, 50), st.integers(1, 10)).map(lambda s: (s[0], s[0] + s[1]))
    )
)
def test_merged_intervals_cover_the_same_times(spans: list[tuple[int, int]]) -> None:
    """They are apart, in order, and cover each moment once."""
    found = merged(spans)
    covered = {moment for a, b in spans for moment in range(a, b)}
    assert {moment for a, b in found for moment in range(a, b)} == covered
    assert length(found) == len(covered)
    assert all(end < start for (_, end), (start, _) in pairwise(found))


def _burnt(*outages: tuple[int, int, float], days: int = 30) -> pl.DataFrame:
    bad = np.zeros(days * 1440)
    for start, minutes, share in outages:
        bad[start : start + minutes] = 100 * share
    known = bench(
        minutes_of(BAD_FORM.slo_id, np.full(len(bad), 100.0), bad), BAD_FORM, dialect=Dialect.V3
    )
    return incidents(known)


def test_an_outage_that_spends_enough_is_an_incident() -> None:
    """It lasts from its first bad minute to its last; a share of 2% is 4.32 minutes here."""
    found = _burnt((1000, 10, 1.0), (5000, 4, 1.0), (9000, 5, 1.0))
    assert found["start"].to_list() == [_at(999), _at(8999)]
    assert found["end"].to_list() == [_at(1009), _at(9004)]
    assert found["label"].to_list() == ["found", "found"]


def test_an_outage_that_reaches_the_end_of_the_history_is_not_over() -> None:
    """Nothing says that it ended four minutes before."""
    found = _burnt((1400, 40, 1.0), days=1)
    assert found.select("start", "end").rows() == [(_at(1399), _at(1440))]


def test_an_alert_that_still_fires_has_not_been_reset() -> None:
    """How long it outlives its incident is not known yet."""
    known = _incidents((100, 120), (_WEEK - 60, _WEEK))
    still = _alert(_WEEK - 58, None)
    assert _score(_alerts(_alert(102, 130), still), known).reset_p90_s == 600
    assert _score(_alerts(still), known).reset_p50_s is None


def test_thousands_of_outages_are_told_apart() -> None:
    """However many stand in one stretch, each a little smaller than the one before."""
    bad, allowed = np.zeros(20_000), np.full(20_000, 1.5)
    bad[::10] = np.linspace(10, 5, 2000)
    found = list(cores(bad, allowed, (0, len(bad)), lambda part: part[1] > part[0]))
    assert found == [(place, place + 1) for place in range(0, len(bad), 10)]


def test_outages_within_an_hour_are_one_incident() -> None:
    """Each alone is too small; together they spend enough."""
    found = _burnt((1000, 3, 1.0), (1060, 3, 1.0))
    assert found.select("start", "end").rows() == [(_at(999), _at(1062))]


def test_what_the_budget_sustains_is_no_incident() -> None:
    """A burn rate of 1 for a month is the promise, not a fault."""
    assert _burnt((0, 30 * 1440, 0.005)).equals(empty(INCIDENTS))
    assert _burnt((0, 30 * 1440, 0.006)).height == 1


def _noisy(*outages: tuple[int, int, float], seed: int, rate: int = 6) -> pl.DataFrame:
    """Incidents of ten days with few events, a base burn rate of 0.4 and single bad events."""
    draw = np.random.default_rng(seed)
    minutes = 10 * 1440
    bad = draw.binomial(rate, 0.4 * 0.005, minutes).astype(float)
    for start, length_, share in outages:
        bad[start : start + length_] = rate * share
    known = bench(
        minutes_of(BAD_FORM.slo_id, np.full(minutes, float(rate)), bad),
        BAD_FORM,
        dialect=Dialect.V3,
    )
    return incidents(known)


@pytest.mark.parametrize("seed", range(8))
def test_single_bad_events_do_not_stretch_an_outage(seed: int) -> None:
    """Half an hour of 50% errors begins within 5 minutes of itself and ends within 10."""
    found = _noisy((5000, 30, 0.5), seed=seed)
    inside = [span for span in _minutes(found) if span[0] < 5030 and span[1] > 5000]
    ((start, end),) = inside
    assert abs(start - 4999) <= 5
    assert abs(end - 5029) <= 10


def test_what_a_core_leaves_aside_is_told_apart() -> None:
    """A brownout of ten hours that ends in a total outage is two incidents, nothing is lost."""
    found = _burnt((1000, 600, 0.0075), (1600, 60, 1.0))
    assert _minutes(found) == [(1002, 1595), (1599, 1659)]


def test_a_slow_burn_keeps_all_that_the_budget_does_not_sustain() -> None:
    """Twenty hours at burn rates of 2 and 4 are one incident, but for a minute or two of slope."""
    assert _minutes(_burnt((1000, 600, 0.01), (1600, 600, 0.02))) == [(1001, 2198)]


def _minutes(found: pl.DataFrame) -> list[tuple[float, float]]:
    minute = timedelta(minutes=1)
    spans = found.select("start", "end").rows()
    return [((start - START) / minute, (end - START) / minute) for start, end in spans]
