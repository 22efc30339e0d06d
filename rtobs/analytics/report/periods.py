"""What a report is about: a week, a month or a stretch of days, by the clock of a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["Period", "last_period", "period_named"]

_WEEK: Final = re.compile(r"(\d{4})-W(\d{2})")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_A_WEEK: Final = timedelta(days=7)
_DECEMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Period:
    """Days from a first one to a last one, both included.

    Attributes:
        first: first day.
        last: last day.
        zone: IANA name of the time zone in which the days begin and end.
        name: for people, "March 2025".
    """

    first: date
    last: date
    zone: str
    name: str

    @property
    def start(self) -> datetime:
        """Midnight at which the first day begins, UTC."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """Midnight at which the last day ends, UTC."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def seconds(self) -> float:
        """Its length; a day on which the clock is changed has 23 or 25 hours."""
        return (self.end - self.start).total_seconds()

    @property
    def days(self) -> tuple[date, ...]:
        """Every day."""
        count = (self.last - self.first).days + 1
        return tuple(self.first + timedelta(days=number) for number in range(count))

    @property
    def previous(self) -> Period:
        """The period before: the month before a month, else as many days before."""
        before = self.first - timedelta(days=1)
        if self == _month(self.first, self.zone):
            return _month(before, self.zone)
        count = len(self.days)
        return _stretch(before - timedelta(days=count - 1), before, self.zone)


def last_period(kind: str, until: datetime, zone: str = "UTC") -> Period:
    """The last week (Monday to Sunday) or month that was over at an instant.

    Args:
        kind: "week" or "month".
        until: aware instant, such as the end of an export.
        zone: IANA name of a time zone.

    Raises:
        ValueError: the kind or the zone is unknown.
    """
    _check_zone(zone)
    day = until.astimezone(ZoneInfo(zone)).date()  # midnight belongs to the day that begins
    if kind == "week":
        return _week(day - timedelta(days=day.weekday()) - _A_WEEK, zone)
    if kind == "month":
        return _month(day.replace(day=1) - timedelta(days=1), zone)
    raise ValueError(f'"{kind}" is neither week nor month')


def period_named(text: str, until: datetime, zone: str = "UTC") -> Period:
    """The period that a text names.

    Args:
        text: "week" or "month" (the last one that was over), "2025-W10", "2025-03", or
            "2025-03-03/2025-03-17" (up to the midnight at which the second day begins).
        until: aware instant up to which there are data.
        zone: IANA name of a time zone.

    Raises:
        ValueError: the text names no period, or the zone is unknown.
    """
    _check_zone(zone)
    if text in ("week", "month"):
        return last_period(text, until, zone)
    try:
        return _spelled(text, zone)
    except ValueError as error:
        raise ValueError(
            f'"{text}" is no period: write week, month, 2025-W10, 2025-03 or 2025-03-03/2025-03-17'
            f" ({error})"
        ) from error


def _spelled(text: str, zone: str) -> Period:
    if found := _WEEK.fullmatch(text):
        return _week(date.fromisocalendar(int(found[1]), int(found[2]), 1), zone)
    if found := _MONTH.fullmatch(text):
        return _month(date(int(found[1]), int(found[2]), 1), zone)
    first, slash, behind = text.partition("/")
    if not slash:
        raise ValueError("it is none of these forms")
    start, end = date.fromisoformat(first), date.fromisoformat(behind)
    if end <= start:
        raise ValueError("it ends before it starts")
    return _stretch(start, end - timedelta(days=1), zone)


def _week(monday: date, zone: str) -> Period:
    return _stretch(monday, monday + _A_WEEK - timedelta(days=1), zone)


def _month(day: date, zone: str) -> Period:
    first = day.replace(day=1)
    following = date(first.year + first.month // _DECEMBER, first.month % _DECEMBER + 1, 1)
    return Period(first, following - timedelta(days=1), zone, f"{first:%B %Y}")


def _stretch(first: date, last: date, zone: str) -> Period:
    days = _days_text(first, last)
    is_week = first.weekday() == 0 and last - first == _A_WEEK - timedelta(days=1)
    name = f"week {first.isocalendar().week}, {days}" if is_week else days
    return Period(first, last, zone, name)


def _days_text(first: date, last: date) -> str:
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%B}{year} to {end}"


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "Europe" is a folder
        raise ValueError(
            f'"{zone}" is no time zone known here; names look like Europe/Berlin'
        ) from None
