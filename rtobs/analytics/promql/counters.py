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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.promql.grid import Grid
from rtobs.analytics.promql.index import Cells, Window
from rtobs.analytics.promql.parts import Part

__all__ = ["Extrapolation", "Resets", "kernel", "resets_of"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_THRESHOLD: Final = 1.1
_MS: Final = 1000.0
_AT_ONCE: Final = 8_192  # points, so that what lies between two steps stays in the cache


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
        at: positions of the samples after the falls, ascending, over all series of the part.
        lost: for each reset, the value before it.
    """

    at: Ints
    lost: Floats

    def restore(self, result: Floats, first: Ints, last: Ints) -> None:
        """Add what was lost between two samples to the result, in the order of Prometheus.

        Args:
            result: changed in place.
            first: positions, ascending.
            last: likewise.
        """
        some = slice(*np.searchsorted(self.at, (first[0] + 1, last[-1] + 1)).tolist())
        within = self.at[some]
        # A reset lies in the windows that end at it or later, until one begins at it.
        begins, ends = np.searchsorted(last, within), np.searchsorted(first, within)
        spans = zip(begins.tolist(), ends.tolist(), self.lost[some].tolist(), strict=True)
        for begin, end, lost in spans:
            if begin < end:
                result[begin:end] += lost


def resets_of(part: Part) -> Resets:
    """The resets of all counters of a part."""
    # A fall from one series to the next lies between no two samples of a window.
    before = np.flatnonzero(part.values[1:] < part.values[:-1])
    return Resets(before + 1, part.values[before])


def kernel(part: Part, grid: Grid, how: Extrapolation) -> Callable[[Window, Cells], None]:
    """The function on a part; the result is asked for one window after another."""
    # Milliseconds since 1970 are exact as floats, and floats are what the formulas take.
    times, ends = part.ts.astype(np.float64), grid.times.astype(np.float64)
    resets = resets_of(part) if how.counter else None
    zero_first = grid.dialect.limits_to_zero_first

    def evaluate(window: Window, cells: Cells) -> None:
        each = max(1, _AT_ONCE // len(window.low))
        for begin in range(0, len(ends), each):
            at = slice(begin, begin + each)
            low, high = window.low[:, at], window.high[:, at]
            first, last = low.ravel(), (high - 1).ravel()
            end = np.broadcast_to(ends[at], low.shape).ravel()
            with np.errstate(all="ignore"):  # windows without samples, and samples of Inf and NaN
                value = _pick(part.values, first)
                result = _pick(part.values, last) - value
                if resets is not None:
                    resets.restore(result, first, last)
                began, ended = _pick(times, first), _pick(times, last)
                span = Span(last - first, began, ended, end - window.length, end)
                zero = value if how.counter else None
                factor = _factor(span, result, zero, zero_first=zero_first)
                if how.a_second:
                    factor /= window.length / _MS
                result *= factor
                coverage = (span.last - span.first) / window.length
            cells.value[:, at] = result.reshape(low.shape)
            cells.samples[:, at] = high - low
            cells.coverage[:, at] = coverage.reshape(low.shape)

    return evaluate


def _pick(column: Floats, places: Ints) -> Floats:
    """What stands there, or nearest where there is no such place: before the first sample."""
    return column.take(places, mode="clip")


class Span(NamedTuple):
    """Windows and the samples in them; times are milliseconds.

    Attributes:
        gaps: between samples.
        first: time of the first sample.
        last: time of the last sample.
        begin: of the window.
        end: of the window.
    """

    gaps: Ints
    first: Floats
    last: Floats
    begin: Floats
    end: Floats


def _factor(span: Span, result: Floats, value: Floats | None, *, zero_first: bool) -> Floats:
    """What the result is multiplied with; of a counter, the first value is given."""
    sampled = (span.last - span.first) / _MS
    left = (span.first - span.begin) / _MS
    right = (span.end - span.last) / _MS
    mean = sampled / span.gaps
    threshold, half = mean * _THRESHOLD, mean / 2
    if value is None:
        left = np.where(left >= threshold, half, left)
    else:
        grew = (result > 0) & (value >= 0)
        # Seconds since the counter was zero, if it grew in a straight line.
        zero = sampled * (value / result)
        if zero_first:
            left = np.where(grew & (zero < left), zero, left)
        left = np.where(left >= threshold, half, left)
        if not zero_first:
            left = np.where(grew & (zero < left), zero, left)
    right = np.where(right >= threshold, half, right)
    reach: Floats = sampled + left + right
    reach /= sampled
    return reach
