"""How much bad events cluster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.statistics import DISPERSION, dispersion, effective_size, overdispersion
from rtobs.model.duration import Duration


def test_it_is_pearsons_chi_square_over_its_degrees_of_freedom() -> None:
    """By hand: share 0.2 of 100 each, so 16 is expected to vary; (100 + 100 + 0) / 16 / 2."""
    assert overdispersion([10, 30, 20], [100, 100, 100]) == pytest.approx(6.25)


def test_days_without_events_do_not_count() -> None:
    """Neither as good nor as degrees of freedom."""
    assert overdispersion([10, 0, 30, 20], [100, 0, 100, 100]) == pytest.approx(6.25)


@pytest.mark.parametrize(("bad", "total"), [([0, 0], [10, 20]), ([10, 20], [10, 20])])
def test_where_nothing_varies_it_is_one(bad: list[float], total: list[float]) -> None:
    """All good or all bad says nothing about clusters."""
    assert overdispersion(bad, total) == 1.0


def test_independent_events_have_none() -> None:
    """A thousand days of a binomial distribution; the standard error is 0.045."""
    rng = np.random.default_rng(1)
    total = rng.integers(1000, 5000, 1000)
    assert overdispersion(rng.binomial(total, 0.01), total) == pytest.approx(1.0, abs=0.13)


def test_it_finds_the_correlation_of_a_beta_binomial() -> None:
    """Days with a share of their own: the factor is 1 + (n - 1) / (a + b + 1), here 4.33."""
    rng = np.random.default_rng(2)
    shares = rng.beta(3, 297, 4000)
    bad = rng.binomial(1003, shares)
    assert overdispersion(bad, np.full(4000, 1003)) == pytest.approx(1 + 1002 / 301, rel=0.06)


def test_one_day_says_nothing() -> None:
    """There is nothing to compare it with."""
    with pytest.raises(ValueError, match="at least two periods with events"):
        overdispersion([1], [10])


def test_the_effective_size_is_what_is_left() -> None:
    """A quarter for factor 4; a factor below 1 is none."""
    assert effective_size(1000, 4) == 250
    with pytest.raises(ValueError, match=r"at least 1; 0\.9 is not"):
        effective_size(1000, 0.9)


@pytest.mark.usefixtures("engine")
def test_every_group_has_its_row(make_tiles: Callable[..., pl.DataFrame]) -> None:
    """Days are counted from the first tile; one day alone has no factor."""
    day = 288
    two = make_tiles([0.1] * day + [0.3] * day + [0.2] * day, [1] * 3 * day, group='zone="b"')
    one = make_tiles([0.1] * day, [1] * day, group='zone="a"')
    found = dispersion(pl.concat([two, one]))
    assert found.schema == pl.Schema(dict(DISPERSION.columns))
    assert found.select("group", "periods", "total").rows() == [
        ('zone="a"', 1, 288.0),
        ('zone="b"', 3, 864.0),
    ]
    assert found["overdispersion"].to_list() == pytest.approx([None, 288 * 0.02 / 0.16 / 2])
    assert found["effective_total"].to_list() == pytest.approx([None, 864 / 18])


def test_shorter_periods_miss_what_lasts_longer(
    clustered: Callable[..., pl.DataFrame],
) -> None:
    """An incident of half an hour is seen whole in a day, and cut in six by tiles."""
    tiles = clustered(np.random.default_rng(3), 60)
    by_day, by_tile = (
        dispersion(tiles, period=Duration.parse(period))["overdispersion"][0]
        for period in ("1d", "5m")
    )
    assert by_day > 3 * by_tile
