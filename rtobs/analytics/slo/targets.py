"""Which objective could have been kept, and what each would have cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TILES, Schema, check
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.statistics.bootstrap import Resampling, block_bootstrap
from rtobs.analytics.statistics.timeline import timelines
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["COSTS", "LADDER", "TARGETS", "recommend_target", "target_costs"]

TARGETS: Final = Schema(
    "recommended objectives",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "objective": pl.Float64,  # largest that the wanted share of windows met
        "low": pl.Float64,  # bounds of what it would be in the long run; null: too little data
        "high": pl.Float64,
        "advised": pl.String,  # largest of the usual ones that is not above `low`; null: none
        "share": pl.Float64,  # share of windows that were to meet it
        "windows": pl.UInt32,  # windows that were looked at, one a tile; they overlap
        "independent": pl.Float64,  # windows that the data would hold side by side
    },
    ("slo_id", "group"),
)
COSTS: Final = Schema(
    "costs of objectives",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "objective": pl.String,  # as it is written in a definition
        "budget_minutes": pl.Float64,  # of complete outage that a window allows
        "budget_events": pl.Float64,  # bad events that a window of mean traffic allows
        "missed": pl.Float64,  # share of windows that missed it
        "typical": pl.Float64,  # median share of the budget that a window spent
        "worst": pl.Float64,  # the largest
        "worst_minutes": pl.Float64,  # minutes of outage by which the worst window overspent, or 0
    },
    ("slo_id", "group", "objective"),
)
LADDER: Final = tuple(
    Decimal(text)
    for text in ("0.9", "0.95", "0.99", "0.995", "0.999", "0.9995", "0.9999", "0.99995", "0.99999")
)
_TILE: Final = Duration.parse(names.LONG_INTERVAL)
_COVERED: Final = 0.9  # as the alert on coverage
_SOME: Final = Resampling(draws=500)

Floats = npt.NDArray[np.float64]


def recommend_target(
    tiles: pl.DataFrame,
    slo: ResolvedSlo,
    *,
    share: float = 0.95,
    dialect: Dialect,
    resampling: Resampling = _SOME,
    seed: int = 0,
) -> pl.DataFrame:
    """The largest objective that a share of the rolling windows met.

    The interval is that of a block bootstrap of the tiles, days by default. Windows overlap, so
    even thousands of them may say little: `independent` tells how little.

    Args:
        tiles: TILES, longer than the window of the SLO.
        slo: whose; its objective does not matter.
        share: share of windows that are to meet the objective.
        dialect: how ranges are read.
        resampling: how the interval is made.
        seed: of the bootstrap; the same seed gives the same interval.

    Returns:
        TARGETS, one row for each group whose bad events were counted.

    Raises:
        FrameError: the frame is no TILES, or no window is covered to nine tenths and counts bad
            events.
        ValueError: the share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"the share of windows lies above 0 and is at most 1; {share} does not")
    lines = {line.group: line for line in timelines(_own(tiles, slo))}
    rows = []
    for group, budgets in _complete(tiles, slo, dialect):
        errors = (budgets["bad"] / budgets["total"]).clip(0, 1).to_numpy()
        own = _own(tiles, slo).filter(pl.col("group") == group)
        low, high = _bounds(own, slo.window, share, resampling, seed)
        usual = [str(step) for step in LADDER if low is not None and float(step) <= low]
        held = len(lines[group]) * _TILE.seconds / slo.window.seconds
        found = (1 - _quantile(errors, share), low, high, usual[-1] if usual else None)
        rows.append((slo.slo_id, group, *found, share, len(errors), held))
    return pl.DataFrame(rows, schema=dict(TARGETS.columns), orient="row").sort(TARGETS.key)


def target_costs(
    tiles: pl.DataFrame,
    slo: ResolvedSlo,
    *,
    dialect: Dialect,
    objectives: Sequence[Decimal] = LADDER,
) -> pl.DataFrame:
    """What each objective would have allowed, and how often it would have been missed.

    Args:
        tiles: TILES, longer than the window of the SLO.
        slo: whose.
        dialect: how ranges are read.
        objectives: what to compare.

    Returns:
        COSTS, with the objectives of each group in ascending order.

    Raises:
        FrameError: the frame is no TILES, or no window is covered to nine tenths and counts bad
            events.
        ValueError: an objective is not in (0, 1).
    """
    for objective in objectives:
        if not 0 < objective < 1:
            raise ValueError(f"an objective lies between 0 and 1, such as 0.999: {objective}")
    minutes = slo.window.seconds / 60
    rows = []
    for group, budgets in _complete(tiles, slo, dialect):
        errors = (budgets["bad"] / budgets["total"]).to_numpy()
        events = float(budgets["total"].to_numpy().mean())
        for objective in sorted(objectives):
            share = float(1 - objective)
            spent = errors / share
            worst = float(spent.max())
            rows.append(
                (
                    slo.slo_id,
                    group,
                    str(objective),
                    share * minutes,
                    share * events,
                    float((spent > 1).mean()),
                    float(np.median(spent)),
                    worst,
                    max(0.0, (worst - 1) * share * minutes),
                )
            )
    return pl.DataFrame(rows, schema=dict(COSTS.columns), orient="row").sort(COSTS.key)


def _own(tiles: pl.DataFrame, slo: ResolvedSlo) -> pl.DataFrame:
    return check(tiles, TILES).filter(pl.col("slo_id") == slo.slo_id)


def _complete(
    tiles: pl.DataFrame, slo: ResolvedSlo, dialect: Dialect
) -> Iterator[tuple[str, pl.DataFrame]]:
    """BUDGET of each group at the ends of windows that lie in the data, if bad was counted."""
    budgets = rolling_budget(_own(tiles, slo), slo, dialect=dialect)
    there = (pl.col("coverage") >= _COVERED) & (pl.col("total") > 0)
    seen = budgets.filter(there & pl.col("bad").is_not_null())
    if seen.is_empty():
        raise FrameError(
            f"no window of {slo.window} of {slo.slo_id} is covered to nine tenths and has a count"
            " of bad events: take tiles of a longer time, or an SLO with a shorter window"
        )
    for (group,), part in seen.group_by("group", maintain_order=True):
        yield str(group), part


def _quantile(errors: Floats, share: float) -> float:
    """The smallest of the error ratios that at least a share of them does not exceed."""
    return float(np.quantile(errors, share, method="inverted_cdf"))


def _bounds(
    tiles: pl.DataFrame, window: Duration, share: float, resampling: Resampling, seed: int
) -> tuple[float | None, float | None]:
    size = window.seconds // _TILE.seconds

    def objective(bad: Floats, total: Floats) -> float:
        bads, totals = (_sums(values, size) for values in (bad, total))
        there = totals > 0
        if not there.any():
            return np.nan
        return 1 - _quantile(np.clip(bads[there] / totals[there], 0, 1), share)

    try:
        found = block_bootstrap(tiles, objective, resampling=resampling, seed=seed)
    except ValueError:  # fewer blocks than a bootstrap needs
        return None, None
    return found.low, found.high


def _sums(values: Floats, size: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    width = min(size, len(values))
    found: Floats = sums[width:] - sums[:-width]
    return found
