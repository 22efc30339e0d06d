"""Counters, histograms and gauges of an export, interval by interval and without extrapolation.

What a counter grew by counts in the interval of the scrape that shows it, so intervals that touch
add up to what really happened between the first scrape and the last. PromQL's `increase` guesses
what lies beyond the scrapes, which is right for a rate and wrong for a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import polars as pl

from rtobs.analytics.frames import TIME, Schema, check, utc
from rtobs.analytics.groups import group, is_named, label
from rtobs.analytics.store import Export
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector

__all__ = [
    "AMOUNTS",
    "BUCKETS",
    "Intervals",
    "bucket_increases",
    "counter_increases",
    "gauge_at_start",
    "gauge_levels",
]

AMOUNTS: Final = Schema(
    "amounts",
    {
        "group": pl.String,
        "ts": TIME,  # end of the interval
        "value": pl.Float64,  # growth of counters, or level of gauges
    },
    ("group", "ts"),
)
BUCKETS: Final = Schema(
    "buckets",
    {
        "group": pl.String,
        "ts": TIME,  # end of the interval
        "le": pl.Float64,  # upper bound, in the unit of the histogram; infinite for the last
        "events": pl.Float64,  # of the interval that were not above the bound
    },
    ("group", "ts", "le"),
)
_LOOKBACK: Final = timedelta(minutes=5)  # as far as Prometheus looks for a sample before a moment

Across = Literal["sum", "mean", "max"]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Stretches of time that touch, each open on the left: (start, start + length], and so on.

    Attributes:
        start: aware moment at which the first begins.
        end: aware moment; an interval that reaches beyond it is left out.
        length: of each.
    """

    start: datetime
    end: datetime
    length: Duration

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, utc(getattr(self, name)))  # frozen
        if (self.end - self.start).total_seconds() < self.length.seconds:
            raise FrameError(
                f"no interval of {self.length} fits between {self.start} and {self.end}"
            )

    @property
    def last(self) -> datetime:
        """The end of the last one."""
        count = int((self.end - self.start).total_seconds() // self.length.seconds)
        return self.start + timedelta(seconds=count * self.length.seconds)

    def ending(self, column: str) -> pl.Expr:
        """End of the interval that each moment of a TIME column falls into."""
        origin = pl.lit(self.start, TIME)
        millis = self.length.seconds * 1_000
        passed = (pl.col(column) - origin).dt.total_milliseconds()
        number = -((-passed) // millis)
        return (origin + pl.duration(milliseconds=number * millis)).cast(TIME).alias(column)


def counter_increases(
    export: Export, selector: Selector, intervals: Intervals, by: Sequence[str] = ()
) -> pl.DataFrame:
    """What counters grew by, summed over the series of each group.

    Args:
        export: raw samples.
        selector: a counter, or a part of a histogram such as `x_count`.
        intervals: when.
        by: labels of the groups; a series that lacks one is left out.

    Returns:
        AMOUNTS; no row where no series was scraped.
    """
    members = _members(export, selector, by)
    grown = _growth(export, selector.metric, members, intervals)
    return check(_summed(grown, AMOUNTS.key).sort(AMOUNTS.key), AMOUNTS)


def bucket_increases(
    export: Export, histogram: Selector, intervals: Intervals, by: Sequence[str] = ()
) -> pl.DataFrame:
    """What the buckets of a classic histogram grew by, summed over the series of each group.

    Args:
        export: raw samples.
        histogram: base name with matchers, without `_bucket`.
        intervals: when.
        by: labels of the groups; a series that lacks one is left out.

    Returns:
        BUCKETS; no row where no series was scraped.
    """
    selector = Selector(f"{histogram.metric}_bucket", histogram.matchers)
    members = _members(export, selector, by, label("le").str.replace("+Inf", "inf", literal=True))
    members = members.with_columns(pl.col("le").cast(pl.Float64))
    grown = _growth(export, selector.metric, members, intervals)
    summed = _summed(grown, BUCKETS.key).rename({"value": "events"})
    return check(summed.sort(BUCKETS.key), BUCKETS)


def gauge_levels(
    export: Export,
    selector: Selector,
    intervals: Intervals,
    by: Sequence[str] = (),
    across: Across = "mean",
) -> pl.DataFrame:
    """Mean of each gauge over its samples, put together over the series of each group.

    Args:
        export: raw samples.
        selector: a gauge.
        intervals: when.
        by: labels of the groups; a series that lacks one is left out.
        across: how series of a group are put together.

    Returns:
        AMOUNTS in the unit of the gauge; no row where no series was scraped.
    """
    members = _members(export, selector, by)
    inside = _samples(export, selector.metric, members, intervals, timedelta())
    means = (
        inside.with_columns(intervals.ending("ts"))
        .group_by("series_id", "ts", maintain_order=True)
        .agg(pl.col("value").mean())
        .join(members, on="series_id")
        .sort("group", "ts", "series_id")
    )
    put = {
        "sum": pl.col("value").sum(),
        "mean": pl.col("value").mean(),
        "max": pl.col("value").max(),
    }
    levels = means.group_by(*AMOUNTS.key, maintain_order=True).agg(put[across])
    return check(levels.sort(AMOUNTS.key), AMOUNTS)


def gauge_at_start(
    export: Export, selector: Selector, intervals: Intervals, by: Sequence[str] = ()
) -> pl.DataFrame:
    """Sum of gauges as each interval begins: of each series the last sample up to then.

    Returns:
        AMOUNTS; no row where no series had a sample in the five minutes before.
    """
    members = _members(export, selector, by)
    samples = _samples(export, selector.metric, members, intervals, _LOOKBACK)
    begins = pl.datetime_range(
        intervals.start, intervals.last, f"{intervals.length.seconds}s", closed="left", eager=True
    )
    grid = members.join(pl.DataFrame({"begin": begins.cast(TIME)}), how="cross")
    found = grid.sort("begin", "series_id").join_asof(
        samples.sort("ts", "series_id").rename({"ts": "seen"}),
        left_on="begin",
        right_on="seen",
        by="series_id",
        strategy="backward",
        tolerance=_LOOKBACK,
        check_sortedness=False,
    )
    length = pl.duration(seconds=intervals.length.seconds)
    known = found.drop_nulls("value").with_columns(
        (pl.col("begin") + length).cast(TIME).alias("ts")
    )
    return check(_summed(known, AMOUNTS.key).sort(AMOUNTS.key), AMOUNTS)


def _members(export: Export, selector: Selector, by: Sequence[str], *more: pl.Expr) -> pl.DataFrame:
    """`series_id` and `group` of the series that are selected and have a name."""
    series = export.select(selector.metric, *selector.matchers)
    return series.filter(is_named(by)).select("series_id", group(by), *more)


def _samples(
    export: Export, metric: str, members: pl.DataFrame, intervals: Intervals, before: timedelta
) -> pl.DataFrame:
    """SAMPLES of the members in the intervals, and a while before; sorted."""
    ids = members["series_id"].to_list()
    inside = export.samples(metric, intervals.start - before, intervals.last)
    first = pl.col("ts") > pl.lit(intervals.start - before, TIME)
    wanted = inside.filter(pl.col("series_id").is_in(ids) & first)
    return wanted.collect().sort("series_id", "ts")


def _growth(
    export: Export, metric: str, members: pl.DataFrame, intervals: Intervals
) -> pl.DataFrame:
    """Growth at each scrape since the one before; a counter that fell has begun again at 0.

    A scrape that shows NaN says nothing of the growth, which the next one shows.
    """
    scraped = _samples(export, metric, members, intervals, _LOOKBACK)
    samples = scraped.filter(pl.col("value").is_not_nan())
    same = pl.col("series_id") == pl.col("series_id").shift(1)
    before = pl.when(same).then(pl.col("value").shift(1)).otherwise(pl.col("value"))
    grown = pl.when(pl.col("value") < before).then("value").otherwise(pl.col("value") - before)
    inside = samples.with_columns(grown.alias("value")).filter(
        pl.col("ts") > pl.lit(intervals.start, TIME)
    )
    return inside.join(members, on="series_id").with_columns(intervals.ending("ts"))


def _summed(grown: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Sums in one order of the addends, so that both engines give the same bits."""
    ordered = grown.sort(*key, "series_id")
    return ordered.group_by(*key, maintain_order=True).agg(pl.col("value").sum())
