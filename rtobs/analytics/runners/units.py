"""Cutting the work on an export into units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from rtobs.analytics.store import Export
from rtobs.errors import FrameError

__all__ = ["Unit", "units_of"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Some series of a metric and a range of time.

    Attributes:
        metric: its name.
        first: lowest series_id.
        last: highest series_id; every series of the metric between both belongs to the unit.
        start: first instant (aware, UTC).
        end: instant after the last one.
    """

    metric: str
    first: int
    last: int
    start: datetime
    end: datetime

    def samples(self, export: Export, before: timedelta) -> pl.LazyFrame:
        """SAMPLES of the unit's series, from `before` its start to its end."""
        found = export.samples(self.metric, self.start - before, self.end)
        return found.filter(pl.col("series_id").is_between(self.first, self.last))


def units_of(
    export: Export,
    metric: str,
    *,
    series: int = 64,
    days: int = 7,
    between: tuple[datetime, datetime] | None = None,
) -> tuple[Unit, ...]:
    """The units of a metric: by series, then by whole days of UTC.

    Args:
        export: an export.
        metric: the metric.
        series: how many series a unit holds at most.
        days: how many days a unit covers at most; more than the longest window, as a unit also
            reads the window before its start.
        between: first and last instant that are asked for (aware); default those of the export.

    Returns:
        Units in the order of series and time that together hold everything once; none for a metric
        without series.

    Raises:
        FrameError: a unit would be empty, or an instant has no time zone.
    """
    if series < 1 or days < 1:
        raise FrameError("a unit holds at least one series and one day")
    start, end = between or (export.about.start, export.about.end)
    if start.tzinfo is None or end.tzinfo is None:
        raise FrameError("instants need a time zone, such as datetime(..., tzinfo=UTC)")
    ids = export.select(metric)["series_id"].sort().to_list()
    ranges = list(_ranges(start, end, timedelta(days=days)))
    return tuple(
        Unit(metric, ids[begin], ids[min(begin + series, len(ids)) - 1], *times)
        for begin in range(0, len(ids), series)
        for times in ranges
    )


def _ranges(
    start: datetime, end: datetime, length: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Ranges that end at midnight, the last one a millisecond after the end."""
    beyond = end + timedelta(milliseconds=1)
    while start < beyond:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        stop = min(midnight + length, beyond)
        yield start, stop
        start = stop
