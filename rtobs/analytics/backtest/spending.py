"""When the budget was spent, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.histories import Histories
from rtobs.analytics.slo.schedule import MINUTE, TILE, milliseconds
from rtobs.analytics.slo.windows import Range, Times, Values
from rtobs.model.slo import ResolvedSlo

__all__ = ["Spending", "spending", "spent_in"]

_LATE: Final = 1000 * TILE.seconds


@dataclass(frozen=True, slots=True)
class Spending:
    """The budget that was spent, as a share of what an SLO window of average traffic allows.

    One measure for the whole history, so shares of different times can be added.

    Attributes:
        slo_id: the SLO.
        groups: its groups, sorted.
        times: moments of the one-minute evaluations, in milliseconds.
        sums: groups x (times + 1), the share that was spent before each moment.
    """

    slo_id: str
    groups: tuple[str, ...]
    times: Times
    sums: Values

    def between(self, row: int, start: int, end: int) -> float:
        """The share that one group spent in [start, end), in milliseconds."""
        first, last = np.searchsorted(self.times, (start, end))
        return float(self.sums[row, last] - self.sums[row, first])

    def of(self, group: str, start: int, end: int) -> float:
        """The share that an incident in [start, end) spent, in milliseconds.

        By the group that spent most, where "" stands for all. A rate of five minutes tells of what
        was bad for as long after it, and that belongs to it.
        """
        rows = [row for row, name in enumerate(self.groups) if group in ("", name)]
        return max((self.between(row, start, end + _LATE) for row in rows), default=0.0)


def spending(series: Histories, slo: ResolvedSlo) -> Spending:
    """When the budget of an SLO was spent.

    The allowance is error budget x events of an SLO window; those are the events of the history,
    stretched from the tiles that it has to the length of the window.
    """
    everything = Range(series.long[-1:], np.array([0]), np.array([len(series.long)]))
    if not len(series.long):
        allowed: Values = np.zeros((len(series.groups), 1))
    else:
        tiles = np.maximum(series.total_tiles.count(everything), 1)
        mean = series.total_tiles.total(everything).values / tiles
        allowed = budget_number(slo) * mean * (slo.window.seconds / TILE.seconds)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(allowed > 0, series.bad.sums * MINUTE.seconds / allowed, 0.0)
    return Spending(slo.slo_id, series.groups, series.fast, shares)


def spent_in(found: Sequence[Spending], incidents: pl.DataFrame) -> list[float | None]:
    """The share of the budget of an SLO window that each incident spent.

    None for an SLO without history; otherwise see `Spending.of`.

    Args:
        found: of the SLOs.
        incidents: INCIDENTS.
    """
    by_id = {one.slo_id: one for one in found}
    return [_spent(by_id.get(row["slo_id"]), row) for row in incidents.iter_rows(named=True)]


def _spent(own: Spending | None, incident: Mapping[str, Any]) -> float | None:
    if own is None:
        return None
    start, end = (milliseconds(incident[edge]) for edge in ("start", "end"))
    return own.of(incident["group"], start, end)
