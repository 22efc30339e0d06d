"""A report says the numbers that everything else says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from rtobs.analytics.backtest.scores import score
from rtobs.analytics.backtest.spending import spent_in
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import ALERTS, INCIDENTS, TIME
from rtobs.analytics.report import Section, Verdict, period_named, summarise
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.calendar import Calendar, calendar_budget
from rtobs.conventions import Severity
from tests.analytics.report.histories import (
    END,
    Fault,
    history,
    minutes,
    named,
    platform,
    week,
)

LLAMA = 'model_name="<b>llama</b>"'


def _of(name: str) -> Section:
    return next(one for one in week().sections if one.slo.slo_id == name)


def test_most_trouble_comes_first() -> None:
    """Missed, then undecided, then met; within them the least budget."""
    assert [(one.slo.slo_id, one.worst.verdict) for one in week().sections] == [
        ("chat-api-availability", Verdict.MISSED),
        ("minio-restore", Verdict.UNDECIDED),
        ("vllm-http-availability", Verdict.MET),
        ("keycloak-login", Verdict.MET),
    ]
    assert [week().count(verdict) for verdict in Verdict] == [1, 1, 2, 0]


def test_the_budget_that_is_left_is_the_rolling_one_at_the_end() -> None:
    """The number that dashboards show at that instant, group by group."""
    for given in platform():
        section = _of(given.slo.slo_id)
        rolling = rolling_budget(given.tiles, given.slo, dialect=Dialect.V3)
        last = rolling.filter(pl.col("ts") == pl.lit(END).cast(TIME))
        assert {group.group: group.remaining for group in section.groups} == dict(
            last.select("group", "remaining").rows()
        )


def test_the_budget_that_was_spent_is_the_calendar_one() -> None:
    """A report on a week and the budget of that calendar week are the same number."""
    for given in platform():
        section = _of(given.slo.slo_id)
        calendar = calendar_budget(given.tiles, given.slo, Calendar("week"))
        last = calendar.filter(pl.col("ts") == pl.lit(END).cast(TIME))
        expected = dict(last.select("group", "consumed").rows())
        assert expected == pytest.approx({group.group: group.spent for group in section.groups})


def test_days_and_hours_add_up_to_the_period() -> None:
    """No event is lost at midnight, and none is counted twice, in any time zone."""
    for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata"):
        period = period_named("2025-03-03/2025-03-10", END, zone)
        for section in summarise(platform(), period).sections:
            worst = section.worst
            for frame in (section.days, section.hours):
                sums = frame.select(pl.col("total", "bad").sum()).row(0)
                assert sums == pytest.approx((worst.total, worst.bad))
            assert float(section.hours["spent"].sum()) == pytest.approx(worst.spent)


def test_every_day_of_the_period_has_a_row() -> None:
    """Also one without data, whose SLI is null and not perfect."""
    days = _of("minio-restore").days
    assert days.height == 7
    assert days.filter(pl.col("total") == 0)["sli"].to_list() == [None]


def test_an_hour_that_the_clock_skips_is_not_shown() -> None:
    """On 30 March 2025 Berlin has no hour between two and three."""
    long = history(named("a-b"), minutes(named("a-b")))
    period = period_named("2025-03-30/2025-03-31", END, "Europe/Berlin")
    hours = summarise([long], period).sections[0].hours
    assert hours["hour"].to_list() == [0, 1, *range(3, 24)]


def test_alerts_are_judged_as_the_backtest_judges_them() -> None:
    """Precision, recall and detection come from the same function over the same events."""
    period = week().period
    within = (pl.col("start") >= pl.lit(period.start).cast(TIME)) & (
        pl.col("start") < pl.lit(period.end).cast(TIME)
    )
    expected = score(
        pl.concat([given.alerts.filter(within) for given in platform()]).select(
            list(ALERTS.columns)
        ),
        pl.concat([given.incidents.filter(within) for given in platform()]).select(
            list(INCIDENTS.columns)
        ),
        [given.spending for given in platform()],
        span=(period.start, period.end),
        severity=Severity.CRITICAL,
    )
    assert week().quality == expected
    assert (expected.incidents, expected.detected, expected.pages) == (3, 2, 2)


def test_an_incident_says_when_it_was_paged_and_what_it_cost() -> None:
    """A fault that spends much is paged within minutes; one that spends little never is."""
    gateway, storage = _of("chat-api-availability").incidents
    own = next(one for one in platform() if one.slo.slo_id == "chat-api-availability")
    known = own.incidents.filter(pl.col("start") == gateway.start)
    assert known.height == 1
    assert [gateway.spent] == spent_in([one.spending for one in platform()], known)
    assert gateway.detected is not None
    assert timedelta(0) < gateway.detected - gateway.start < timedelta(minutes=10)
    assert gateway.spent > 0.9
    assert storage.detected is None
    assert storage.label == "slow storage"


def test_alerts_belong_to_the_period_in_which_they_began() -> None:
    """What still fires from before is in the chart, and is not counted again."""
    for section in week().sections:
        assert [one for one in section.alerts if one.start < week().period.start] == []
    before = summarise(platform(), week().period.previous)
    chat = next(one for one in before.sections if one.slo.slo_id == "chat-api-availability")
    assert [one.label for one in chat.incidents] == ["a bad rollout"]


def test_each_group_stands_for_itself() -> None:
    """The worst group decides; the others keep their own numbers."""
    section = _of("vllm-http-availability")
    assert [group.group for group in section.groups] == [LLAMA, 'model_name="qwen"']
    assert section.worst.bad < section.groups[1].bad
    assert (section.worst.spent or 0) > (section.groups[1].spent or 0)
    assert [one.group for one in section.incidents] == [LLAMA]


def test_a_trend_needs_a_period_before() -> None:
    """Where too little of it was seen, there is none."""
    assert (_of("chat-api-availability").worst.trend or 0) > 4
    first = period_named("2025-02-10/2025-02-17", END)
    sections = summarise(platform(), first).sections
    assert {section.worst.trend for section in sections} == {None}


def test_few_events_decide_nothing() -> None:
    """One bad of sixty is above an objective of 99 %, and it is also what chance does."""
    rare = _of("minio-restore").worst
    assert rare.verdict is Verdict.UNDECIDED
    assert rare.low is not None
    assert rare.high is not None
    assert rare.low < 0.99 < rare.high


def test_one_bad_day_misses_the_week_but_not_yet_the_long_run() -> None:
    """The verdict is about the period; what it says about the service is another question."""
    slo = named("demo-once", "0.99")
    fault = Fault(29.5, 90, 1.0)
    section = summarise([history(slo, minutes(slo, [fault]))], week().period).sections[0]
    assert section.worst.verdict is Verdict.MISSED or (section.worst.spent or 0) < 1
    assert section.worst.long_run is not None
    assert section.worst.long_run.verdict is Verdict.UNDECIDED


def test_nothing_recorded_is_no_data_and_not_perfect() -> None:
    """An SLO whose series ended before the period has no SLI and no spent budget."""
    slo = named("demo-gone")
    gone = minutes(slo).filter(pl.col("ts") < pl.lit(week().period.start).cast(TIME))
    report = summarise([history(slo, gone)], week().period)
    worst = report.sections[0].worst
    assert (worst.verdict, worst.sli, worst.spent, worst.coverage) == (
        Verdict.NO_DATA,
        None,
        None,
        0.0,
    )


def test_holes_are_told() -> None:
    """A reader learns which numbers rest on less than the whole period."""
    space = "\N{NO-BREAK SPACE}"
    assert week().notes == (f"minio-restore has data for 79{space}% of the period.",)


def test_notes_of_the_data_are_told_once() -> None:
    """What is to be known about an SLO's data stands in the report."""
    known = [replace(one, notes=("counted from raw counters",)) for one in platform()[:2]]
    report = summarise(known, week().period, notes=["replayed"])
    assert report.notes[:2] == ("replayed", "counted from raw counters")
    assert len(report.notes) == 3


def test_a_quiet_slo_keeps_no_burn_rates() -> None:
    """They are many rows, and nobody draws them."""
    assert [one.slo.slo_id for one in week().sections if one.is_quiet] == [
        "minio-restore",
        "keycloak-login",
    ]
    assert {one.history.burn.height > 0 for one in week().sections if one.is_quiet} == {False}


def test_without_slos_there_is_an_empty_report() -> None:
    """Nothing fails."""
    report = summarise([], week().period)
    assert report.sections == ()
    assert report.quality.incidents == 0
