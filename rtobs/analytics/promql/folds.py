"""Values of series added to a group one after another, in the order and precision of a server.

Floats depend on the order in which they are added, and servers on how (promql/engine.go,
`aggregation`; promql/functions.go, `kahanSumInc`):

    sum  up to 2.55 a plain sum; from 3.0 on what rounding lost is carried along (Neumaier)
    avg  up to 2.55 the mean is corrected by each value; from 3.0 on it is the sum by the number,
         and the corrected mean only from where the sum would become infinite

The later servers of the dialect v2.51 already add as 3.0 does; it does not tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.dialect import Dialect

__all__ = ["Aggregation", "Fold"]

Aggregation = Literal["sum", "min", "max", "avg", "count"]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = slice | NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Fold:
    """An aggregation of many points at once.

    Attributes:
        function: which.
        dialect: of the server whose bits are wanted.
        value: what there is so far.
        lost: what rounding took from it.
        count: how many values were added.
        corrected: whether the value is a mean already, since the sum would be infinite.
    """

    function: Aggregation
    dialect: Dialect
    value: Floats
    lost: Floats
    count: Floats
    corrected: Bools

    @classmethod
    def empty(cls, function: Aggregation, dialect: Dialect, size: int) -> Fold:
        """Nothing yet at so many points."""
        value, lost, count = np.zeros((3, size))
        return cls(function, dialect, value, lost, count, np.zeros(size, dtype=np.bool_))

    def add(self, at: Places, values: Floats) -> None:
        """Add the values of one series, each to a point of its own."""
        self.count[at] += 1
        with np.errstate(invalid="ignore", over="ignore"):  # Inf - Inf is NaN, as in Prometheus
            match self.function:
                case "sum" if self.dialect is Dialect.V3:
                    value, self.lost[at] = _compensated(values, self.value[at], self.lost[at])
                case "sum":
                    value = self.value[at] + values
                case "avg" if self.dialect is Dialect.V3:
                    value = self._averaged(at, values)
                case "avg":
                    value = _corrected(values, self.value[at], self.count[at])
                case "min":
                    value = np.fmin(self.value[at], values)
                case "max":
                    value = np.fmax(self.value[at], values)
                case "count":
                    value = self.count[at]
        if self.function != "count":
            # The first value is taken as it is.
            value = np.where(self.count[at] == 1, values, value)
        self.value[at] = value

    def _averaged(self, at: Places, values: Floats) -> Floats:
        count, before, lost = self.count[at], self.value[at], self.lost[at]
        corrected = self.corrected[at]
        total, error = _compensated(values, before, lost)
        starts = ~corrected & np.isinf(total) & (count > 1)
        if not (corrected.any() or starts.any()):
            self.lost[at] = error
            return total
        ones = np.where(starts, count - 1, 1.0)
        rest = (count - 1) / count
        mean, off = _compensated(values / count, rest * (before / ones), rest * (lost / ones))
        corrected |= starts
        self.corrected[at], self.lost[at] = corrected, np.where(corrected, off, error)
        return np.where(corrected, mean, total)

    def result(self) -> Floats:
        """The value at every point; meaningless where nothing was added."""
        with np.errstate(all="ignore"):
            if self.function == "avg" and self.dialect is Dialect.V3:
                parts = self.value / self.count + self.lost / self.count
                return np.where(self.corrected, self.value + self.lost, parts)
            return self.value + self.lost


def _compensated(values: Floats, total: Floats, lost: Floats) -> tuple[Floats, Floats]:
    """The new total, and what rounding has lost of it so far."""
    after = total + values
    larger = np.abs(total) >= np.abs(values)
    error = np.where(larger, (total - after) + values, (values - after) + total)
    return after, np.where(np.isinf(after), 0.0, lost + error)


def _corrected(values: Floats, mean: Floats, count: Floats) -> Floats:
    """The new mean; one that is infinite stays so unless NaN or the other infinity comes."""
    stays = np.isinf(mean) & (np.isfinite(values) | (values == mean))
    return np.where(stays, mean, mean + (values / count - mean / count))
