"""Days and hours of a period, on the clock of its time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from rtobs.analytics.charts.calendar import HOURS
from rtobs.analytics.charts.daily import DAYS
from rtobs.analytics.frames import TILES, check
from rtobs.analytics.report.periods import Period
from rtobs.analytics.report.standings import within
from rtobs.analytics.statistics.proportions import clopper_pearson

__all__ = ["days_of", "hours_of"]

# A tile speaks for the five minutes that end at its time: midnight is the end of a day.
_JUST_BEFORE = timedelta(milliseconds=1)


def days_of(tiles: pl.DataFrame, period: Period, *, level: float) -> pl.DataFrame:
    """Events of each day of the period.

    Args:
        tiles: TILES of one group.
        period: which days.
        level: how often an interval holds the true SLI.

    Returns:
        DAYS: a row for every day of the period, also those without data.
    """
    seen = _on_the_clock(tiles, period).group_by("day").agg(pl.col("total", "bad").sum())
    days = pl.DataFrame({"day": list(period.days)}, schema={"day": pl.Date})
    rows = days.join(seen, on="day", how="left").fill_null(0).sort("day")
    made = [_day(*row, level=level) for row in rows.select("day", "total", "bad").rows()]
    return pl.DataFrame(made, schema=dict(DAYS.columns), orient="row")


def _day(day: object, total: float, bad: float, *, level: float) -> tuple[object, ...]:
    if total <= 0:
        return day, 0.0, 0.0, None, None, None
    share = clopper_pearson(min(max(bad, 0.0), total), total, level=level)
    return day, total, bad, 1 - share.estimate, 1 - share.high, 1 - share.low


def hours_of(tiles: pl.DataFrame, period: Period, budget: float) -> pl.DataFrame:
    """What each hour spent of the period's budget.

    Args:
        tiles: TILES of one group.
        period: which hours.
        budget: error budget, 0.001.

    Returns:
        HOURS: a row for every hour that the clock shows in the period. `spent` is the hour's bad
        events over those that the period may have: budget x its events, as if the part without
        data had been as busy as the rest.
    """
    seen = _on_the_clock(tiles, period)
    total = float(seen["total"].sum())
    coverage = min(seen["total"].count() * 300 / period.seconds, 1.0)
    allowed = budget * total / coverage if total else 0.0
    sums = seen.group_by("day", "hour").agg(pl.col("total", "bad").sum())
    return (
        _clock(period)
        .join(sums, on=["day", "hour"], how="left")
        .with_columns(pl.col("total", "bad").fill_null(0.0))
        .with_columns(spent=pl.col("bad") / allowed if allowed else pl.lit(0.0))
        .select(list(HOURS.columns))
        .sort("day", "hour")
    )


def _on_the_clock(tiles: pl.DataFrame, period: Period) -> pl.DataFrame:
    local = (pl.col("ts") - _JUST_BEFORE).dt.convert_time_zone(period.zone)
    return within(check(tiles, TILES), period).with_columns(
        local.dt.date().alias("day"), local.dt.hour().cast(pl.Int8).alias("hour")
    )


def _clock(period: Period) -> pl.DataFrame:
    """Every hour that the clock shows; the one that comes twice in autumn once."""
    zone, now = ZoneInfo(period.zone), period.start
    shown: dict[tuple[date, int], None] = {}
    while now < period.end:
        local = now.astimezone(zone)
        shown[local.date(), local.hour] = None
        now = min(_next_hour(now), period.end)
    return pl.DataFrame(list(shown), schema={"day": pl.Date, "hour": pl.Int8}, orient="row")


def _next_hour(now: datetime) -> datetime:
    # Steps of half an hour: some zones differ from UTC by half hours.
    return (now + timedelta(minutes=30)).astimezone(UTC)
