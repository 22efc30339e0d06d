"""Since when is it like this?"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.statistics import (
    SEGMENTS,
    BinomialCost,
    change_points,
    empirical_logit,
    pelt,
)
from rtobs.model.duration import Duration

pytestmark = pytest.mark.usefixtures("engine")
Make = Callable[..., pl.DataFrame]
_DAY = 288


def _season(days: int) -> np.ndarray:
    hour = np.arange(days * _DAY) / 12 % 24
    return 200 * (1.1 + np.sin(2 * np.pi * hour / 24))


def test_a_deploy_that_made_it_worse_is_found_to_the_hour(make_tiles: Make) -> None:
    """Traffic with a daily season does not look like a change."""
    rng = np.random.default_rng(1)
    total = rng.poisson(_season(14))
    share = np.where(np.arange(len(total)) < 9 * _DAY, 0.001, 0.004)
    tiles = make_tiles(rng.binomial(total, share), total)
    found = change_points(tiles)
    assert found.schema == pl.Schema(dict(SEGMENTS.columns))
    begin = tiles["ts"][0] - timedelta(minutes=5)
    assert found["start"][0] == begin
    assert found["end"].to_list() == [found["start"][1], tiles["ts"][-1]]
    assert abs(found["start"][1] - begin - timedelta(days=9)) <= timedelta(hours=3)
    assert found["error_ratio"].to_list() == pytest.approx([0.001, 0.004], rel=0.05)
    assert found["bad"].sum() == tiles["bad"].sum()


def test_an_outage_is_a_stretch_of_its_own(make_tiles: Make) -> None:
    """Two hours, then as before."""
    bad = np.zeros(4 * _DAY)
    bad[500:524] = 20.0
    tiles = make_tiles(bad, [100.0] * len(bad))
    found = change_points(tiles, every=Duration.parse("5m"))
    begin = tiles["ts"][0] - timedelta(minutes=5)
    minutes = [(start - begin) / timedelta(minutes=5) for start in found["start"]]
    assert minutes == [0, 500, 524]
    assert found["error_ratio"].to_list() == [0.0, 0.2, 0.0]


def test_nothing_is_found_where_nothing_changed(make_tiles: Make) -> None:
    """Two weeks of independent events, thirty times: one may be fooled by chance."""
    found = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        total = rng.poisson(_season(14))
        found += len(change_points(make_tiles(rng.binomial(total, 0.002), total))) > 1
    assert found <= 1


def test_noise_of_neighbours_is_no_change(make_tiles: Make) -> None:
    """Every hour has a share of its own; taken for independent events that were many changes."""
    rng = np.random.default_rng(3)
    shares = np.repeat(rng.beta(2, 998, 14 * 24), 12)
    tiles = make_tiles(rng.binomial(10_000, shares), [10_000] * len(shares))
    assert len(change_points(tiles)) == 1
    hours = tiles["bad"].to_numpy().reshape(-1, 12).sum(axis=1)
    events = BinomialCost.fit(hours, [120_000] * len(hours))
    assert len(pelt(events, penalty=3 * math.log(len(hours)))) > 100


def test_the_logit_compares_days(make_tiles: Make) -> None:
    """Daily steps, worse from the twentieth day on."""
    rng = np.random.default_rng(4)
    total = rng.poisson(_season(40))
    share = np.where(np.arange(len(total)) < 20 * _DAY, 0.001, 0.003)
    tiles = make_tiles(rng.binomial(total, share), total)
    found = change_points(tiles, every=Duration.parse("1d"), cost="logit")
    days = [(start - tiles["ts"][0]) / timedelta(days=1) for start in found["start"]]
    assert days == pytest.approx([0, 20], abs=0.01)


def test_hours_without_events_belong_to_what_was_before(make_tiles: Make) -> None:
    """A night without requests is no change and leaves no hole between stretches."""
    total = np.where(np.arange(2 * _DAY) // 12 % 24 < 8, 0.0, 100.0)
    bad = np.where(np.arange(2 * _DAY) >= _DAY, total / 2, 0.0)
    found = change_points(make_tiles(bad, total))
    assert found["end"][0] == found["start"][1]
    assert found["error_ratio"].to_list() == [0.0, 0.5]


def test_groups_without_enough_are_left_out(make_tiles: Make) -> None:
    """No events, or less than a step of data."""
    quiet = make_tiles([0.0] * 24, [0.0] * 24, group="a")
    short = make_tiles([0.0] * 3, [1.0] * 3, group="b")
    assert change_points(pl.concat([quiet, short])).rows() == []


def test_the_empirical_logit_is_finite() -> None:
    """Half an event is added to both sides."""
    found = empirical_logit([0, 5, 10], [10, 10, 10]).tolist()
    assert found == pytest.approx([math.log(21), 0.0, -math.log(21)])
