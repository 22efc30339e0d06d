"""Incidents to judge alerts by: given by people, or found in the history itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from rtobs.analytics.backtest.replay import Bench
from rtobs.analytics.backtest.states import stretches
from rtobs.analytics.frames import INCIDENTS, check
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.schedule import MINUTE, moment
from rtobs.analytics.slo.windows import Mask, Times
from rtobs.model.duration import Duration

__all__ = ["incidents"]

_SHORT: Final = Duration.parse("5m")
_JOIN: Final = Duration.parse("1h")
_MINUTE: Final = 1000 * MINUTE.seconds
_LAG: Final = 1000 * (_SHORT.seconds - MINUTE.seconds)  # how long a rate remembers what ended
Stretch = tuple[int, int]


def incidents(history: Bench, *, min_budget: float = 0.02, join: Duration = _JOIN) -> pl.DataFrame:
    """The significant events of a history: stretches that spend a share of the budget.

    A minute burns when its error ratio over five minutes is above the error budget, so that the
    budget would not last. Burning minutes that are not further apart than `join` are one stretch,
    from the minute before the first to four minutes before the last, because the five minutes
    remember what has ended. Stretches that spend less than `min_budget` are noise.

    Args:
        history: a history, from `bench`.
        min_budget: smallest share of the budget of an SLO window.
        join: longest quiet time within one incident.

    Returns:
        INCIDENTS; the label says the share.
    """
    series = history.ratios.series
    burns = history.ratios.recorded(_SHORT).above(budget_number(history.slo))
    rows = []
    for row, group in enumerate(series.groups):
        for begin, end in _joined(series.fast, burns[row], 1000 * join.seconds):
            spent = history.spending.between(row, begin, end + _MINUTE)
            if spent < min_budget:
                continue
            start = begin - _MINUTE
            rows.append(
                {
                    "slo_id": history.slo.slo_id,
                    "group": group,
                    "start": moment(start),
                    "end": moment(max(end - _LAG, start + _MINUTE)),
                    "label": f"{100 * spent:.3g}% of the budget",
                }
            )
    return check(pl.DataFrame(rows, schema=dict(INCIDENTS.columns)).sort(INCIDENTS.key), INCIDENTS)


def _joined(times: Times, burns: Mask, join: int) -> Iterator[Stretch]:
    """First and last burning moment of each stretch, in milliseconds."""
    begins, ends = stretches(burns)
    if not len(begins):
        return
    first, last = times[begins], times[ends - 1]
    apart = np.flatnonzero(first[1:] - last[:-1] > join)
    for begin, end in zip(
        first[np.concatenate([[0], apart + 1])],
        last[np.concatenate([apart, [len(last) - 1]])],
        strict=True,
    ):
        yield int(begin), int(end)
