"""increase, rate and delta exactly as Prometheus extrapolates them (promql/functions.go).

Within a window with samples 0..n at times t and values v, from a to b:

    result  = v_n - v_0 + the value before each reset   (delta: resets are just changes)
    sampled = t_n - t_0, mean = sampled / n
    left    = t_0 - a, or mean / 2 when that is 1.1 means or more; for a counter not beyond the
              time at which it was zero, sampled * v_0 / result, if it has grown in a straight line
    right   = b - t_n, likewise without the zero point
    result * ((sampled + left + right) / sampled)

Fewer than two samples give no point. Up to 2.50 the zero point bounds `left` before it is compared
with 1.1 means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.promql.index import Window
from rtobs.analytics.promql.parts import Part

__all__ = ["Extrapolation", "Resets", "extrapolated", "resets_of"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_THRESHOLD: Final = 1.1
_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """Which of the functions is meant.

    Attributes:
        counter: falls are resets, and the counter began at zero.
        a_second: divided by the length of the window.
    """

    counter: bool
    a_second: bool


@dataclass(frozen=True, slots=True, eq=False)
class Resets:
    """Where counters fell.

    Attributes:
        before: for each sample, the number of resets up to it, over all series of the part.
        lost: for each reset, the value before it.
    """

    before: Ints
    lost: Floats

    def restore(self, result: Floats, first: Ints, last: Ints) -> None:
        """Add what was lost between two samples to the result, in the order of Prometheus."""
        if not len(self.lost):
            return
        begin, end = self.before[first], self.before[last]
        rows = np.flatnonzero(begin < end)
        at, stop = begin[rows], end[rows]
        while len(rows):
            result[rows] += self.lost[at]
            at += 1
            more = at < stop
            rows, at, stop = rows[more], at[more], stop[more]


def resets_of(part: Part) -> Resets:
    """The resets of all counters of a part."""
    fell = np.zeros(len(part.values), dtype=np.bool_)
    fell[1:] = part.values[1:] < part.values[:-1]
    # A fall from one series to the next lies between no two samples of a window.
    return Resets(np.cumsum(fell), part.values[np.flatnonzero(fell) - 1])


def extrapolated(
    part: Part,
    resets: Resets,
    window: Window,
    ends: Ints,
    how: Extrapolation,
    *,
    zero_first: bool,
) -> Floats:
    """The function at every point; meaningless where the window holds fewer than two samples.

    Args:
        part: the samples.
        resets: of the part.
        window: a row for each series, a column for each point.
        ends: milliseconds at which the windows end, one for each column.
        how: which function.
        zero_first: whether the zero point bounds before the gap is judged, as up to 2.50.
    """
    highest = max(len(part.values) - 1, 0)
    first = np.minimum(window.low, highest).ravel()
    last = np.maximum(window.high - 1, 0).ravel()
    end = np.broadcast_to(ends, window.low.shape).ravel()
    with np.errstate(all="ignore"):  # windows without samples, and samples of Inf and NaN
        result = part.values[last] - part.values[first]
        if how.counter:
            resets.restore(result, first, last)
        began, ended = part.ts[first], part.ts[last]
        sampled = (ended - began) / _MS
        left = (began - (end - window.length)) / _MS
        right = (end - ended) / _MS
        mean = sampled / (last - first)
        zero = _since_zero(result, part.values[first], sampled) if how.counter else None
        reach = _reach(sampled, mean, (left, right), zero, zero_first=zero_first)
        factor = reach / sampled
        if how.a_second:
            factor /= window.length / _MS
        result *= factor
    return result.reshape(window.low.shape)


def _since_zero(result: Floats, value: Floats, sampled: Floats) -> Floats:
    """Seconds since the counter was zero, if it grew in a straight line; Inf where that is moot."""
    grew = (result > 0) & (value >= 0)
    return np.where(grew, sampled * (value / result), np.inf)


def _reach(
    sampled: Floats,
    mean: Floats,
    edges: tuple[Floats, Floats],
    zero: Floats | None,
    *,
    zero_first: bool,
) -> Floats:
    """Seconds that the samples speak for."""
    left, right = edges
    threshold, half = mean * _THRESHOLD, mean / 2
    if zero is not None and zero_first:
        left = np.where(zero < left, zero, left)
    left = np.where(left >= threshold, half, left)
    if zero is not None and not zero_first:
        left = np.where(zero < left, zero, left)
    return sampled + left + np.where(right >= threshold, half, right)
