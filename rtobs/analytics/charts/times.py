"""Axes of time that say where their days begin.

A position is an instant, so a day of 23 or 25 hours has its true length. Labels stand at the
midnights of the reader's time zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import altair as alt

__all__ = ["day_text", "instant_text", "milliseconds", "span_text", "time_axis"]

_HOURLY_UP_TO: Final = timedelta(days=2)
_DAILY_UP_TO: Final = timedelta(days=10)
_WEEKLY_UP_TO: Final = timedelta(days=100)
_QUARTER_DAY: Final = timedelta(hours=6)
_SPANS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def time_axis(
    start: datetime, end: datetime, zone: str, *, named: bool = True, labels: bool = True
) -> alt.X:
    """The x encoding of a column `ts` from `start` to `end`.

    Args:
        start: aware instant at the left edge.
        end: aware instant at the right edge.
        zone: IANA name of the time zone of the labels.
        named: whether the axis has its title.
        labels: whether the ticks have labels.
    """
    ticks = dict(_ticks(start, end, ZoneInfo(zone)))
    axis = alt.Axis(
        values=list(ticks),
        labelExpr=f"{json.dumps(ticks)}[time(datum.value)]" if labels else "''",
        labelOverlap=False,
        labelFlush=False,
        grid=True,
        domain=labels,
        ticks=labels,
    )
    scale = alt.Scale(type="utc", domain=[milliseconds(start), milliseconds(end)], nice=False)
    title = f"time ({zone})" if named else None
    return alt.X("ts:T", axis=axis, scale=scale, title=title)


def milliseconds(instant: datetime) -> int:
    """Since 1970, as charts count."""
    return round(instant.timestamp() * 1000)


def _ticks(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
    span = end - start
    if span <= _HOURLY_UP_TO:
        yield from _quarters(start, end, zone)
        return
    for day in _midnights(start, end, zone):
        if span <= _DAILY_UP_TO:
            yield milliseconds(day), day_text(day)
        elif span <= _WEEKLY_UP_TO:
            if day.weekday() == 0:
                yield milliseconds(day), day_text(day)
        elif day.day == 1:
            yield milliseconds(day), f"{day:%b %Y}"


def _midnights(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    day = start.astimezone(zone).date()
    while (midnight := datetime(day.year, day.month, day.day, tzinfo=zone)) <= end:
        if midnight >= start:
            yield midnight
        day += timedelta(days=1)


def _quarters(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
    local = start.astimezone(zone)
    clock = datetime(local.year, local.month, local.day, tzinfo=zone)
    while clock <= end:
        if clock >= start:
            yield milliseconds(clock), f"{clock:%H:%M}" if clock.hour else day_text(clock)
        clock += _QUARTER_DAY  # on the wall clock: aware arithmetic within one zone


def day_text(day: date) -> str:
    """A day without its year: "Mon 3 Feb"."""
    return f"{day:%a} {day.day} {day:%b}"


def instant_text(instant: datetime, zone: str = "UTC") -> str:
    """An instant on the clock of a zone: "Mon 3 Feb 2025, 14:05"."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day_text(local)} {local.year}, {local:%H:%M}"


def span_text(seconds: float) -> str:
    """A length of time in its two largest units: "3 h 36 min"; rounded to the second."""
    rest = round(seconds)
    if rest == 0:
        return "0 s" if seconds == 0 else "under 1 s"
    parts = []
    for unit, size in _SPANS:
        count, rest = divmod(rest, size)
        parts.append((count, unit))
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
