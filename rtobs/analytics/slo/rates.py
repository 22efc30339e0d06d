"""Rates of raw counters, summed to groups as the rules sum them.

Rates of all series of a month at once would not fit into memory, so series go in batches, group
after group. A group that fits into one batch is summed as Prometheus sums it, in the order of its
series; only a larger one is a sum of sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TIME
from rtobs.analytics.groups import group, is_named
from rtobs.analytics.promql import rate
from rtobs.analytics.promql.grid import milliseconds
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
        yield from members.sort("group", "series_id").iter_slices(size)

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
        return self._to_groups(rates, members, windows)

    def _to_groups(
        self, rates: pl.DataFrame, members: pl.DataFrame, windows: Sequence[Duration]
    ) -> pl.DataFrame:
        """WINDOWED summed to groups."""
        lengths = np.array(sorted(window.seconds for window in windows), dtype=np.int32)
        groups = members["group"].unique().sort()
        numbers = members.select("series_id", nth=groups.search_sorted(members["group"]))
        start, step = milliseconds(self.start), 1000 * self.step.seconds
        points = (milliseconds(self.end) - start) // step + 1
        shape = (len(lengths), len(groups), points)
        rows = rates.join(numbers, on="series_id", maintain_order="left")
        nth_point = (rows["ts"].dt.timestamp("ms").to_numpy() - start) // step
        nth_window = np.searchsorted(lengths, rows["window_s"].to_numpy())
        cells = np.ravel_multi_index((nth_window, rows["nth"].to_numpy(), nth_point), shape)
        sums, seen = _sums(rows, cells, int(np.prod(shape)), self.dialect)
        window, group_, point = np.unravel_index(np.flatnonzero(seen), shape)
        return pl.DataFrame(
            {
                "window_s": lengths[window],
                "group": groups.gather(group_),
                "ts": pl.Series(start + step * point, dtype=pl.Int64).cast(TIME),
                "value": sums[seen],
            }
        )


def _sums(
    rows: pl.DataFrame, cells: npt.NDArray[np.int64], size: int, dialect: Dialect
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Sums of the rows of each cell, series after series as Prometheus adds them.

    From 3.0 on it carries along what rounding lost (promql/functions.go, `kahanSumInc`).
    """
    sums, lost, seen = np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_)
    values, ids = rows["value"].to_numpy(), rows["series_id"].to_numpy()
    edges = np.flatnonzero(np.diff(ids, prepend=-1, append=-1))
    for first, end in pairwise(edges):
        own, value = cells[first:end], values[first:end]
        before = sums[own]
        with np.errstate(invalid="ignore"):  # Inf - Inf is NaN, as in Prometheus
            after = before + value
            larger = np.abs(before) >= np.abs(value)
            error = np.where(larger, (before - after) + value, (value - after) + before)
        if dialect is Dialect.V3:
            lost[own] = np.where(np.isinf(after), 0.0, lost[own] + error)
        sums[own] = after
        seen[own] = True
    return sums + lost, seen


def _added(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    both = left.join(right, on=_KEYS, how="full", coalesce=True)
    return both.select(*_KEYS, value=pl.sum_horizontal("value", "value_right"))
