"""`sum by (...) (...)` and its kin: many series become few, point by point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import pairwise, starmap
from typing import NamedTuple, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import LABELS, SERIES, TIME, WINDOWED, check, empty
from rtobs.analytics.promql.folds import Aggregation, Fold
from rtobs.errors import FrameError

__all__ = ["Aggregation", "Vector", "aggregate", "by_labels", "grouped"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Vector(NamedTuple):
    """Values with the series that they belong to; what PromQL calls a vector.

    Attributes:
        values: WINDOWED.
        series: SERIES; `metric` and `fingerprint` are empty, since no such series is stored.
    """

    values: pl.DataFrame
    series: pl.DataFrame


def aggregate(
    windowed: pl.DataFrame,
    series: pl.DataFrame,
    by: Collection[str] | None = None,
    function: Aggregation = "sum",
    *,
    without: Collection[str] | None = None,
    dialect: Dialect = Dialect.V3,
) -> Vector:
    """Aggregate the points of one window and time over series.

    Missing points are left out; a group has no row where all its series have none. `samples` is
    the sum, `coverage` the least of the series'. Values have the bits of a server
    that holds the series in the order of their labels, as those on disk are.

    Args:
        windowed: WINDOWED.
        series: SERIES; holds at least those of `windowed`.
        by: labels to keep; none of them for one group of everything. A label that is absent is
            dropped, as PromQL does.
        function: what to do with the values.
        without: labels to drop, when all others are to be kept.
        dialect: how sums and means are rounded; see `folds`.

    Raises:
        FrameError: both or neither of `by` and `without` are given, or a frame is wrong.
    """
    if (by is None) == (without is None):
        raise FrameError("say either by=[...] or without=[...]; by=[] is one group of everything")
    if function not in get_args(Aggregation):
        raise FrameError(f'"{function}" is none of {", ".join(get_args(Aggregation))}')
    keep = pl.element().struct.field("name").is_in(list(by if by is not None else without or ()))
    groups, members = regroup(series, keep if by is not None else ~keep)
    return Vector(grouped(check(windowed, WINDOWED), members, function, dialect), groups)


def regroup(series: pl.DataFrame, keep: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Series that are alike once only some of their labels are kept.

    Args:
        series: SERIES.
        keep: of an element of `labels`, whether it is kept.

    Returns:
        SERIES of the groups, in order of their labels; and a frame of series_id and group, in
        order of the labels of the series.
    """
    checked = check(series, SERIES)
    rows = [tuple((x["name"], x["value"]) for x in labels) for labels in _kept(checked, keep)]
    order = {labels: nth for nth, labels in enumerate(sorted(set(rows)))}
    members = pl.DataFrame(
        {"series_id": checked["series_id"], "group": [order[row] for row in rows]},
        schema={"series_id": pl.UInt32, "group": pl.UInt32},
    )[by_labels(checked)]
    made = {
        "series_id": list(range(len(order))),
        "fingerprint": [""] * len(order),
        "metric": [""] * len(order),
        "labels": [[{"name": n, "value": v} for n, v in labels] for labels in order],
    }
    return pl.DataFrame(made, schema=dict(SERIES.columns)), members


def by_labels(series: pl.DataFrame) -> list[int]:
    """Rows of SERIES in the order of all their labels, the name of the metric among them.

    Blocks on a Prometheus' disk hold series in this order, and they are added as they are held.
    """
    keys = [
        sorted([("__name__", metric), *((x["name"], x["value"]) for x in labels)])
        for metric, labels in series.select("metric", "labels").iter_rows()
    ]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _kept(series: pl.DataFrame, keep: pl.Expr) -> list[list[dict[str, str]]]:
    kept = series.select(pl.col("labels").list.filter(keep).cast(LABELS))
    return kept["labels"].to_list()


def grouped(
    windowed: pl.DataFrame, members: pl.DataFrame, function: Aggregation, dialect: Dialect
) -> pl.DataFrame:
    """Aggregate series to groups.

    Args:
        windowed: WINDOWED.
        members: a frame of series_id and group, both UInt32, in the order in which the series are
            added; holds at least those of `windowed`.
        function: what to do with the values.
        dialect: whose bits are wanted.

    Returns:
        WINDOWED with the group as series_id.

    Raises:
        FrameError: a series of the values is not among the members.
    """
    ordered = _in_order(windowed)
    ids = ordered["series_id"].to_numpy()
    edges = np.append(np.flatnonzero(np.diff(ids, prepend=ids[:1] + np.uint32(1))), len(ids))
    rows = dict(
        zip(ids[edges[:-1]].tolist(), starmap(slice, pairwise(edges.tolist())), strict=True)
    )
    if rows.keys() - set(members["series_id"]):
        raise FrameError("series lacks some of the series_id in the windowed values")
    by_group: defaultdict[int, list[slice]] = defaultdict(list)
    for number, group in members.select("series_id", "group").iter_rows():
        if number in rows:
            by_group[group].append(rows[number])
    points = _Points.of(ordered)
    done = [
        points.folded(by_group[group], function, dialect)
        .with_columns(series_id=pl.lit(group, pl.UInt32))
        .select(list(WINDOWED.columns))
        for group in sorted(by_group)
    ]
    return pl.concat([empty(WINDOWED), *done])


def _in_order(windowed: pl.DataFrame) -> pl.DataFrame:
    """WINDOWED sorted by its key; it mostly is, and then that costs a look."""
    later: NDArray[np.bool_] = np.zeros(max(len(windowed) - 1, 0), dtype=np.bool_)
    for name in reversed(WINDOWED.key):
        column = windowed[name].to_physical().to_numpy()
        later = (column[1:] > column[:-1]) | ((column[1:] == column[:-1]) & later)
    return windowed if later.all() else windowed.sort(WINDOWED.key)


class _Points(NamedTuple):
    """Columns of WINDOWED, sorted by its key.

    Attributes:
        nth_window: place of the window among all windows, for each row.
        nth_time: place of the time on an even grid that holds all times.
        windows: all windows, in seconds.
        start: first time of the grid in milliseconds.
        step: milliseconds between two times of the grid.
        value: of the rows.
        samples: likewise.
        coverage: likewise.
    """

    nth_window: Ints
    nth_time: Ints
    windows: NDArray[np.int32]
    start: int
    step: int
    value: Floats
    samples: NDArray[np.uint32]
    coverage: NDArray[np.float32]

    @classmethod
    def of(cls, ordered: pl.DataFrame) -> _Points:
        windows = ordered["window_s"].unique().sort().to_numpy()
        times = ordered["ts"].to_physical().unique().sort().to_numpy()
        step = int(np.gcd.reduce(np.diff(times), initial=0)) or 1
        start = int(times[0]) if len(times) else 0
        columns = (ordered[name].to_numpy() for name in ("value", "samples", "coverage"))
        return cls(
            np.searchsorted(windows, ordered["window_s"].to_numpy()),
            (ordered["ts"].to_physical().to_numpy() - start) // step,
            windows,
            start,
            step,
            *columns,
        )

    def folded(
        self, series: Sequence[slice], function: Aggregation, dialect: Dialect
    ) -> pl.DataFrame:
        """WINDOWED without series_id of one group, from the rows of its series."""
        first = min(int(self.nth_time[rows].min()) for rows in series)
        width = max(int(self.nth_time[rows].max()) for rows in series) - first + 1
        size = width * len(self.windows)
        fold = Fold.empty(function, dialect, size)
        samples, coverage = np.zeros(size, np.uint32), np.full(size, np.inf, np.float32)
        for rows in series:
            at = _places(self.nth_window[rows] * width + self.nth_time[rows] - first)
            fold.add(at, self.value[rows])
            samples[at] += self.samples[rows]
            coverage[at] = np.minimum(coverage[at], self.coverage[rows])
        seen = np.flatnonzero(fold.count)
        window, time = np.divmod(seen, width)
        made = {
            "ts": self.start + (first + time) * self.step,
            "window_s": self.windows[window],
            "value": fold.result()[seen],
            "samples": samples[seen],
            "coverage": coverage[seen],
        }
        return pl.DataFrame(made).with_columns(pl.col("ts").cast(TIME))


def _places(cells: Ints) -> slice | Ints:
    """The same places, as a slice where no place between them is left out."""
    first, end = int(cells[0]), int(cells[-1]) + 1
    return slice(first, end) if end - first == len(cells) else cells
