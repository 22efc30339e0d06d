"""Quantiles and fractions of classic histograms, interpolated as in promql/quantile.go."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import WINDOWED, check, empty
from rtobs.analytics.promql.aggregate import Vector, regroup
from rtobs.errors import FrameError

__all__ = ["histogram_fraction", "histogram_quantile"]

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

_SMALL: Final = 1e-12  # differences of counts that are rounding, not observations
_LEAST_NORMAL: Final = 2.2250738585072014e-308
_NAME: Final = pl.element().struct.field("name")


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Histograms with the same bounds: a row for each point, a column for each bound.

    Attributes:
        bounds: upper bounds, ascending, each once.
        counts: observations up to the bound; NaN where the bucket is not there.
        there: whether the bucket has a value at the point.
    """

    bounds: tuple[float, ...]
    counts: Floats
    there: Bools


def histogram_quantile(
    q: float,
    values: pl.DataFrame,
    series: pl.DataFrame,
    *,
    dialect: Dialect = Dialect.V3,
) -> Vector:
    """The value below which a share of the observations lie.

    Within a bucket observations are spread evenly; the first bucket begins at 0 when its bound is
    positive; beyond the highest finite bound that bound is given. A count that is less than the one
    before is raised to it. NaN without observations, without a +Inf bucket or with that one only.

    Args:
        q: from 0 to 1; below gives -Inf and above +Inf.
        values: WINDOWED of buckets, such as `rate` or `aggregate` of it by "le" and more.
        series: SERIES of the values; what has no number as its label `le` is left out.
        dialect: from 2.51 (in truth 2.48) differences of 1e-12 between counts are no observations.

    Returns:
        A vector of the series without `le`; `samples` and `coverage` are the least of the buckets'.

    Raises:
        FrameError: a frame has other columns, or a series of the values is absent.
    """
    return _interpolated(values, series, lambda buckets: _quantile(q, buckets, dialect))


def histogram_fraction(
    lower: float, upper: float, values: pl.DataFrame, series: pl.DataFrame
) -> Vector:
    """The share of observations between two values: WINDOWED and SERIES of buckets to a vector.

    Prometheus has it for classic histograms from 3.4. See `histogram_quantile` for the rest.

    Args:
        lower: -Inf for all below `upper`.
        upper: +Inf for all above `lower`.
        values: WINDOWED of buckets.
        series: SERIES of the values.
    """
    return _interpolated(values, series, lambda buckets: _fraction(lower, upper, buckets))


def _interpolated(
    values: pl.DataFrame, series: pl.DataFrame, function: Callable[[Buckets], Floats]
) -> Vector:
    bounded = _bounded(series)
    groups, members = regroup(bounded.drop("bound"), _NAME != "le")
    known = bounded.select("series_id", "bound").join(members, on="series_id")
    checked = check(values, WINDOWED)
    if not checked["series_id"].is_in(series["series_id"].to_list()).all():
        raise FrameError("series lacks some of the series_id in the windowed values")
    points = checked.join(known, on="series_id")
    layouts: defaultdict[tuple[float, ...], list[int]] = defaultdict(list)
    for group, bounds in known.sort("group", "bound").group_by("group", maintain_order=True):
        layouts[tuple(dict.fromkeys(bounds["bound"]))].append(int(str(group[0])))
    done = [
        _laid_out(points.filter(pl.col("group").is_in(chosen)), bounds, function)
        for bounds, chosen in layouts.items()
    ]
    made = pl.concat([empty(WINDOWED), *done]).sort(WINDOWED.key)
    return Vector(made, groups)


def _bounded(series: pl.DataFrame) -> pl.DataFrame:
    """SERIES that are buckets, with their upper bound."""
    le = pl.col("labels").list.filter(_NAME == "le").list.first().struct.field("value")
    texts = series.select(le)["value"].to_list()
    bounds = pl.Series("bound", [_number(text) for text in texts], dtype=pl.Float64)
    return series.with_columns(bounds).filter(pl.col("bound").is_not_null())


def _number(text: str | None) -> float | None:
    try:
        bound = float(text or "")
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def _laid_out(
    points: pl.DataFrame, bounds: Sequence[float], function: Callable[[Buckets], Floats]
) -> pl.DataFrame:
    """WINDOWED of histograms with the same bounds, from their buckets with group and bound."""
    if points.is_empty():
        return empty(WINDOWED)
    ordered = points.sort("group", "window_s", "ts", "bound", "series_id")
    keys = ordered.select("group", "window_s", pl.col("ts").to_physical())
    differs = [np.diff(keys[name].to_numpy()) != 0 for name in keys.columns]
    new = np.append(True, np.logical_or.reduce(differs))
    begins = np.flatnonzero(new)
    place = np.cumsum(new) - 1, np.searchsorted(bounds, ordered["bound"].to_numpy())
    there = np.zeros((len(begins), len(bounds)), dtype=np.bool_)
    there[place] = True
    counts = np.zeros(there.shape)
    np.add.at(counts, place, ordered["value"].to_numpy())  # le="1" and le="1.0" are one bucket
    with np.errstate(all="ignore"):  # counts of Inf and NaN
        result = function(Buckets(tuple(bounds), counts, there))
    return ordered[begins].select(
        pl.col("group").alias("series_id"),
        "ts",
        "window_s",
        pl.Series("value", result),
        pl.Series("samples", np.minimum.reduceat(ordered["samples"].to_numpy(), begins)),
        pl.Series("coverage", np.minimum.reduceat(ordered["coverage"].to_numpy(), begins)),
    )


def _quantile(q: float, buckets: Buckets, dialect: Dialect) -> Floats:
    rows = len(buckets.counts)
    if math.isnan(q) or not 0 <= q <= 1:
        return np.full(rows, math.nan if math.isnan(q) else math.copysign(math.inf, q))
    if buckets.bounds[-1] != math.inf:
        return np.full(rows, math.nan)
    counts = _monotonic(buckets, dialect)
    observed = counts[:, -1]
    rank = q * observed
    result = np.full(rows, math.nan)
    open_rows = buckets.there[:, -1] & (observed != 0)
    low_bound = np.full(rows, math.nan)  # of the bucket; NaN: it is the first
    low_count = np.zeros(rows)
    for column, bound in enumerate(buckets.bounds[:-1]):
        count, there = counts[:, column], buckets.there[:, column]
        hit = open_rows & there & (count >= rank)
        first = np.isnan(low_bound)
        start = np.where(first, 0.0, low_bound)
        value = start + (bound - start) * ((rank - low_count) / (count - low_count))
        result[hit] = np.where(first & (bound <= 0), bound, value)[hit]
        open_rows &= ~hit
        low_bound = np.where(there, bound, low_bound)
        low_count = np.where(there, count, low_count)
    return np.where(open_rows, low_bound, result)


def _monotonic(buckets: Buckets, dialect: Dialect) -> Floats:
    """Counts that never fall from one bound to the next."""
    counts = buckets.counts.copy()
    known = np.zeros(len(counts), dtype=np.bool_)
    before = np.zeros(len(counts))
    for column in range(counts.shape[1]):
        count, there = counts[:, column], buckets.there[:, column]
        raised = count < before
        if dialect is not Dialect.V2:
            raised |= _almost_equal(before, count)
        # Up to 2.47 the highest count so far is what counts; a NaN is then no reason to start anew.
        passed = np.isnan(count) & known if dialect is Dialect.V2 else False
        raised &= known
        counts[raised, column] = before[raised]
        before = np.where(there & ~raised & ~passed, count, before)
        known |= there
    return counts


def _almost_equal(one: Floats, other: Floats) -> Bools:
    scale = np.abs(one) + np.abs(other)
    difference = np.abs(one - other)
    tiny = (one == 0) | (other == 0) | (scale < _LEAST_NORMAL)
    return np.where(
        tiny,
        difference < _SMALL * _LEAST_NORMAL,
        difference / np.minimum(scale, np.finfo(np.float64).max) < _SMALL,
    )


def _fraction(lower: float, upper: float, buckets: Buckets) -> Floats:
    rows = len(buckets.counts)
    observed = buckets.counts[:, -1]
    if math.isnan(lower) or math.isnan(upper) or buckets.bounds[-1] != math.inf:
        return np.full(rows, math.nan)
    share = np.zeros(rows)
    if lower < upper:
        share = (_rank(upper, buckets) - _rank(lower, buckets)) / observed
    return np.where(buckets.there[:, -1] & (observed != 0), share, math.nan)


def _rank(value: float, buckets: Buckets) -> Floats:
    """Observations up to a value."""
    counts, observed = buckets.counts, buckets.counts[:, -1]
    rank = observed.copy()
    open_rows = np.ones(len(counts), dtype=np.bool_)
    low_bound = np.full(len(counts), -math.inf)
    low_count = np.zeros(len(counts))
    for column, bound in enumerate(buckets.bounds):
        count, there = counts[:, column], buckets.there[:, column]
        at_edge = low_bound >= value
        within = (low_bound < value) & (bound > value)
        spread = low_count + (count - low_count) * (value - low_bound) / (bound - low_bound)
        hit = open_rows & there & (at_edge | within)
        rank[hit] = np.where(at_edge, low_count, spread)[hit]
        open_rows &= ~hit
        low_bound = np.where(there, bound, low_bound)
        low_count = np.where(there, count, low_count)
    return np.where(rank > observed, observed, rank)
