"""Reads of recorded series at many evaluations at once, as Prometheus does one by one.

Rows of the arrays are groups, columns are moments. Prometheus sums a range with a compensated sum
(promql/functions.go, `kahanSumInc`), so a difference of plain running sums would not do: it leaves
1e-12 where nothing was bad. The running sums here carry their own rounding errors (Ogita, Rump and
Oishi, "Accurate sum and dot product", 2005), and the sum of a window comes out correctly rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from rtobs.analytics.dialect import Dialect
from rtobs.model.duration import Duration

__all__ = ["LOOKBACK", "History", "Mask", "Range", "Reading", "Times", "Values", "ranges", "ratio"]

Times = npt.NDArray[np.int64]  # milliseconds since 1970, ascending
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_Number = TypeVar("_Number", np.float64, np.int64)

LOOKBACK: Final = Duration.parse("5m")
_NOW: Final = Duration(0)


@dataclass(frozen=True, slots=True)
class Range:
    """Which samples each evaluation reads.

    Attributes:
        at: moments of the evaluations.
        first: index of the first sample.
        end: index after the last one.
    """

    at: Times
    first: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]


def ranges(
    times: Times, at: Times, window: Duration, dialect: Dialect, ago: Duration = _NOW
) -> Range:
    """The samples in the range of `window` that ended `ago` before each evaluation.

    Args:
        times: moments of the samples.
        at: moments of the evaluations.
        window: length of the range.
        dialect: whether a sample on the left edge belongs to it.
        ago: the `offset`.
    """
    until = at - 1000 * ago.seconds
    left = until - 1000 * window.seconds
    if dialect.closed == "both":
        first = np.searchsorted(times, left, side="left")
    else:
        first = np.searchsorted(times, left, side="right")
    if at is times and not ago.seconds:
        return Range(at, first, np.arange(1, len(times) + 1))
    return Range(at, first, np.searchsorted(times, until, side="right"))


@dataclass(frozen=True, slots=True)
class Reading:
    """Samples of one series of every group: a recorded one, or what an expression gives.

    Attributes:
        times: moments of the evaluations, ascending.
        values: groups x times; without meaning where nothing is present.
        present: where there is a value; elsewhere the rule ran and gave nothing.
    """

    times: Times
    values: Values
    present: Mask

    def above(self, limit: float) -> Mask:
        """Where the value is greater, as `> limit` keeps it."""
        kept: Mask = self.present & (self.values > limit)
        return kept

    def scaled(self, factor: float) -> Reading:
        """Every value times a number."""
        return Reading(self.times, self.values * factor, self.present)

    def per(self, divisor: float) -> Reading:
        """Every value by a number, which is not the same as times its inverse."""
        return Reading(self.times, self.values / divisor, self.present)

    def newest(self, at: Times, dialect: Dialect) -> Reading:
        """What an instant read gives at other moments.

        The newest evaluation counts: what it did not give is stale, however fresh the one before.
        """
        found = ranges(self.times, at, LOOKBACK, dialect)
        if not len(self.times):
            nothing = np.zeros((len(self.values), len(at)))
            return Reading(at, nothing, nothing > 0)
        index = np.maximum(found.end - 1, 0)
        seen = self.present[:, index] & (found.end > found.first)
        return Reading(at, self.values[:, index], seen)


def ratio(part: Reading, whole: Reading) -> Reading:
    """`part / (whole > 0)`: nothing where one is absent or nothing happened."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = part.values / whole.values
    return Reading(part.times, values, part.present & whole.above(0))


@dataclass(frozen=True, slots=True)
class History:
    """A recorded series of every group with running sums, so that any window costs the same.

    Attributes:
        samples: the series.
        sums: groups x (times + 1), running sums of the finite samples.
        errors: the same of what rounding lost in `sums`.
        counts: running counts of samples.
    """

    samples: Reading
    sums: Values
    errors: Values
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, samples: Reading) -> History:
        """A series with its running sums."""
        usable = samples.present & np.isfinite(samples.values)
        finite = np.where(usable, samples.values, 0.0)
        sums = _running(finite)
        errors = _running(_rounding(sums[:, :-1], finite, sums[:, 1:]))
        return cls(samples, sums, errors, _running(samples.present.astype(np.int64)))

    def total(self, window: Range) -> Reading:
        """`sum_over_time`: a value where the window holds a sample."""
        upper, lower = self.sums[:, window.end], self.sums[:, window.first]
        high = upper - lower
        lost = self.errors[:, window.end] - self.errors[:, window.first]
        values = high + (_rounding(upper, -lower, high) + lost)
        if not np.isfinite(self.samples.values[self.samples.present]).all():
            values = values + self._odd(window)
        return Reading(window.at, values, self.count(window) > 0)

    def count(self, window: Range) -> npt.NDArray[np.int64]:
        """`count_over_time`, with 0 for an empty window."""
        found: npt.NDArray[np.int64] = self.counts[:, window.end] - self.counts[:, window.first]
        return found

    def _odd(self, window: Range) -> Values:
        """What samples that are NaN or infinite make of the sum of a window."""
        values = np.where(self.samples.present, self.samples.values, 0.0)
        added = np.zeros((len(values), len(window.at)))
        for odd, same in (
            (np.inf, values == np.inf),
            (-np.inf, values == -np.inf),
            (np.nan, np.isnan(values)),
        ):
            met = _running(same.astype(np.int64))
            with np.errstate(invalid="ignore"):
                added += np.where(met[:, window.end] > met[:, window.first], odd, 0.0)
        return added


def _running(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Running sums along the rows, with a 0 before the first."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), dtype=values.dtype)
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _rounding(left: Values, right: Values, total: Values) -> Values:
    """What rounding lost in `total = left + right` (Knuth's two-sum)."""
    back = total - left
    lost: Values = (left - (total - back)) + (right - back)
    return lost
