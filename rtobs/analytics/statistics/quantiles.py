"""Between which edges the percentile of a classic histogram lies.

A histogram knows counts, not values. `histogram_quantile` draws a straight line inside a bucket;
the truth is anywhere in it. Bounds can be compared with a limit honestly. Percentiles of several
times or series are never averaged: add the buckets, then ask for bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl

from rtobs.analytics.statistics.availability import exact
from rtobs.errors import FrameError

__all__ = ["Bounds", "quantile_bounds", "quantile_bounds_by"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A value is above `low` and at most `high`, in the unit of the buckets.

    Attributes:
        low: edge below the value; NaN when there are no events.
        high: edge above it; +Inf when it lies beyond the last finite bucket.
    """

    low: float
    high: float


def quantile_bounds(
    edges: Sequence[float], counts: Sequence[float], quantile: float | Decimal | Fraction
) -> Bounds:
    """The bucket that holds a quantile.

    The quantile is the smallest value that at least this share of all events does not exceed, so
    its rank is the same as in Prometheus' `histogram_quantile`. Counts that shrink from one bucket
    to the next (a scrape in the middle of an update) are raised, as Prometheus does.

    Args:
        edges: upper bounds (`le`), ascending, the last one +Inf.
        counts: events at or below each edge, cumulative as in Prometheus.
        quantile: between 0 and 1; a float means what it says in decimal.

    Returns:
        Edges of the bucket; the first bucket starts at 0 when its edge is positive (durations,
        sizes), else at -Inf.

    Raises:
        ValueError: the buckets are not those of a histogram, or the quantile is none.
    """
    share = exact(quantile)
    if not 0 <= share <= 1:
        raise ValueError(f"a quantile lies between 0 and 1; {quantile} does not")
    upper = np.asarray(edges, dtype=float)
    if len(edges) != len(counts) or len(edges) == 0 or upper[-1] != math.inf:
        raise ValueError("a histogram has one count for each edge and ends at +Inf")
    if not (np.diff(upper) > 0).all():
        raise ValueError("the edges of a histogram ascend")
    cumulative = np.maximum.accumulate(np.asarray(counts, dtype=float))
    if not cumulative[-1] > 0:
        return Bounds(math.nan, math.nan)
    rank = float(share * Fraction(float(cumulative[-1])))
    occupied = np.diff(cumulative, prepend=0.0) > 0
    place = int(np.flatnonzero((cumulative >= rank) & occupied)[0])
    first = 0.0 if 0 < upper[0] < math.inf else -math.inf
    return Bounds(float(upper[place - 1]) if place else first, float(upper[place]))


def quantile_bounds_by(
    buckets: pl.DataFrame, quantile: float | Decimal | Fraction, by: Sequence[str]
) -> pl.DataFrame:
    """The bounds of a quantile for each group, from rows of buckets.

    Args:
        buckets: columns of `by`, `le` (Float64, upper edge) and `count` (Float64, cumulative);
            rows of the same group and edge, such as several series, are added.
        quantile: as in `quantile_bounds`.
        by: columns that tell groups apart.

    Returns:
        The columns of `by`, `low` and `high` in the unit of `le`, sorted by `by`.

    Raises:
        FrameError: a column is absent.
        ValueError: the buckets of a group are not those of a histogram.
    """
    absent = [name for name in (*by, "le", "count") if name not in buckets.columns]
    if absent:
        raise FrameError(f"buckets need the columns {', '.join(absent)}")
    summed = buckets.group_by(*by, "le").agg(pl.col("count").sum()).sort(*by, "le")
    groups = summed.group_by(*by, maintain_order=True).agg("le", "count")
    bounds = [
        quantile_bounds(edges, counts, quantile)
        for edges, counts in zip(groups["le"].to_list(), groups["count"].to_list(), strict=True)
    ]
    return groups.select(
        *by,
        pl.Series("low", [b.low for b in bounds], pl.Float64),
        pl.Series("high", [b.high for b in bounds], pl.Float64),
    )
