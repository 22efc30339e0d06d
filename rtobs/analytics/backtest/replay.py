"""What the alerts of an SLO would have done over its recorded history.

The same numbers are computed that the generated rules record, and the same conditions are asked at
the same evaluations, so the alerts are those of a Prometheus that had run the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from rtobs import conventions as names
from rtobs.analytics.backtest.conditions import Condition, burning, exhausted
from rtobs.analytics.backtest.spending import Spending, spending
from rtobs.analytics.backtest.states import firing, stretches
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import ALERTS, check
from rtobs.analytics.slo.budget import Period, period, period_frame
from rtobs.analytics.slo.burn import Ratios, burn_of
from rtobs.analytics.slo.histories import histories
from rtobs.analytics.slo.schedule import Schedule, moment
from rtobs.analytics.slo.tiles import tiles_of
from rtobs.conventions import Severity
from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["Bench", "Replay", "bench", "replay"]

_ALWAYS: Final = Schedule()
_AT_ONCE: Final = Duration(0)
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bench:
    """The history of one SLO, read once; every policy is tried on it.

    Attributes:
        slo: the SLO.
        ratios: its error ratios.
        period: its budget.
        spending: when the budget was spent.
    """

    slo: ResolvedSlo
    ratios: Ratios
    period: Period
    spending: Spending

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """First and last evaluation; None when there is no history."""
        fast = self.ratios.series.fast
        return (moment(fast[0]), moment(fast[-1])) if len(fast) else None

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of the SLO that were seen, sorted."""
        return self.ratios.series.groups

    @property
    def tiles(self) -> pl.DataFrame:
        """TILES: as they were recorded, or made of the minutes."""
        return tiles_of(self.slo.slo_id, self.ratios.series)

    @property
    def budget(self) -> pl.DataFrame:
        """BUDGET at every evaluation of the five-minute group."""
        return period_frame(self.ratios.series, self.slo, self.period)

    def burn(self, windows: Iterable[Duration]) -> pl.DataFrame:
        """BURN of some windows, exactly as the rules record them."""
        return burn_of(self.ratios, self.slo, windows)

    def alerts(self, tiers: Sequence[Tier]) -> pl.DataFrame:
        """What would have fired with these tiers, as ALERTS."""
        rows = [
            row
            for tier in tiers
            for row in self._rows(
                (names.BUDGET_BURN, tier.name, tier.severity),
                burning(self.ratios, self.slo, tier),
                tier.keep_firing_for,
            )
        ]
        spent = (names.BUDGET_EXHAUSTED, "", Severity.WARNING)
        rows += self._rows(spent, exhausted(self.period), _AT_ONCE)
        return check(pl.DataFrame(rows, schema=dict(ALERTS.columns)).sort(ALERTS.key), ALERTS)

    def _rows(
        self, labels: tuple[str, str, Severity], condition: Condition, keep: Duration
    ) -> Iterator[Row]:
        alert, tier, severity = labels
        for row in np.flatnonzero(condition.holds.any(axis=1)):
            fires = firing(condition.holds[row], condition.times, _AT_ONCE, keep)
            for begin, end in zip(*stretches(fires), strict=True):
                yield {
                    "slo_id": self.slo.slo_id,
                    "group": self.groups[row],
                    "alert": alert,
                    "tier": tier,
                    "severity": str(severity),
                    **self._interval(condition, int(row), begin, end),
                }

    def _interval(self, condition: Condition, row: int, begin: int, end: int) -> Row:
        times = condition.times
        over = end == len(times)
        start, until = int(times[begin]), int(times[-1]) + 1 if over else int(times[end])
        return {
            "start": moment(start),
            "end": None if over else moment(until),
            "peak_burn": condition.peak(row, begin, end),
            "budget_spent": self.spending.between(row, start, until),
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What the alerts of an SLO would have done.

    Attributes:
        slo: the SLO.
        tiers: the tiers that were tried.
        alerts: ALERTS.
        budget: BUDGET at every evaluation of the five-minute group.
        spending: when the budget was spent.
        span: first and last evaluation; None when there is no history.
    """

    slo: ResolvedSlo
    tiers: tuple[Tier, ...]
    alerts: pl.DataFrame
    budget: pl.DataFrame
    spending: Spending
    span: tuple[datetime, datetime] | None


def bench(
    minutes: pl.DataFrame,
    slo: ResolvedSlo,
    *,
    dialect: Dialect,
    tiles: pl.DataFrame | None = None,
    schedule: Schedule = _ALWAYS,
) -> Bench:
    """Read the history of an SLO once, to try policies on it.

    Args:
        minutes: MINUTES; rows of other SLOs are left out.
        slo: the SLO.
        dialect: how the Prometheus that runs the rules reads ranges.
        tiles: TILES that were recorded; made from the minutes when None.
        schedule: when the rules ran.

    Raises:
        FrameError: a frame is no MINUTES or no TILES.
    """
    series = histories(minutes, slo.slo_id, dialect=dialect, tiles=tiles, schedule=schedule)
    return Bench(slo, Ratios(series), period(series, slo), spending(series, slo))


def replay(
    minutes: pl.DataFrame,
    slo: ResolvedSlo,
    *,
    dialect: Dialect,
    tiers: Iterable[Tier] | None = None,
    tiles: pl.DataFrame | None = None,
    schedule: Schedule = _ALWAYS,
) -> Replay:
    """Alerts and budget of an SLO, as the generated rules would have had them.

    Args:
        minutes: MINUTES, the samples of the one-minute rules.
        slo: the SLO.
        dialect: how the Prometheus that runs the rules reads ranges.
        tiers: tiers of the alerts, by default the SLO's own: what `rtobs generate` ships.
        tiles: TILES, the samples of the five-minute rules; made from the minutes when None.
        schedule: when the rules ran.

    Returns:
        Intervals of SLOBudgetBurn for each tier and of SLOBudgetExhausted, and the budget. No alert
        fires before its windows have data, just as in a Prometheus that starts empty.

    Raises:
        FrameError: a frame is no MINUTES or no TILES.
    """
    own = bench(minutes, slo, dialect=dialect, tiles=tiles, schedule=schedule)
    tried = slo.tiers if tiers is None else tuple(tiers)
    return Replay(slo, tried, own.alerts(tried), own.budget, own.spending, own.span)
