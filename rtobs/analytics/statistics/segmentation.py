"""Where a series changes: the segmentation with the least cost plus a penalty for each change.

PELT finds the same segmentation as trying all of them, mostly in linear time: Killick, Fearnhead
and Eckley (2012), J. Am. Stat. Assoc. 107:1590. Costs are twice the negative log-likelihood of the
best parameters of a segment, so splitting one never costs more and pruning is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from rtobs.analytics.statistics.timeline import Floats

__all__ = ["BinomialCost", "Cost", "NormalCost", "pelt"]

Places = npt.NDArray[np.int64]

# Of the variance of all: equal values would cost minus infinity, and sums have rounding errors.
_LEAST_VARIANCE: Final = 1e-6


class Cost(Protocol):
    """What a segment costs; must not grow when a segment is split."""

    def __len__(self) -> int:
        """Length of the series."""
        ...

    def of(self, starts: Places, end: int) -> Floats:
        """Cost of the segments [start, end) for each start."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class NormalCost:
    """Segments differ in mean and variance of a normal distribution.

    For logarithms of latencies and other values without bounds.
    """

    count: int
    sums: Floats
    squares: Floats
    least: float

    @classmethod
    def fit(cls, values: npt.ArrayLike) -> NormalCost:
        """The cost for a series of finite values."""
        numbers = np.asarray(values, dtype=float)
        if not np.isfinite(numbers).all():
            raise ValueError("values must be finite; leave out what is not")
        variance = float(numbers.var()) if len(numbers) else 0.0
        # Sums of squares keep their digits when the values lie around 0.
        centred = numbers - numbers.mean() if len(numbers) else numbers
        least = max(variance * _LEAST_VARIANCE, np.finfo(float).tiny)
        return cls(len(numbers), _prefix(centred), _prefix(centred**2), least)

    def __len__(self) -> int:
        return self.count

    def of(self, starts: Places, end: int) -> Floats:
        """Cost of the segments [start, end) for each start."""
        size = end - starts
        around = self.squares[end] - self.squares[starts]
        squares = np.maximum(around - (self.sums[end] - self.sums[starts]) ** 2 / size, 0.0)
        variance = np.maximum(squares / size, self.least)
        cost: Floats = size * np.log(2 * math.pi * variance) + squares / variance
        return cost


@dataclass(frozen=True, slots=True, eq=False)
class BinomialCost:
    """Segments differ in the share of bad events; steps with more events weigh more."""

    bad: Floats
    good: Floats
    overdispersion: float

    @classmethod
    def fit(
        cls, bad: npt.ArrayLike, total: npt.ArrayLike, *, overdispersion: float = 1.0
    ) -> BinomialCost:
        """The cost for a series of counts."""
        counts, sizes = np.asarray(bad, dtype=float), np.asarray(total, dtype=float)
        good = np.maximum(sizes - counts, 0.0)
        return cls(_prefix(counts), _prefix(good), overdispersion)

    def __len__(self) -> int:
        return len(self.bad) - 1

    def of(self, starts: Places, end: int) -> Floats:
        """Cost of the segments [start, end) for each start."""
        bad = np.maximum(self.bad[end] - self.bad[starts], 0.0)
        good = np.maximum(self.good[end] - self.good[starts], 0.0)
        total = np.maximum(bad + good, np.finfo(float).tiny)
        terms = special.xlogy(bad, bad / total) + special.xlogy(good, good / total)
        cost: Floats = -2 * terms / self.overdispersion
        return cost


def pelt(cost: Cost, *, penalty: float, least: int = 2) -> tuple[int, ...]:
    """Where the segments of the cheapest segmentation begin, without the first.

    Args:
        cost: of a segment.
        penalty: of each change, in units of twice a log-likelihood.
        least: shortest segment, in steps.

    Returns:
        Places in the series, ascending; none when one segment is best.

    Raises:
        ValueError: the penalty is negative or the shortest segment is empty.
    """
    if not penalty >= 0 or least < 1:
        raise ValueError("a penalty is at least 0 and a segment at least one step")
    size = len(cost)
    best = np.full(size + 1, np.inf)
    best[0] = -penalty
    origin = np.zeros(size + 1, dtype=np.int64)
    starts = np.zeros(0, dtype=np.int64)
    # A start that lost at `end` may win until a segment fits behind `end`.
    expiry = np.zeros(0, dtype=np.int64)
    for end in range(least, size + 1):
        alive = expiry > end
        starts = np.append(starts[alive], end - least)
        expiry = np.append(expiry[alive], size + 1)
        costs = best[starts] + cost.of(starts, end)
        place = int(costs.argmin())
        best[end] = costs[place] + penalty
        origin[end] = starts[place]
        lost = costs >= best[end]
        expiry[lost] = np.minimum(expiry[lost], end + least)
    return _traced(origin, size)


def _traced(origin: Places, size: int) -> tuple[int, ...]:
    found = []
    place = int(origin[size])
    while place > 0:
        found.append(place)
        place = int(origin[place])
    return tuple(reversed(found))


def _prefix(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])
