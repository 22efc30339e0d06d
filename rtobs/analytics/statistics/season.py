"""What is usual for this hour of the week, and what is not.

Median and MAD do not move when a few weeks hold incidents. Score and thresholds: Iglewicz and
Hoaglin (1993), How to Detect and Handle Outliers, ASQC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from rtobs.errors import FrameError

__all__ = ["HOURS_OF_WEEK", "hour_of_week", "season_profile", "unusual"]

HOURS_OF_WEEK: Final = 168
_MAD_TO_DEVIATION: Final = 1.482602218505602  # 1 / Phi^-1(3/4)
_MEAN_TO_DEVIATION: Final = 1.2533141373155003  # sqrt(pi / 2)
_THRESHOLD: Final = 3.5
_PROFILE: Final = ("median", "mad", "mean_deviation", "count")


def hour_of_week(zone: str = "UTC", column: str = "ts") -> pl.Expr:
    """The hour of the week of a time, UInt8: 0 is Monday from midnight, 167 the end of Sunday.

    Args:
        zone: by the clock of which time zone.
        column: the column with the time, as `ts` of TILES.

    Returns:
        An expression for a column `hour_of_week`.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such time zone.
    """
    local = pl.col(column).dt.convert_time_zone(ZoneInfo(zone).key)
    hour = (local.dt.weekday().cast(pl.Int16) - 1) * 24 + local.dt.hour()
    return hour.cast(pl.UInt8).alias("hour_of_week")


def season_profile(
    values: pl.DataFrame,
    *,
    zone: str = "UTC",
    by: Sequence[str] = (),
    value: str = "value",
) -> pl.DataFrame:
    """Median and MAD of a value for each hour of the week.

    Args:
        values: columns `ts` (aware), `value` (a number in any unit) and those of `by`. The time of
            a window is its end; shift it if the hour of its beginning is meant.
        zone: time zone whose clock people follow.
        by: columns that tell series apart, such as slo_id and group.
        value: name of the column with the value; nulls and NaN are left out.

    Returns:
        Columns of `by`, hour_of_week (UInt8), median, mad (median absolute deviation) and
        mean_deviation in the unit of the value, count (UInt32); sorted by `by` and hour. Hours
        without data have no row.

    Raises:
        FrameError: a column is absent.
    """
    key = [*by, "hour_of_week"]
    rows = _numbers(values, [*by, "ts", value], value).with_columns(hour_of_week(zone))
    away = (pl.col(value) - pl.col(value).median()).abs()
    found = rows.group_by(key).agg(
        pl.col(value).median().alias("median"),
        away.median().alias("mad"),
        away.mean().alias("mean_deviation"),
        pl.len().cast(pl.UInt32).alias("count"),
    )
    return found.sort(key)


def unusual(
    values: pl.DataFrame,
    profile: pl.DataFrame,
    *,
    zone: str = "UTC",
    value: str = "value",
    threshold: float = _THRESHOLD,
) -> pl.DataFrame:
    """Values far away from what is usual at their hour of the week.

    The score is the distance from the median in standard deviations, estimated from the MAD; where
    the MAD is 0 (most values are the same), from the mean deviation.

    Args:
        values: as for `season_profile`.
        profile: what `season_profile` gave, best from a time before the values.
        zone: as for the profile.
        value: as for the profile.
        threshold: of the score; 3.5 as Iglewicz and Hoaglin advise.

    Returns:
        The values beyond the threshold with `median` (usual value) and `score` (above 0: higher
        than usual; infinite where every value was the same), sorted by the profile's series and ts.

    Raises:
        FrameError: a column is absent.
    """
    by = [name for name in profile.columns if name not in {"hour_of_week", *_PROFILE}]
    key = [*by, "hour_of_week"]
    rows = _numbers(values, [*by, "ts", value], value).with_columns(hour_of_week(zone))
    joined = rows.join(profile.select(*key, *_PROFILE), on=key, nulls_equal=True)
    spread = (
        pl.when(pl.col("mad") > 0)
        .then(pl.col("mad") * _MAD_TO_DEVIATION)
        .otherwise(pl.col("mean_deviation") * _MEAN_TO_DEVIATION)
    )
    away = pl.col(value) - pl.col("median")
    score = pl.when(away == 0).then(0.0).otherwise(away / spread)
    found = joined.with_columns(score.alias("score")).filter(pl.col("score").abs() > threshold)
    return found.select(*by, "ts", value, "median", "score").sort(*by, "ts")


def _numbers(values: pl.DataFrame, columns: Sequence[str], value: str) -> pl.DataFrame:
    absent = [name for name in columns if name not in values.columns]
    if absent:
        raise FrameError(f"these values lack the columns {', '.join(absent)}")
    return values.filter(pl.col(value).is_not_null() & pl.col(value).cast(pl.Float64).is_not_nan())
