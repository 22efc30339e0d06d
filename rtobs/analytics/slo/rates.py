"""Rates of raw counters, summed to groups as the rules sum them.

Rates of all series of a month at once would not fit into memory, so series go in batches, group
after group. A group that fits into one batch is summed as Prometheus sums it
(`promql.aggregate`); only a larger one is a sum of sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TIME
from rtobs.analytics.groups import group, is_named
from rtobs.analytics.promql import rate
from rtobs.analytics.promql.aggregate import by_labels, grouped
from rtobs.analytics.store import Export
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector

__all__ = ["Rates"]

_KEYS: Final = ["window_s", "group", "ts"]
_NOTHING: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "window_s": pl.Int32,
    "group": pl.String,
    "ts": TIME,
    "value": pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of an export's counters at every step from start to end, in events a second.

    Attributes:
        export: holds the counters.
        step: time between two evaluations.
        start: first evaluation.
        end: no evaluation is later.
        dialect: how ranges are read.
        batch_rows: how many rates are in memory at once.
    """

    export: Export
    step: Duration
    start: datetime
    end: datetime
    dialect: Dialect
    batch_rows: int = 4_000_000

    def by_group(
        self, selector: Selector, group_by: Sequence[str], windows: Sequence[Duration]
    ) -> dict[Duration, pl.DataFrame]:
        """`sum by (group_by) (rate(selector[window]))` for each window.

        Series without a label of the group are left out, as the rules leave them out.

        Returns:
            By window, a frame of (group, ts, value), sorted; no row where there is no rate.
        """
        series = self.export.select(selector.metric, *selector.matchers)
        members = series.filter(is_named(group_by)).with_columns(group(group_by))
        return self.summed(selector.metric, members, windows)

    def summed(
        self, metric: str, members: pl.DataFrame, windows: Sequence[Duration]
    ) -> dict[Duration, pl.DataFrame]:
        """The same for SERIES that say in a column `group` to what they are summed."""
        batches = self._batches(members, windows)
        sums = [self._sum(metric, batch, windows) for batch in batches]
        total = reduce(_added, sums, pl.DataFrame(schema=_NOTHING))
        return {
            window: total.filter(pl.col("window_s") == window.seconds)
            .drop("window_s")
            .sort("group", "ts")
            for window in windows
        }

    def _batches(
        self, members: pl.DataFrame, windows: Sequence[Duration]
    ) -> Iterator[pl.DataFrame]:
        points = (self.end - self.start).total_seconds() // self.step.seconds + 1
        size = max(1, int(self.batch_rows / (points * len(windows))))
        ordered = members[by_labels(members)].sort("group", maintain_order=True)
        yield from ordered.iter_slices(size)

    def _sum(self, metric: str, members: pl.DataFrame, windows: Sequence[Duration]) -> pl.DataFrame:
        reach = max(timedelta(seconds=window.seconds) for window in windows)
        wanted = pl.col("series_id").is_in(members["series_id"].to_list())
        samples = self.export.samples(metric, self.start - reach, self.end).filter(wanted)
        rates = rate(
            samples.collect(),
            windows,
            step=self.step,
            start=self.start,
            end=self.end,
            dialect=self.dialect,
        )
        return _to_groups(rates, members, self.dialect)


def _to_groups(rates: pl.DataFrame, members: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """WINDOWED summed to the groups of its series, in the order of the members."""
    groups = members["group"].unique().sort()
    places = groups.search_sorted(members["group"]).cast(pl.UInt32)
    numbers = members.select("series_id", group=places)
    sums = grouped(rates, numbers, "sum", dialect)
    return sums.select("window_s", "ts", "value", group=groups.gather(sums["series_id"])).select(
        list(_NOTHING)
    )


def _added(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    both = left.join(right, on=_KEYS, how="full", coalesce=True)
    return both.select(*_KEYS, value=pl.sum_horizontal("value", "value_right"))
