"""When the expressions of the alerts of an SLO hold (`rtobs.rules.alerts`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rtobs.analytics.slo.budget import Period
from rtobs.analytics.slo.burn import Ratios, budget_number
from rtobs.analytics.slo.windows import History, Mask, Reading, Times, ranges
from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration
from rtobs.model.indicator import is_sliced
from rtobs.model.number import decimal_text
from rtobs.model.slo import ResolvedSlo
from rtobs.rules.indicators import SLICES_1H
from rtobs.rules.windows import is_raw, is_tiled

__all__ = ["Condition", "burning", "exhausted"]

_HOUR: Final = Duration.parse("1h")


@dataclass(frozen=True, slots=True)
class Condition:
    """Where an alert's expression gives a value.

    Attributes:
        holds: groups x evaluations.
        ratio: what the alert is about, at the same evaluations.
        unit: how much of the ratio is a burn rate of 1.
    """

    holds: Mask
    ratio: Reading
    unit: float

    @property
    def times(self) -> Times:
        """Moments of the evaluations."""
        return self.ratio.times

    def peak(self, row: int, begin: int, end: int) -> float:
        """The highest burn rate of a group from one evaluation to before another."""
        seen = self.ratio.present[row, begin:end]
        return float(self.ratio.values[row, begin:end][seen].max()) / self.unit


def burning(ratios: Ratios, slo: ResolvedSlo, tier: Tier) -> Condition:
    """`SLOBudgetBurn` of a tier."""
    series, tiled = ratios.series, is_tiled(tier.long)
    times = series.long if tiled else series.fast
    threshold = float(decimal_text(tier.threshold))
    long, short = (ratios.read(window, tiled=tiled) for window in (tier.long, tier.short))
    bad = _bad(ratios, slo, tier.long)
    holds = long.above(threshold) & short.above(threshold) & bad.above(tier.min_bad - 0.5)
    if not is_raw(tier.long):
        half = Duration(tier.long.seconds // 2)
        fast = series.fast
        past = ranges(fast, times, _HOUR, series.dialect, half)
        holds &= series.total.count(past) > 0
    return Condition(holds, long, budget_number(slo))


def _bad(ratios: Ratios, slo: ResolvedSlo, long: Duration) -> Reading:
    """Bad events, or bad minutes, within the long window."""
    series = ratios.series
    if is_sliced(slo.indicator) and long == _HOUR:
        window = Duration.parse(SLICES_1H)
        reads = ranges(series.fast, series.fast, window, series.dialect)
        return History.of(series.slices).total(reads)
    return ratios.bad(long) if is_tiled(long) else ratios.bad(long).scaled(60)


def exhausted(found: Period) -> Condition:
    """`SLOBudgetExhausted`: spent even if everything that was not seen was good."""
    burn, coverage = found.burn, found.coverage
    with np.errstate(invalid="ignore"):
        spent = burn.values * coverage.values >= 1
    return Condition(burn.present & coverage.present & spent, burn, 1.0)
