"""`sum by (...) (...)` and its kin: many series become few, point by point."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import LABELS, SERIES, WINDOWED, check
from rtobs.errors import FrameError

__all__ = ["Aggregation", "Vector", "aggregate"]

Aggregation = Literal["sum", "min", "max", "avg", "count"]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]


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
) -> Vector:
    """Aggregate the points of one window and time over series.

    Missing points are left out; a group has no row where all its series have none. `samples` is
    the sum, `coverage` the least of the series'.

    Args:
        windowed: WINDOWED.
        series: SERIES; holds at least those of `windowed`.
        by: labels to keep; none of them for one group of everything. A label that is absent is
            dropped, as PromQL does.
        function: what to do with the values.
        without: labels to drop, when all others are to be kept.

    Raises:
        FrameError: both or neither of `by` and `without` are given, or a frame is wrong.
    """
    if (by is None) == (without is None):
        raise FrameError("say either by=[...] or without=[...]; by=[] is one group of everything")
    if function not in get_args(Aggregation):
        raise FrameError(f'"{function}" is none of {", ".join(get_args(Aggregation))}')
    keep = pl.element().struct.field("name").is_in(list(by if by is not None else without or ()))
    groups, members = regroup(series, keep if by is not None else ~keep)
    points = _points(check(windowed, WINDOWED), members)
    return Vector(_reduced(points, function), groups)


def regroup(series: pl.DataFrame, keep: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Series that are alike once only some of their labels are kept.

    Args:
        series: SERIES.
        keep: of an element of `labels`, whether it is kept.

    Returns:
        SERIES of the groups, in order of their labels; and a frame of series_id and group.
    """
    checked = check(series, SERIES)
    rows = [tuple((x["name"], x["value"]) for x in labels) for labels in _kept(checked, keep)]
    order = {labels: nth for nth, labels in enumerate(sorted(set(rows)))}
    members = pl.DataFrame(
        {"series_id": checked["series_id"], "group": [order[row] for row in rows]},
        schema={"series_id": pl.UInt32, "group": pl.UInt32},
    )
    made = {
        "series_id": list(range(len(order))),
        "fingerprint": [""] * len(order),
        "metric": [""] * len(order),
        "labels": [[{"name": n, "value": v} for n, v in labels] for labels in order],
    }
    return pl.DataFrame(made, schema=dict(SERIES.columns)), members


def _kept(series: pl.DataFrame, keep: pl.Expr) -> list[list[dict[str, str]]]:
    kept = series.select(pl.col("labels").list.filter(keep).cast(LABELS))
    return kept["labels"].to_list()


def _points(windowed: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """WINDOWED in the order in which points are aggregated, with their group as series_id.

    Raises:
        FrameError: a series of the values is not among the series.
    """
    joined = windowed.join(members, on="series_id", how="left")
    if joined["group"].null_count():
        raise FrameError("series lacks some of the series_id in the windowed values")
    # Floats are added in one order, whatever engine polars used.
    ordered = joined.sort("group", "window_s", "ts", "series_id")
    return ordered.with_columns(series_id=pl.col("group")).drop("group")


def _reduced(points: pl.DataFrame, function: Aggregation) -> pl.DataFrame:
    if points.is_empty():
        return points
    keys = points.select("series_id", "window_s", pl.col("ts").to_physical())
    differs = [np.diff(keys[name].to_numpy()) != 0 for name in keys.columns]
    begins = np.append(0, np.flatnonzero(np.logical_or.reduce(differs)) + 1)
    heads = points[begins]
    return heads.with_columns(
        value=pl.Series(_reduce(points["value"].to_numpy(), begins, function)),
        samples=pl.Series(np.add.reduceat(points["samples"].to_numpy(), begins)).cast(pl.UInt32),
        coverage=pl.Series(np.minimum.reduceat(points["coverage"].to_numpy(), begins)),
    )


def _reduce(values: Floats, begins: Ints, function: Aggregation) -> Floats:
    counts = np.diff(begins, append=len(values)).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # Inf - Inf is NaN, as in Prometheus
        match function:
            case "count":
                return counts
            case "min":
                return np.fmin.reduceat(values, begins)
            case "max":
                return np.fmax.reduceat(values, begins)
            case "sum":
                return np.add.reduceat(values, begins)
            case "avg":
                return np.add.reduceat(values, begins) / counts
