"""Incidents to judge alerts by: given by people, or found in the history itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from rtobs.analytics.backtest.cores import cores
from rtobs.analytics.backtest.replay import Bench
from rtobs.analytics.backtest.states import stretches
from rtobs.analytics.frames import INCIDENTS, check
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.schedule import MINUTE, moment
from rtobs.analytics.slo.windows import Mask, Times
from rtobs.model.duration import Duration

__all__ = ["FOUND", "incidents"]

_SHORT: Final = Duration.parse("5m")
_JOIN: Final = Duration.parse("1h")
_MINUTE: Final = 1000 * MINUTE.seconds
_LAG: Final = 1000 * (_SHORT.seconds - MINUTE.seconds)  # how long a rate remembers what ended
FOUND: Final = "found"
Part = tuple[int, int]


def incidents(history: Bench, *, min_budget: float = 0.02, join: Duration = _JOIN) -> pl.DataFrame:
    """The significant events of a history: stretches that spend a share of the budget.

    A minute burns when its error ratio over five minutes is above the error budget, so that the
    budget would not last. Burning minutes that are not further apart than `join` are one stretch.
    An incident is the core of a stretch (`rtobs.analytics.backtest.cores`), which is without the
    single bad events at its edges, from the minute before the first to four minutes before the
    last, because the five minutes remember what has ended. One that reaches the end of the history
    is not over, and ends with it. What spends less than `min_budget` is noise.

    Args:
        history: a history, from `bench`.
        min_budget: smallest share of the budget of an SLO window.
        join: longest quiet time within one incident.

    Returns:
        INCIDENTS; the label is `FOUND`, for nobody gave them a name.
    """
    series = history.ratios.series
    rows = []
    for row, group in enumerate(series.groups):
        for begin, end in _found(history, row, min_budget, 1000 * join.seconds):
            start = int(series.fast[begin]) - _MINUTE
            last = int(series.fast[end - 1])
            over = max(last - _LAG, start + _MINUTE)
            rows.append(
                {
                    "slo_id": history.slo.slo_id,
                    "group": group,
                    "start": moment(start),
                    "end": moment(over if end < len(series.fast) else last + _MINUTE),
                    "label": FOUND,
                }
            )
    return check(pl.DataFrame(rows, schema=dict(INCIDENTS.columns)).sort(INCIDENTS.key), INCIDENTS)


def _found(history: Bench, row: int, min_budget: float, join: int) -> Iterator[Part]:
    """Incidents of a group as its first evaluation and the one after the last."""
    series, budget = history.ratios.series, budget_number(history.slo)
    bad, total = (np.diff(kept.sums[row]) for kept in (series.bad, series.total))
    spent = history.spending.sums[row]

    def counts(part: Part) -> bool:
        return bool(spent[part[1]] - spent[part[0]] >= min_budget)

    burns = history.ratios.recorded(_SHORT).above(budget)[row]
    for stretch in _joined(series.fast, burns, join):
        yield from cores(bad, budget * total, stretch, counts)


def _joined(times: Times, burns: Mask, join: int) -> Iterator[Part]:
    """Each stretch of burning evaluations: its first, and the one after its last."""
    begins, ends = stretches(burns)
    if not len(begins):
        return
    apart = np.flatnonzero(times[begins[1:]] - times[ends[:-1] - 1] > join)
    for begin, end in zip(
        begins[np.concatenate([[0], apart + 1])],
        ends[np.concatenate([apart, [len(ends) - 1]])],
        strict=True,
    ):
        yield int(begin), int(end)
