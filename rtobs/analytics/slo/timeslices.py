"""Time slices: a minute is good or bad by one number, whatever its traffic.

Works on anything that has a value at each step of time: an exported expression, a windowed
function of a gauge, a quantile. What a slice without data means is always said, never assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, TIME, Schema, check, utc
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from rtobs.model.indicator import Comparison, TimesliceIndicator
from rtobs.model.slo import MissingData, ResolvedSlo

__all__ = ["SLICES", "SliceRule", "slice_minutes", "slice_sli", "timeslices"]

SLICES: Final = Schema(
    "time slices",  # and, before them, the columns that tell series apart
    {
        "ts": TIME,  # end of the slice
        "value": pl.Float64,  # null: there was no data
        "bad": pl.Float64,  # 0 or 1
    },
    ("ts",),
)
_MINUTE: Final = Duration.parse(names.FAST_INTERVAL)
_HOUR: Final = Duration.parse("1h")
# As in the rules: half a minute less, so that both edges of a range hold the same slices.
_SLICES_5M: Final = "270s"
_SLICES_1H: Final = "3570s"
_SLICE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class SliceRule:
    """When a slice is good.

    Attributes:
        comparison: operator between the value and the bound in a good slice.
        bound: what the value is compared with, in the unit of the value.
        missing: what a slice without data is: left out, good or bad.
        every: length of a slice.
        fill_for: how long after its last data a series is filled; the rules fill an hour.
        dialect: whether the slice at exactly that distance is still filled; up to 2.55 it is.
    """

    comparison: Comparison
    bound: Decimal
    missing: MissingData
    every: Duration = _MINUTE
    fill_for: Duration = _HOUR
    dialect: Dialect = Dialect.V3

    @classmethod
    def of(cls, slo: ResolvedSlo, dialect: Dialect = Dialect.V3) -> SliceRule:
        """The rule of a time-slice SLO, as a server reads ranges.

        Raises:
            TypeError: the SLO counts something else.
        """
        if not isinstance(slo.indicator, TimesliceIndicator):
            raise TypeError(f"{slo.slo_id} has no time slices")
        indicator = slo.indicator
        return cls(indicator.comparison, indicator.bound, slo.missing_data, dialect=dialect)

    def bad(self) -> pl.Expr:
        """1.0 where a value misses the condition, 0.0 where it meets it."""
        value, bound = pl.col("value"), float(self.bound)
        good = {
            "<=": value <= bound,
            "<": value < bound,
            ">=": value >= bound,
            ">": value > bound,
        }[self.comparison]
        return 1.0 - good.cast(pl.Float64)


def timeslices(
    values: pl.DataFrame,
    rule: SliceRule,
    *,
    by: Sequence[str] = ("series_id", "window_s"),
    end: datetime | None = None,
) -> pl.DataFrame:
    """Good and bad slices.

    Args:
        values: columns of `by`, `ts` (a moment every `rule.every`) and `value`; WINDOWED is one. A
            moment that is absent, and NaN, is a slice without data.
        rule: when a slice is good.
        by: columns that tell series apart.
        end: last slice, aware; by default the last moment of any series.

    Returns:
        The columns of `by` and SLICES, sorted by both. A series begins with its first data.

    Raises:
        FrameError: a column is absent, moments are not multiples of `rule.every` apart, or `end`
            has no time zone.
    """
    keys, end = list(by), None if end is None else utc(end)
    wanted = Schema("values", {n: k for n, k in SLICES.columns.items() if n != "bad"}, ())
    if absent := [name for name in keys if name not in values.columns]:
        raise FrameError(f"these values lack {', '.join(absent)}, which tells series apart")
    check(values, wanted)
    seen = values.select(*keys, "ts", "value").filter(
        pl.col("value").is_not_null() & pl.col("value").is_not_nan()
    )
    if rule.missing is not MissingData.IGNORE:
        seen = _filled(seen, keys, rule, end)
    elif end is not None:
        seen = seen.filter(pl.col("ts") <= end)
    fill = 1.0 if rule.missing is MissingData.BAD else 0.0
    return seen.with_columns(bad=rule.bad().fill_null(fill)).sort(*keys, "ts")


def _filled(
    seen: pl.DataFrame, keys: list[str], rule: SliceRule, end: datetime | None
) -> pl.DataFrame:
    """Every slice from the first data of a series on; null where there is none."""
    if seen.is_empty():
        return seen
    every = f"{rule.every.seconds}s"
    last = pl.lit(end or seen["ts"].max(), TIME)
    grid = (
        seen.group_by(keys)
        .agg(pl.col("ts").min().alias("first"))
        .filter(pl.col("first") <= last)
        .with_columns(ts=pl.datetime_ranges("first", last, every))
        .drop("first")
        .explode("ts")
    )
    outside = seen.filter(pl.col("ts") <= last).join(grid, on=[*keys, "ts"], how="anti")
    if outside.height:
        raise FrameError(f"{outside.height} values do not stand at multiples of {rule.every}")
    longest = pl.duration(seconds=rule.fill_for.seconds)
    dated = (
        grid.join(seen, on=[*keys, "ts"], how="left")
        .sort(*keys, "ts")
        .with_columns(data=pl.when(pl.col("value").is_not_null()).then("ts"))
        .with_columns(pl.col("data").forward_fill().over(keys))
    )
    age = pl.col("ts") - pl.col("data")
    fresh = age <= longest if rule.dialect.closed == "both" else age < longest
    return dated.filter(fresh).drop("data")


def slice_sli(slices: pl.DataFrame, *, by: Sequence[str]) -> pl.DataFrame:
    """The share of good slices of each series.

    Args:
        slices: what `timeslices` gave.
        by: the same columns as there.

    Returns:
        The columns of `by`, `slices` and `bad` (numbers of slices) and `sli` (good / all), sorted.

    Raises:
        FrameError: a column is absent or has another type.
    """
    check(slices, SLICES)
    return (
        slices.group_by(list(by))
        .agg(pl.len().cast(pl.UInt32).alias("slices"), pl.col("bad").sum())
        .with_columns(sli=1 - pl.col("bad") / pl.col("slices"))
        .sort(list(by))
    )


def slice_minutes(
    slices: pl.DataFrame, slo: ResolvedSlo, *, end: datetime | None = None
) -> pl.DataFrame:
    """What the rules of a time-slice SLO would have recorded from its slices.

    Args:
        slices: SLICES of minutes and a column `group`, from `timeslices(..., by=["group"])`.
        slo: whose.
        end: last minute, aware; by default that of the last slice. Sums over past slices go on
            for a while after it.

    Returns:
        MINUTES; sampled minutes a second, as `rtobs.rules.indicators` records them.

    Raises:
        FrameError: a column is absent or has another type.
    """
    wanted = Schema("time slices of groups", {"group": pl.String, **SLICES.columns}, ())
    own = check(slices, wanted)
    if own.is_empty():
        return pl.DataFrame(schema=dict(MINUTES.columns))
    last = pl.lit(own["ts"].max() if end is None else utc(end), TIME)
    grid = (
        own.group_by("group")
        .agg(pl.col("ts").min().alias("first"))
        .filter(pl.col("first") <= last)
        .with_columns(ts=pl.datetime_ranges("first", last, f"{_MINUTE.seconds}s"))
        .drop("first")
        .explode("ts")
        .join(own, on=["group", "ts"], how="left")
        .sort("group", "ts")
    )
    short, hour = (
        grid.rolling("ts", period=period, closed="right", group_by="group").agg(
            pl.col("bad").count().alias("slices"), pl.col("bad").sum()
        )
        for period in (_SLICES_5M, _SLICES_1H)
    )
    there = pl.col("slices") > 0
    ratio = hour.filter(there).select("group", "ts", error_1h=pl.col("bad") / pl.col("slices"))
    rates = short.filter(there).select(
        "group",
        "ts",
        total=pl.col("slices") / _SLICE_SECONDS,
        bad=pl.col("bad") / _SLICE_SECONDS,
    )
    return (
        ratio.join(rates, on=["group", "ts"], how="left")
        .join(own.select("group", "ts", slice_bad="bad"), on=["group", "ts"], how="left")
        .with_columns(slo_id=pl.lit(slo.slo_id))
        .pipe(check, MINUTES)
        .sort(MINUTES.key)
    )
