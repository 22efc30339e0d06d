"""Budgets of calendar weeks, months and quarters, as contracts and reviews have them.

Periods begin at local midnight, so a month with a change to summer time is an hour shorter. The
share that is spent is measured against the whole period: what lies ahead, and what was not seen, is
taken to be good and as busy as what was seen. At the end of a period that was seen completely this
is the formula of the rolling budget, and at any time that of the alert on a spent budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.frames import BUDGET, TILES, TIME, check
from rtobs.analytics.slo.burn import budget_number
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["Calendar", "calendar_budget"]

Period = Literal["week", "month", "quarter"]

_TILE: Final = Duration.parse(names.LONG_INTERVAL)
_MONTHS: Final[dict[Period, int]] = {"month": 1, "quarter": 3}
_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Calendar:
    """When budgets begin anew.

    Attributes:
        period: weeks begin on Monday, quarters in January, April, July and October.
        time_zone: name of the zone whose midnight counts, such as "Europe/Berlin".

    Raises:
        ValueError: the zone is not known here, or the period is none of the three.
    """

    period: Period = "month"
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.period not in ("week", *_MONTHS):
            raise ValueError(f'"{self.period}" is no period; take week, month or quarter')
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                f'"{self.time_zone}" is no time zone known here; names look like Europe/Berlin'
                " (the package tzdata brings them where the system has none)"
            ) from None

    def starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """Starts of the periods from the one that holds `first` on, and one after `last`; UTC."""
        day = self._begin(first.astimezone(ZoneInfo(self.time_zone)).date())
        while True:
            start = self._midnight(day)
            yield start
            if start > last:
                return
            day = self._next(day)

    def _begin(self, day: date) -> date:
        if self.period == "week":
            return day - timedelta(days=day.weekday())
        months = _MONTHS[self.period]
        return date(day.year, (day.month - 1) // months * months + 1, 1)

    def _next(self, day: date) -> date:
        if self.period == "week":
            return day + timedelta(days=7)
        month = day.month - 1 + _MONTHS[self.period]
        return date(day.year + month // _YEAR, month % _YEAR + 1, 1)

    def _midnight(self, day: date) -> datetime:
        # Where clocks skip midnight, this is the instant at which they do.
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.time_zone))
        return local.astimezone(UTC)


def calendar_budget(tiles: pl.DataFrame, slo: ResolvedSlo, calendar: Calendar) -> pl.DataFrame:
    """The budget of each calendar period, as it stood at every tile.

    Args:
        tiles: TILES; a tile belongs to the period in which it ends, one that ends at midnight to
            the period that ends there.
        slo: whose; rows of other SLOs are left out, and its window does not matter.
        calendar: when budgets begin anew.

    Returns:
        BUDGET and `window_start`, `window_end` of the period. Events are those since the start of
        the period; `consumed` is their share of the budget of the whole period, null before the
        first event; `coverage` is the share of the whole period that was seen so far.

    Raises:
        FrameError: the frame is no TILES.
    """
    own = check(tiles, TILES).filter(pl.col("slo_id") == slo.slo_id).sort(TILES.key)
    keys = ["slo_id", "group", "window_start"]
    seen = pl.col("total").is_not_null().cum_sum().over(keys) * _TILE.seconds
    length = (pl.col("window_end") - pl.col("window_start")).dt.total_seconds()
    ratio = pl.col("bad") / pl.when(pl.col("total") > 0).then(pl.col("total"))
    return (
        _in_periods(own, calendar)
        .with_columns(
            pl.col("total", "bad").fill_null(0).cum_sum().over(keys),
            coverage=(seen / length).clip(upper_bound=1),
        )
        .with_columns(consumed=ratio / budget_number(slo) * pl.col("coverage"))
        .with_columns(remaining=1 - pl.col("consumed"))
        .select(*BUDGET.columns, "window_start", "window_end")
        .sort(BUDGET.key)
    )


def _in_periods(tiles: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    if tiles.is_empty():
        times = {"window_start": pl.lit(None, TIME), "window_end": pl.lit(None, TIME)}
        return tiles.with_columns(**times)
    first, last = tiles.select(first=pl.col("ts").min(), last=pl.col("ts").max()).row(0)
    starts = pl.Series(list(calendar.starts(first - timedelta(milliseconds=1), last)), dtype=TIME)
    nth = starts.search_sorted(tiles["ts"], side="left")
    return tiles.with_columns(window_start=starts.gather(nth - 1), window_end=starts.gather(nth))
