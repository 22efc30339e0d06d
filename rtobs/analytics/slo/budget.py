"""The rolling budget at every evaluation, as `slo:period_error_budget_remaining:ratio` has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import BUDGET, MINUTES, check, empty
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.histories import Histories, histories, table
from rtobs.analytics.slo.schedule import TILE
from rtobs.analytics.slo.windows import Reading, ranges, ratio
from rtobs.model.slo import ResolvedSlo

__all__ = ["Period", "period", "period_frame", "rolling_budget"]


@dataclass(frozen=True, slots=True)
class Period:
    """The window of an SLO at every evaluation of its five-minute group.

    Attributes:
        total: what was counted.
        bad: what of it was bad.
        burn: `slo:period_burn_rate:ratio`, the share of the budget that is spent.
        coverage: `slo:period_coverage:ratio`, the share of the window that has tiles.
    """

    total: Reading
    bad: Reading
    burn: Reading
    coverage: Reading


def period(series: Histories, slo: ResolvedSlo) -> Period:
    """The window of an SLO at every evaluation of its five-minute group."""
    reads = ranges(series.long, series.long, slo.window, series.dialect)
    bad, total = series.bad_tiles.total(reads), series.total_tiles.total(reads)
    burn = ratio(bad, total).per(budget_number(slo))
    tiles = series.total_tiles.count(reads)
    covered = np.minimum(tiles / (slo.window.seconds // TILE.seconds), 1.0)
    return Period(total, bad, burn, Reading(series.long, covered, tiles > 0))


def rolling_budget(tiles: pl.DataFrame, slo: ResolvedSlo, *, dialect: Dialect) -> pl.DataFrame:
    """What is left of the budget of the window that ends at each evaluation.

    Args:
        tiles: TILES.
        slo: the SLO.
        dialect: how ranges are read; up to 2.55 a window of 30 days holds 8,641 tiles.

    Returns:
        BUDGET. `consumed` and `remaining` are null where nothing happened in the whole window.

    Raises:
        FrameError: the frame is no TILES.
    """
    series = histories(empty(MINUTES), slo.slo_id, dialect=dialect, tiles=tiles)
    return period_frame(series, slo, period(series, slo))


def period_frame(series: Histories, slo: ResolvedSlo, found: Period) -> pl.DataFrame:
    """The window of an SLO as BUDGET."""
    burn = found.burn
    columns = {
        "total": found.total,
        "bad": found.bad,
        "consumed": burn,
        "remaining": Reading(burn.times, 1 - burn.values, burn.present),
        "coverage": found.coverage,
    }
    return check(table(slo.slo_id, series.groups, found.coverage.present, columns), BUDGET)
