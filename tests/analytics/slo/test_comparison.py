"""A change is found where it is larger than what happens anyway."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.slo.comparison import DEPLOYS, Around, Deploy, compare_deploys
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from tests.analytics.slo.exports import START, tiles_of

DAY = 288
DEPLOY = Deploy(START + timedelta(days=1), "v2")


def _noise(share: float, count: int, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(value) for value in rng.binomial(300, share, count)]


def test_a_deploy_that_broke_something() -> None:
    """From 1 % to 3 %: the interval of the difference holds 2 points and not 0."""
    tiles = tiles_of(_noise(0.01, DAY) + _noise(0.03, DAY), 300)
    found = compare_deploys(tiles, [DEPLOY])
    assert found.schema == DEPLOYS.columns
    (row,) = found.to_dicts()
    assert (row["verdict"], row["deploy"], row["at"]) == ("worse", "v2", DEPLOY.at)
    assert 0 < row["low"] < 0.02 < row["high"]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(0.03, 0.01, "better"), (0.01, 0.01, "unchanged")]
)
def test_other_deploys(before: float, after: float, expected: str) -> None:
    """One that helped, one that did nothing."""
    tiles = tiles_of(_noise(before, DAY) + _noise(after, DAY, 2), 300)
    assert compare_deploys(tiles, [DEPLOY])["verdict"].to_list() == [expected]


def test_one_bad_hour_is_no_effect_of_a_deploy() -> None:
    """Errors that come in bursts anyway make the interval wide."""
    bursts = [30.0 if nth % 60 < 4 else 0.0 for nth in range(DAY)]
    worse = [0.0] * (DAY - 12) + [60.0] * 12
    found = compare_deploys(tiles_of(bursts + worse, 300), [DEPLOY])
    assert found["verdict"].to_list() == ["unchanged"]


def test_many_comparisons_find_little_by_chance() -> None:
    """Of 100 SLOs of which nothing changed, at most some are named; of 5 that did, all."""
    quiet = [
        tiles_of(_noise(0.01, 2 * DAY, seed), 300, slo_id=f"shop-{seed:03}") for seed in range(100)
    ]
    loud = [
        tiles_of(_noise(0.01, DAY, s) + _noise(0.02, DAY, s + 50), 300, slo_id=f"loud-{s}")
        for s in range(5)
    ]
    found = compare_deploys(pl.concat(quiet + loud), [DEPLOY])
    named = found.filter(pl.col("verdict") != "unchanged")["slo_id"].to_list()
    assert {slo_id for slo_id in named if slo_id.startswith("loud")} == {
        f"loud-{nth}" for nth in range(5)
    }
    assert len(named) <= 7
    assert (found["q_value"] >= found["p_value"]).all()


def test_several_deploys_are_adjusted_together() -> None:
    """With many that did nothing, one finding has to be clearer."""
    tiles = tiles_of(_noise(0.01, 6 * DAY), 300)
    deploys = [Deploy(START + timedelta(days=day), f"v{day}") for day in range(1, 6)]
    found = compare_deploys(tiles, deploys)
    assert found["deploy"].to_list() == ["v1", "v2", "v3", "v4", "v5"]
    assert found["q_value"].min() >= found["p_value"].min()  # type: ignore[operator]
    assert found["q_value"].max() == found["p_value"].max()


def test_only_the_slos_of_a_deploy() -> None:
    """Others are not compared."""
    tiles = pl.concat(
        [tiles_of(_noise(0.01, 2 * DAY), 300, slo_id=f"shop-{name}") for name in "ab"]
    )
    found = compare_deploys(tiles, [Deploy(DEPLOY.at, "v2", ("shop-b",))])
    assert found["slo_id"].to_list() == ["shop-b"]


def test_the_stretches_are_those_that_are_asked_for() -> None:
    """An hour before, an hour after, and what settles in between is left out."""
    bad = [100.0] * (DAY - 12) + [1.0] * 12 + [100.0] * 6 + [2.0] * 12 + [100.0] * DAY
    hour, half = Duration.parse("1h"), Duration.parse("30m")
    around = Around(before=hour, after=hour, settle=half, period=Duration.parse("5m"))
    (row,) = compare_deploys(tiles_of(bad, 100), [DEPLOY], around).to_dicts()
    assert (row["before"], row["after"]) == pytest.approx((0.01, 0.02))


def test_a_single_period_says_nothing() -> None:
    """How much counts vary by themselves is not known then."""
    hour = Duration.parse("1h")
    tiles = tiles_of(_noise(0.01, DAY) + _noise(0.9, DAY), 300)
    found = compare_deploys(tiles, [DEPLOY], Around(before=hour, after=hour))
    assert found.select("verdict", "q_value").rows() == [("unknown", None)]


def test_without_deploys_or_events_there_is_no_row() -> None:
    """With the columns all the same."""
    tiles = tiles_of(_noise(0.01, DAY), 300)
    late = Deploy(START + timedelta(days=30))
    for deploys in ([], [late]):
        found = compare_deploys(tiles, deploys)
        assert (found.height, found.schema) == (0, DEPLOYS.columns)


def test_a_deploy_needs_a_time_zone() -> None:
    """Local time would be a guess."""
    with pytest.raises(FrameError, match="needs a time zone"):
        Deploy(datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point


@pytest.mark.parametrize("scraped", [301.0, -1.0])
def test_a_group_whose_counts_do_not_agree_is_compared_all_the_same(scraped: float) -> None:
    """More bad events than events, or fewer than none, are of different scrapes."""
    odd = tiles_of([scraped] * 2 * DAY, 300, group='zone="a"')
    found = compare_deploys(
        pl.concat([odd, tiles_of(_noise(0.01, 2 * DAY), 300, group='zone="b"')]), [DEPLOY]
    )
    assert found["verdict"].to_list() == ["unchanged", "unchanged"]
    assert found["before"][0] == (1 if scraped > 0 else 0)


def test_the_moment_of_a_deploy_is_that_of_any_clock() -> None:
    """By the clock of Berlin it is the same comparison."""
    tiles = tiles_of(_noise(0.01, DAY) + _noise(0.03, DAY), 300)
    berlin = Deploy(DEPLOY.at.astimezone(ZoneInfo("Europe/Berlin")), "v2")
    assert compare_deploys(tiles, [berlin]).equals(compare_deploys(tiles, [DEPLOY]))
