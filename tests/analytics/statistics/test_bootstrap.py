"""Intervals from blocks of the past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy import stats

from rtobs.analytics.statistics import Resampling, block_bootstrap, wilson
from rtobs.model.duration import Duration

Make = Callable[..., pl.DataFrame]
Method = Literal["bca", "basic", "percentile"]

_DAY = 288


def _mean_bad(bad: NDArray[np.float64], _total: NDArray[np.float64]) -> float:
    return float(bad.mean())


@pytest.mark.usefixtures("engine")
def test_the_same_seed_gives_the_same_interval(clustered: Make) -> None:
    """A seed and its generator are the same; another seed is another interval."""
    tiles = clustered(np.random.default_rng(1), 10)
    plan = Resampling(draws=100)
    first = block_bootstrap(tiles, resampling=plan, seed=7)
    again = block_bootstrap(tiles.reverse(), resampling=plan, seed=np.random.default_rng(7))
    assert first == again
    assert first != block_bootstrap(tiles, resampling=plan, seed=8)


def test_with_blocks_of_one_tile_it_is_the_ordinary_bootstrap(make_tiles: Make) -> None:
    """Of independent values; scipy draws the same kind of interval by another way."""
    values = np.random.default_rng(3).gamma(0.5, 10.0, 80)
    tiles = make_tiles(values, values)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(4)
    ).confidence_interval
    plan = Resampling(block=Duration.parse("5m"), draws=20_000)
    found = block_bootstrap(tiles, _mean_bad, resampling=plan, seed=5)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0.015)
    assert found.estimate == pytest.approx(values.mean())


def test_basic_is_percentile_mirrored_at_the_estimate(clustered: Make) -> None:
    """The quantiles of the same draws."""
    tiles = clustered(np.random.default_rng(1), 10)

    def interval(method: Method) -> tuple[float, float, float]:
        found = block_bootstrap(tiles, resampling=Resampling(draws=200, method=method), seed=1)
        return found.low, found.estimate, found.high

    low, estimate, high = interval("percentile")
    assert interval("basic") == pytest.approx((2 * estimate - high, estimate, 2 * estimate - low))


def test_a_drawn_past_is_as_long_as_the_past(make_tiles: Make) -> None:
    """Half a block at its end counts too."""
    tiles = make_tiles([1.0] * (8 * _DAY + 100), [4.0] * (8 * _DAY + 100))
    plan = Resampling(draws=20, method="percentile")
    found = block_bootstrap(tiles, lambda bad, _: float(len(bad)), resampling=plan, seed=1)
    assert (found.low, found.high) == (8 * _DAY + 100, 8 * _DAY + 100)


def test_holes_are_drawn_as_holes(make_tiles: Make) -> None:
    """A statistic never sees a tile that is not there."""
    tiles = make_tiles([1.0] * 8 * _DAY, [4.0] * 8 * _DAY)
    holed = tiles.filter(pl.int_range(pl.len()) % 288 >= 100)
    found = block_bootstrap(holed, _mean_bad, resampling=Resampling(draws=50), seed=1)
    assert (found.low, found.estimate, found.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_it_covers_where_counting_events_does_not(clustered: Make, method: Method) -> None:
    """Sixty months with one incident a day of half an hour; intervals of 90 %.

    With thirty blocks it covers somewhat less than it says. The interval of single events covers
    next to never.
    """
    truth = 0.001 + 0.199 * (1 - (1 - 1 / 288) ** 6)
    plan = Resampling(draws=200, level=0.9, method=method)
    covered, naive = 0, 0
    for seed in range(60):
        tiles = clustered(np.random.default_rng(seed), 30, incidents_a_day=1.0)
        covered += truth in block_bootstrap(tiles, resampling=plan, seed=seed)
        naive += truth in wilson(float(tiles["bad"].sum()), float(tiles["total"].sum()), level=0.9)
    assert covered >= 47
    assert naive <= 6


def test_few_blocks_are_refused(make_tiles: Make) -> None:
    """Four days have four blocks of a day."""
    tiles = make_tiles([0.0] * 4 * _DAY, [1.0] * 4 * _DAY)
    with pytest.raises(ValueError, match="a bootstrap needs 5 blocks of 1d; take a longer time"):
        block_bootstrap(tiles, seed=1)


def test_tiles_without_events_are_refused(make_tiles: Make) -> None:
    """An error ratio of nothing has no interval."""
    with pytest.raises(ValueError, match="may hold no events"):
        block_bootstrap(make_tiles([0.0] * 6 * _DAY, [0.0] * 6 * _DAY), seed=1)
