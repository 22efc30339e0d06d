"""Intervals for anything that can be computed from tiles, however bad events cluster.

Blocks of time are drawn with replacement and laid side by side, so what happens together stays
together: Künsch (1989), Ann. Stat. 17:1217. Blocks wrap around the end, so that every tile is drawn
equally often: Politis and Romano (1992), in LePage and Billard, Exploring the Limits of Bootstrap.
Intervals: Efron (1987), J. Am. Stat. Assoc. 82:171 (BCa); Davison and Hinkley (1997), chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from rtobs.analytics.statistics.proportions import Interval
from rtobs.analytics.statistics.timeline import Floats, Timeline, tiles_in, timeline
from rtobs.model.duration import Duration

__all__ = ["Resampling", "block_bootstrap", "error_ratio"]

Statistic = Callable[[Floats, Floats], float]

_DAY: Final = Duration.parse("1d")
_FEWEST_BLOCKS: Final = 5


@dataclass(frozen=True, slots=True)
class Resampling:
    """How the past is drawn again.

    Attributes:
        block: length of a block; at least a day where traffic has a daily season, and longer than
            what makes events bad together.
        draws: how many pasts are drawn.
        level: share of such intervals that should hold the truth.
        method: "bca" corrects bias and skewness; "basic" mirrors and "percentile" takes the
            quantiles of the draws.
    """

    block: Duration = _DAY
    draws: int = 2000
    level: float = 0.95
    method: Literal["bca", "basic", "percentile"] = "bca"


_BY_DAY: Final = Resampling()


def error_ratio(bad: Floats, total: Floats) -> float:
    """Bad over total events; NaN without events."""
    events = total.sum()
    return float(bad.sum() / events) if events > 0 else np.nan


def block_bootstrap(
    tiles: pl.DataFrame,
    statistic: Statistic = error_ratio,
    *,
    resampling: Resampling = _BY_DAY,
    seed: int | np.random.Generator,
) -> Interval:
    """The value of a statistic and where its long-run value may lie.

    Args:
        tiles: TILES of one group of one SLO.
        statistic: of the bad and the total events of tiles in the order of time.
        resampling: how the past is drawn again.
        seed: a seed or a generator; the same seed gives the same interval.

    Returns:
        The interval. With few blocks (a month has 30 days) it holds the truth somewhat less often
        than it says.

    Raises:
        FrameError: the tiles hold no group or several.
        ValueError: the tiles hold fewer than five blocks, or the statistic is NaN in every draw.
    """
    line = timeline(tiles)
    size = tiles_in(resampling.block)
    if len(line) < _FEWEST_BLOCKS * size:
        raise ValueError(
            f"a bootstrap needs {_FEWEST_BLOCKS} blocks of {resampling.block}; take a longer time"
        )
    rng = np.random.default_rng(seed)
    estimate = statistic(line.bad[line.seen > 0], line.total[line.seen > 0])
    draws = np.array(
        [_of(line, statistic, _draw(rng, len(line), size)) for _ in range(resampling.draws)]
    )
    draws = draws[~np.isnan(draws)]
    if not len(draws):
        raise ValueError("the statistic is NaN in every draw: these tiles may hold no events")
    low, high = _bounds(line, statistic, resampling, estimate, draws)
    return Interval(estimate, low, high, resampling.level)


def _draw(rng: np.random.Generator, length: int, size: int) -> npt.NDArray[np.int64]:
    """Places of tiles: blocks that start anywhere, as long together as the past."""
    starts = rng.integers(length, size=-(-length // size))
    places = starts[:, np.newaxis] + np.arange(size)
    return places.ravel()[:length] % length


def _of(line: Timeline, statistic: Statistic, places: npt.NDArray[np.int64]) -> float:
    seen = places[line.seen[places] > 0]
    return statistic(line.bad[seen], line.total[seen])


def _bounds(
    line: Timeline, statistic: Statistic, plan: Resampling, estimate: float, draws: Floats
) -> tuple[float, float]:
    tails = np.array([(1 - plan.level) / 2, (1 + plan.level) / 2])
    if plan.method == "basic":
        low, high = np.quantile(draws, tails)
        return float(2 * estimate - high), float(2 * estimate - low)
    if plan.method == "bca":
        tails = _corrected(line, statistic, plan, estimate, draws)
    low, high = np.quantile(draws, tails)
    return float(low), float(high)


def _corrected(
    line: Timeline, statistic: Statistic, plan: Resampling, estimate: float, draws: Floats
) -> Floats:
    """Tails that undo the bias of the draws and the skewness that leaving out blocks shows."""
    below = float((draws < estimate).mean() + (draws == estimate).mean() / 2)
    bias = special.ndtri(np.clip(below, 1 / (2 * len(draws)), 1 - 1 / (2 * len(draws))))
    skew = _acceleration(line, statistic, tiles_in(plan.block))
    quantiles = bias + special.ndtri([(1 - plan.level) / 2, (1 + plan.level) / 2])
    tails: Floats = special.ndtr(bias + quantiles / (1 - skew * quantiles))
    return tails


def _acceleration(line: Timeline, statistic: Statistic, size: int) -> float:
    """A sixth of the skewness of the statistic, from leaving out one block after the other."""
    places = np.arange(len(line))
    left_out = [
        _of(line, statistic, np.delete(places, slice(start, start + size)))
        for start in range(0, len(line), size)
    ]
    values = np.array(left_out)
    away = np.nanmean(values) - values[~np.isnan(values)]
    spread = float((away**2).sum())
    return float((away**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
