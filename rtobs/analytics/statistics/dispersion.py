"""How much more bad events cluster than single, independent ones would.

An outage makes thousands of events bad at once. Intervals that count each as its own experiment are
then far too narrow. The factor is Pearson's chi-square over its degrees of freedom: McCullagh and
Nelder (1989), Generalized Linear Models, section 4.5.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.frames import Schema
from rtobs.analytics.statistics.timeline import Timeline, tiles_in, timelines
from rtobs.model.duration import Duration

__all__ = ["DISPERSION", "dispersion", "effective_size", "overdispersion", "pearson", "periods"]

DAY: Final = Duration.parse("1d")

DISPERSION: Final = Schema(
    "dispersion",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "periods": pl.UInt32,  # periods that had events
        "total": pl.Float64,  # events
        "bad": pl.Float64,
        "overdispersion": pl.Float64,  # at least 1; null: fewer than two periods
        "effective_total": pl.Float64,  # independent events that would say as much
    },
    ("slo_id", "group"),
)


def pearson(bad: npt.ArrayLike, total: npt.ArrayLike) -> tuple[float, int]:
    """Pearson's chi-square of counts around their common share, and its degrees of freedom."""
    counts, sizes = np.asarray(bad, dtype=float), np.asarray(total, dtype=float)
    counts, sizes = counts[sizes > 0], sizes[sizes > 0]
    freedom = max(len(sizes) - 1, 0)
    share = counts.sum() / sizes.sum() if freedom else 0.0
    if not 0 < share < 1:
        return 0.0, freedom
    expected = sizes * share
    return float(((counts - expected) ** 2 / (expected * (1 - share))).sum()), freedom


def overdispersion(bad: npt.ArrayLike, total: npt.ArrayLike) -> float:
    """Variance of counts over the variance that independent events would have.

    Args:
        bad: bad events of each period, such as a day.
        total: events of each period; periods without events are left out.

    Returns:
        At least 1: where counts vary less than chance would, nothing is gained by believing it.

    Raises:
        ValueError: fewer than two periods have events.
    """
    square, freedom = pearson(bad, total)
    if freedom == 0:
        raise ValueError("overdispersion needs at least two periods with events")
    return max(1.0, square / freedom)


def effective_size(total: float, factor: float) -> float:
    """How many independent events say as much as `total` clustered ones.

    Raises:
        ValueError: the factor is below 1.
    """
    if not factor >= 1:
        raise ValueError(f"overdispersion is at least 1; {factor} is not")
    return total / factor


def dispersion(tiles: pl.DataFrame, *, period: Duration = DAY) -> pl.DataFrame:
    """The overdispersion of every SLO and group.

    Args:
        tiles: TILES.
        period: what is counted together; longer than what makes events bad together, and a whole
            day where traffic has a daily season.

    Returns:
        DISPERSION, one row for each group.
    """
    rows = [_row(line, period) for line in timelines(tiles)]
    return pl.DataFrame(rows, schema=dict(DISPERSION.columns), orient="row")


def periods(line: Timeline, period: Duration) -> tuple[npt.NDArray[np.float64], ...]:
    """Bad and total events of each period, from the first tile on; the last may be shorter."""
    starts = np.arange(0, len(line), tiles_in(period, line.step))
    return np.add.reduceat(line.bad, starts), np.add.reduceat(line.total, starts)


def _row(line: Timeline, period: Duration) -> tuple[object, ...]:
    bad, total = periods(line, period)
    square, freedom = pearson(bad, total)
    factor = max(1.0, square / freedom) if freedom else None
    events = float(line.total.sum())
    effective = effective_size(events, factor) if factor else None
    count = int((total > 0).sum())
    return line.slo_id, line.group, count, events, float(line.bad.sum()), factor, effective
