"""How far the true share of bad events may lie from the one that was counted.

Formulas: Wilson (1927), J. Am. Stat. Assoc. 22:209; Clopper and Pearson (1934), Biometrika 26:404;
Newcombe (1998), Statistics in Medicine 17:857 and 17:873 (method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from scipy import special

__all__ = ["Interval", "clopper_pearson", "newcombe", "normal_quantile", "wilson", "wilson_at"]

_ROUNDING: Final = 1e-9  # counts are products of rates; a share may come out as 1.0000000001


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and where the truth may lie.

    Attributes:
        estimate: what was counted; NaN when nothing was.
        low: lower bound.
        high: upper bound.
        level: share of such intervals that hold the truth, as stated.
    """

    estimate: float
    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def wilson(
    bad: float, total: float, *, level: float = 0.95, overdispersion: float = 1.0
) -> Interval:
    """The score interval of a share: right on average, also for few events.

    Args:
        bad: bad events.
        total: all events; counts may be fractions, as Prometheus extrapolates.
        level: share of such intervals that hold the truth.
        overdispersion: how much more counts vary than single events would, at least 1.

    Returns:
        The share of bad events and its bounds; [0, 1] when there were no events.

    Raises:
        ValueError: the numbers are no counts.
    """
    return wilson_at(bad, total, normal_quantile(level), level, overdispersion)


def wilson_at(
    bad: float, total: float, quantile: float, level: float, overdispersion: float = 1.0
) -> Interval:
    """The score interval for a quantile of the caller's, such as one of Student's t."""
    share, size = _sample(bad, total, overdispersion)
    if size == 0:
        return Interval(math.nan, 0.0, 1.0, level)
    square = quantile**2 / size
    centre = (share + square / 2) / (1 + square)
    half = math.sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return Interval(share, low, high, level)


def clopper_pearson(
    bad: float, total: float, *, level: float = 0.95, overdispersion: float = 1.0
) -> Interval:
    """The exact interval of a share: never holds the truth less often than it says.

    Arguments and errors are those of `wilson`. Wider, for verdicts that must stand.
    """
    _check_level(level)
    share, size = _sample(bad, total, overdispersion)
    if size == 0:
        return Interval(math.nan, 0.0, 1.0, level)
    tail = (1 - level) / 2
    count, rest = share * size, (1 - share) * size
    low = 0.0 if share == 0 else float(special.betaincinv(count, rest + 1, tail))
    high = 1.0 if share == 1 else float(special.betaincinv(count + 1, rest, 1 - tail))
    return Interval(share, low, high, level)


def newcombe(before: Interval, after: Interval) -> Interval:
    """The interval of a difference of shares, from the interval of each (Wilson's).

    Args:
        before: interval of the share that is subtracted.
        after: interval of the other one, of the same level.

    Returns:
        after - before; [-1, 1] when one of them counted nothing.
    """
    difference = after.estimate - before.estimate
    if math.isnan(difference):
        return Interval(difference, -1.0, 1.0, after.level)
    down = math.hypot(after.estimate - after.low, before.high - before.estimate)
    up = math.hypot(after.high - after.estimate, before.estimate - before.low)
    return Interval(difference, difference - down, difference + up, after.level)


def normal_quantile(level: float) -> float:
    """How many standard deviations on both sides hold `level` of a normal distribution."""
    _check_level(level)
    return float(special.ndtri((1 + level) / 2))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, such as 0.95; {level} does not")


def _sample(bad: float, total: float, overdispersion: float) -> tuple[float, float]:
    """The share of bad events and the effective number of events."""
    if not (0 <= bad <= total * (1 + _ROUNDING) and math.isfinite(total)):
        raise ValueError(f"{bad} bad events of {total} are no counts")
    if not overdispersion >= 1:
        raise ValueError(f"overdispersion is at least 1; {overdispersion} is not")
    share = min(bad / total, 1.0) if total else math.nan
    return share, total / overdispersion
