"""The charts of a section, each with the table of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from rtobs.analytics.charts import (
    Chart,
    budget_over_time,
    budget_spenders,
    burn_by_window,
    sli_by_day,
    spent_by_hour,
    worst_windows,
)
from rtobs.analytics.charts.percent import share_text, sli_text
from rtobs.analytics.charts.times import day_text, span_text
from rtobs.analytics.report.model import Section
from rtobs.analytics.report.periods import Period
from rtobs.analytics.slo.spenders import group_spenders
from rtobs.model.indicator import is_sliced

__all__ = ["Figure", "Table", "count_text", "figures"]

_MOST_HOURS = 10
_NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    Attributes:
        caption: what it holds.
        headings: of its columns.
        rows: texts.
        numeric: columns that hold numbers.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and the table of its numbers.

    Attributes:
        name: unique in its section.
        chart: the chart.
        table: its numbers.
        printed: whether paper shows the table, too: where its dates and numbers are the point.
    """

    name: str
    chart: Chart = field(repr=False, compare=False)
    table: Table
    printed: bool = False


def figures(section: Section, period: Period) -> Iterator[Figure]:
    """Charts of a section that has something to show; for a quiet one only its days and budget.

    Args:
        section: the SLO.
        period: the report's period.
    """
    makers: tuple[Callable[[Section, Period], Figure], ...] = (_budget, _days)
    if not section.is_quiet:
        makers = (*makers, _burn, _hours, _windows, _spenders)
    for make in makers:
        # A chart says so when there is nothing to draw; the tables around it say why.
        try:
            yield make(section, period)
        except _Nothing:
            continue


class _Nothing(Exception):  # noqa: N818  # not an error
    """There is nothing to draw."""


def _budget(section: Section, period: Period) -> Figure:
    frame = section.history.budget.drop_nulls("remaining")
    if frame.is_empty():
        raise _Nothing
    chart = budget_over_time(
        frame,
        alerts=section.history.alerts,
        incidents=section.history.incidents,
        zone=period.zone,
    )
    local = (pl.col("ts") - timedelta(milliseconds=1)).dt.convert_time_zone(period.zone)
    worst = frame.filter(pl.col("group") == _drawn_strong(frame))
    daily = (
        worst.with_columns(local.dt.date().alias("day"))
        .group_by("day")
        .agg(
            pl.col("remaining").sort_by("ts").last().alias("last"),
            pl.col("remaining").min().alias("lowest"),
        )
        .sort("day")
    )
    rows = tuple(
        (day_text(day), share_text(last), share_text(lowest))
        for day, last, lowest in daily.select("day", "last", "lowest").rows()
    )
    table = Table(
        "Budget left by day",
        ("day", "at its end", "lowest"),
        rows,
        frozenset({1, 2}),
    )
    return Figure("budget", chart, table)


def _drawn_strong(frame: pl.DataFrame) -> str:
    last = frame.group_by("group").agg(pl.col("remaining").sort_by("ts").last())
    return str(last.sort("remaining", "group")["group"][0])


def _days(section: Section, period: Period) -> Figure:
    if section.days["sli"].drop_nulls().is_empty():
        raise _Nothing
    chart = sli_by_day(section.days, section.objective, zone=period.zone)
    rows = tuple(
        (
            day_text(row["day"]),
            sli_text(row["sli"], section.objective),
            *_verdict_of(row["sli"], float(section.objective)),
            count_text(row["bad"]),
            count_text(row["total"]),
        )
        for row in section.days.rows(named=True)
    )
    headings = ("day", "SLI", "objective", f"bad {_counts(section)}", f"all {_counts(section)}")
    return Figure("days", chart, Table("SLI by day", headings, rows, frozenset({1, 3, 4})))


def _verdict_of(sli: float | None, objective: float) -> tuple[str]:
    if sli is None:
        return (_NO_DATA,)
    return ("missed" if sli < objective else "met",)


def _counts(section: Section) -> str:
    return "minutes" if is_sliced(section.slo.indicator) else "events"


def count_text(value: float) -> str:
    """A number of events; what an extrapolation leaves of fractions is shown only below ten."""
    if value and abs(value) < 10:  # noqa: PLR2004
        return f"{value:.2g}"
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _burn(section: Section, period: Period) -> Figure:
    tiers = section.slo.tiers
    burn = section.history.burn.drop_nulls("burn_rate")
    burn = burn.filter(pl.col("window_s").is_in([tier.long.seconds for tier in tiers]))
    if burn.is_empty():
        raise _Nothing
    chart = burn_by_window(burn, tiers, zone=period.zone)
    fired = section.alerts
    rows = []
    for tier in tiers:
        rates = burn.filter(pl.col("window_s") == tier.long.seconds)
        if rates.is_empty():
            continue
        highest = rates.sort(["burn_rate", "ts"], descending=[True, False]).row(0, named=True)
        rows.append(
            (
                f"{tier.name} ({tier.long})",
                f"{float(tier.factor):g}",
                f"{highest['burn_rate']:.3g}",
                _clock(highest["ts"], period),
                str(sum(alert.tier == tier.name for alert in fired)),
            )
        )
    headings = ("tier", "above", "highest", "when", "fired")
    table = Table("Highest burn rates", headings, tuple(rows), frozenset({1, 2, 4}))
    return Figure("burn", chart, table)


def _clock(instant: datetime, period: Period) -> str:
    local = instant.astimezone(ZoneInfo(period.zone))
    return f"{day_text(local)}, {local:%H:%M}"


def _hours(section: Section, period: Period) -> Figure:
    if section.hours.filter(pl.col("spent") > 0).is_empty():
        raise _Nothing
    chart = spent_by_hour(section.hours, zone=period.zone)
    worst = section.hours.filter(pl.col("spent") > 0).sort(
        ["spent", "day", "hour"], descending=[True, False, False]
    )
    rows = tuple(
        (
            day_text(row["day"]),
            f"{row['hour']:02d}:00",
            share_text(row["spent"]),
            count_text(row["bad"]),
        )
        for row in worst.head(_MOST_HOURS).rows(named=True)
    )
    counted = min(worst.height, _MOST_HOURS)
    table = Table(
        f"The {counted} hours that spent most",
        ("day", "from", "budget spent", f"bad {_counts(section)}"),
        rows,
        frozenset({2, 3}),
    )
    return Figure("hours", chart, table)


def _windows(section: Section, period: Period) -> Figure:
    if section.windows.is_empty():
        raise _Nothing
    rows = tuple(
        (
            span_text(row["window_s"]),
            sli_text(row["sli"], section.objective),
            count_text(row["bad"]),
            _clock(row["ts"], period),
        )
        for row in section.windows.rows(named=True)
    )
    headings = ("length", "SLI", f"bad {_counts(section)}", "it ended")
    table = Table("The worst window of every length", headings, rows, frozenset({1, 2}))
    chart = worst_windows(section.windows, section.objective)
    return Figure("windows", chart, table, printed=True)


def _spenders(section: Section, period: Period) -> Figure:
    if not section.slo.group_by or len(section.groups) < 2:  # noqa: PLR2004
        raise _Nothing
    spent = group_spenders(section.history.tiles, section.slo, start=period.start, end=period.end)
    if spent.filter(pl.col("bad_share") > 0).is_empty():
        raise _Nothing
    rows = tuple(
        (
            row["value"] or "-",
            share_text(row["bad_share"]),
            share_text(row["expected_share"]),
        )
        for row in spent.rows(named=True)
    )
    table = Table(
        "Shares of the groups",
        ("group", "of the bad events", "of all events"),
        rows,
        frozenset({1, 2}),
    )
    return Figure("spenders", budget_spenders(spent), table)
