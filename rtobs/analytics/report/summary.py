"""From histories to a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from rtobs.analytics.backtest.matching import fired, matches
from rtobs.analytics.backtest.scores import Score, score
from rtobs.analytics.backtest.spending import Spending
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.frames import ALERTS, BUDGET, BURN, INCIDENTS, TIME, check, empty
from rtobs.analytics.report.ahead import ahead_of
from rtobs.analytics.report.daily import days_of, hours_of
from rtobs.analytics.report.model import (
    Fired,
    Happened,
    History,
    Report,
    Section,
    Standing,
    Verdict,
)
from rtobs.analytics.report.periods import Period
from rtobs.analytics.report.standings import standings, within
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.schedule import milliseconds, moment
from rtobs.analytics.statistics.worst import WORST, worst_windows
from rtobs.conventions import Severity
from rtobs.model.duration import Duration

__all__ = ["LEVEL", "summarise"]

LEVEL: Final = 0.95
_BY_TROUBLE: Final = tuple(Verdict)
_COMPLETE: Final = 0.995
_GRACE: Final = Duration.parse("1h")  # as `score` has it


def summarise(
    histories: Iterable[History],
    period: Period,
    *,
    site: str = "",
    source: str = "",
    notes: Iterable[str] = (),
) -> Report:
    """A report on a period.

    Args:
        histories: one for each SLO; they may hold more than the period and should hold a window
            before it, because the rolling budget needs one.
        period: which period.
        site: name of the environment.
        source: where the data are from.
        notes: what a reader must know about the data, in sentences.

    Returns:
        The SLOs with most trouble first: missed objectives, then the least budget left.

    Raises:
        FrameError: a frame has wrong columns.
    """
    judged, sections = [], []
    for history in histories:  # one at a time: a month of a hundred SLOs would not fit in memory
        judged.append(_judged(history, period))
        sections.append(_section(history, judged[-1], period))
    sections.sort(key=_trouble)
    return Report(
        period=period,
        site=site,
        source=source,
        sections=tuple(sections),
        quality=_score(judged, period),
        level=LEVEL,
        notes=tuple(dict.fromkeys((*notes, *_gaps(sections)))),
    )


def _trouble(section: Section) -> tuple[int, float, int, str]:
    worst = section.worst
    remaining = 2.0 if worst.remaining is None else worst.remaining
    return (_BY_TROUBLE.index(worst.verdict), remaining, -section.pages, section.slo.slo_id)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Alerts and incidents of one SLO that began in the period: each belongs to one period."""

    alerts: pl.DataFrame
    incidents: pl.DataFrame
    spending: Spending


def _judged(history: History, period: Period) -> _Judged:
    return _Judged(
        _begun(check(history.alerts, ALERTS), period),
        _begun(check(history.incidents, INCIDENTS), period),
        history.spending,
    )


def _begun(intervals: pl.DataFrame, period: Period) -> pl.DataFrame:
    start, end = (pl.lit(instant).cast(TIME) for instant in (period.start, period.end))
    begun = intervals.filter((pl.col("start") >= start) & (pl.col("start") < end))
    return begun.sort("start", "group")


def _score(judged: Sequence[_Judged], period: Period) -> Score:
    return score(
        pl.concat([empty(ALERTS), *(one.alerts for one in judged)]),
        pl.concat([empty(INCIDENTS), *(one.incidents for one in judged)]),
        [one.spending for one in judged],
        span=(period.start, period.end),
        severity=Severity.CRITICAL,
    )


def _section(history: History, judged: _Judged, period: Period) -> Section:
    groups = standings(history, period, level=LEVEL)
    worst = history.tiles.filter(pl.col("group") == groups[0].group)
    section = Section(
        slo=history.slo,
        groups=groups,
        alerts=_fired(judged.alerts),
        incidents=_happened(judged, period),
        quality=_score([judged], period),
        days=days_of(worst, period, level=LEVEL),
        hours=hours_of(worst, period, budget_number(history.slo)),
        windows=empty(WORST),
        ahead=None,
        history=_cut(history, period),
    )
    if not section.is_quiet:
        return replace(
            section,
            windows=worst_windows(within(worst, period)),
            ahead=ahead_of(worst, history.slo, period),
        )
    # Burn rates are many rows, and nobody draws those of a quiet SLO.
    return replace(section, history=replace(section.history, burn=empty(BURN)))


def _cut(history: History, period: Period) -> History:
    """What charts of the period draw."""
    return replace(
        history,
        tiles=within(history.tiles, period),
        budget=within(check(history.budget, BUDGET), period),
        burn=within(check(history.burn, BURN), period),
        alerts=_overlapping(check(history.alerts, ALERTS), period),
        incidents=_overlapping(check(history.incidents, INCIDENTS), period),
    )


def _overlapping(intervals: pl.DataFrame, period: Period) -> pl.DataFrame:
    start, end = (pl.lit(instant).cast(TIME) for instant in (period.start, period.end))
    still_there = pl.col("end").is_null() | (pl.col("end") > start)
    return intervals.filter(still_there & (pl.col("start") < end))


def _fired(alerts: pl.DataFrame) -> tuple[Fired, ...]:
    rows = alerts.sort("start", "group", "tier").drop("slo_id").to_dicts()
    return tuple(Fired(**row) for row in rows)


def _happened(judged: _Judged, period: Period) -> tuple[Happened, ...]:
    pages = fired(judged.alerts, milliseconds(period.end), Severity.CRITICAL)
    whose = {judged.spending.slo_id}
    found = matches(pages, judged.incidents, whose, 1000 * _GRACE.seconds)
    return tuple(
        Happened(
            group=row["group"],
            start=row["start"],
            end=row["end"],
            label=row["label"],
            spent=judged.spending.of(row["group"], *match.when),
            detected=moment(match.alerts[0].when[0]) if match.alerts else None,
        )
        for row, match in zip(judged.incidents.iter_rows(named=True), found, strict=True)
    )


def _gaps(sections: list[Section]) -> Iterable[str]:
    for section in sections:
        yield from section.history.notes
    partly = [s for s in sections if 0 < _seen(s.groups) < _COMPLETE]
    for section in sorted(partly, key=lambda one: one.slo.slo_id):
        share = share_text(_seen(section.groups))
        yield f"{section.slo.slo_id} has data for {share} of the period."


def _seen(groups: tuple[Standing, ...]) -> float:
    return max(group.coverage for group in groups)
