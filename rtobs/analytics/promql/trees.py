"""What any stretch of a column adds up to, from blocks of one, two, four, eight ... samples.

A running sum would be cheaper, but its differences carry what happened far outside the stretch:
rounding of large values, and a single NaN or Inf for ever. A stretch is put together here from at
most one block of each size, small ones first, so every bit of it depends on its own samples only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["averages", "extremes", "sums", "variances"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
State: TypeAlias = tuple[Floats, ...]  # columns that describe blocks of samples
Merge: TypeAlias = Callable[[State, State], State]  # of the blocks with their right neighbours


def sums(values: Floats, low: Ints, high: Ints) -> Floats:
    """Sum of the values from `low` to below `high`, for each pair.

    The error of each addition is carried along, as Prometheus does; so the sum is right to the
    last digit or so even where large values cancel.
    """
    total, error = _fold((values, np.zeros_like(values)), _add, low, high, (0.0, 0.0))
    return np.where(np.isinf(total), total, total + error)


def averages(values: Floats, low: Ints, high: Ints) -> Floats:
    """Mean of the values from `low` to below `high`; exact even where the sum is too large."""
    count = (high - low).astype(np.float64)
    means = sums(values, low, high) / count
    again = np.flatnonzero(np.isinf(means))
    # Infinite because a value is, or because the sum was: then a fraction of the values is summed.
    scale = 2.0**-64
    scaled = sums(values * scale, low[again], high[again]) / count[again]
    means[again] = np.where(np.isinf(scaled), means[again], scaled / scale)
    return means


def extremes(values: Floats, low: Ints, high: Ints, of: np.ufunc) -> Floats:
    """The least or largest value (np.fmin, np.fmax); NaN only where all values are."""
    (best,) = _fold((values,), lambda a, b: (of(a[0], b[0]),), low, high, (np.nan,))
    return best


def variances(values: Floats, low: Ints, high: Ints) -> Floats:
    """Population variance of the values from `low` to below `high`; NaN where one is not finite."""
    none = np.zeros_like(values)
    leaves = (np.ones_like(values), values, none, values - values)  # Inf - Inf is NaN
    count, _, _, squares = _fold(leaves, _spread, low, high, (0.0, 0.0, 0.0, 0.0))
    return squares / count


def _fold(leaves: State, merge: Merge, low: Ints, high: Ints, empty: tuple[float, ...]) -> State:
    total = tuple(np.full(len(low), column) for column in empty)
    at, left = low.copy(), high - low
    longest = int(left.max(initial=0))
    size, blocks = 1, leaves  # of `size` samples, one that begins at each sample
    while size <= longest:
        rows = np.flatnonzero(left & size)
        block = tuple(column[at[rows]] for column in blocks)
        merged = merge(tuple(column[rows] for column in total), block)
        for column, values in zip(total, merged, strict=True):
            column[rows] = values
        at[rows] += size
        blocks = merge(tuple(c[:-size] for c in blocks), tuple(c[size:] for c in blocks))
        size *= 2
    return total


def _add(one: State, other: State) -> State:
    """Sums with their rounding errors (Knuth's two-sum)."""
    total = one[0] + other[0]
    part = total - one[0]
    error = (one[0] - (total - part)) + (other[0] - part)
    return total, one[1] + other[1] + error


def _spread(one: State, other: State) -> State:
    """Count, mean with its rounding error, and sum of squared distances (Chan, Golub, LeVeque)."""
    count = one[0] + other[0]
    share = np.divide(other[0], count, out=np.zeros_like(count), where=count > 0)
    delta = (other[1] - one[1]) + (other[2] - one[2])
    # An empty block has the mean 0, which says nothing about its neighbour.
    delta = np.where((one[0] > 0) & (other[0] > 0), delta, 0.0)
    start = np.where(one[0] > 0, one[1], other[1]), np.where(one[0] > 0, one[2], other[2])
    mean, error = _add(start, (delta * share, np.zeros_like(delta)))
    return count, mean, error, one[3] + other[3] + delta * delta * one[0] * share
