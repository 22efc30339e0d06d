"""Did it get worse?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rtobs.analytics.statistics import (
    COMPARISON,
    benjamini_hochberg,
    compare,
    newcombe,
    wilson,
)
from rtobs.model.duration import Duration

Make = Callable[..., pl.DataFrame]
_DAY = 288


def _days(make_tiles: Make, shares: list[float], group: str = "") -> pl.DataFrame:
    """Days of a hundred events a tile with a share of bad ones each."""
    bad = [100 * share for share in shares for _ in range(_DAY)]
    return make_tiles(bad, [100.0] * len(bad), group=group)


@pytest.mark.usefixtures("engine")
def test_days_that_vary_as_chance_would_are_compared_as_events(make_tiles: Make) -> None:
    """The interval is Newcombe's; with many days Student's t is nearly normal."""
    rng = np.random.default_rng(1)
    old = make_tiles(rng.binomial(100, 0.01, 200 * _DAY), [100] * 200 * _DAY)
    new = make_tiles(rng.binomial(100, 0.02, 200 * _DAY), [100] * 200 * _DAY)
    found = compare(old, new)
    assert found.schema == pl.Schema(dict(COMPARISON.columns))
    row = found.row(0, named=True)
    sizes = [200.0 * _DAY * 100] * 2
    counts = [float(tiles["bad"].sum()) for tiles in (old, new)]
    factor = row["overdispersion"]
    expected = newcombe(
        *(wilson(b, n, overdispersion=factor) for b, n in zip(counts, sizes, strict=True))
    )
    assert 1 <= factor < 1.2
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), rel=1e-3)
    assert row["p_value"] < 1e-100


@pytest.mark.usefixtures("engine")
def test_one_bad_day_is_no_change(make_tiles: Make) -> None:
    """Counted as events it would be certain: an incident is one thing that happened."""
    old = _days(make_tiles, [0.001] * 7)
    new = _days(make_tiles, [0.001] * 6 + [0.02])
    row = compare(old, new).row(0, named=True)
    assert row["low"] < 0 < row["high"]
    assert row["p_value"] > 0.2
    naive = newcombe(*(wilson(float(t["bad"].sum()), float(t["total"].sum())) for t in (old, new)))
    assert naive.low > 0


@pytest.mark.usefixtures("engine")
def test_a_change_of_every_day_is_found(make_tiles: Make) -> None:
    """Though the days vary among themselves."""
    old = _days(make_tiles, [0.001, 0.002, 0.0015, 0.001, 0.0012])
    new = _days(make_tiles, [0.011, 0.012, 0.0115, 0.011, 0.0112])
    row = compare(old, new).row(0, named=True)
    assert row["difference"] == pytest.approx(0.01)
    assert 0 < row["low"] < 0.01 < row["high"]
    assert row["p_value"] < 0.001


@pytest.mark.usefixtures("engine")
def test_groups_of_both_times_are_compared_and_the_rest_is_not(make_tiles: Make) -> None:
    """A new group has no before; groups are sorted and share one false discovery rate."""
    good, worse = [0.001, 0.0012], [0.01, 0.0104]
    old = pl.concat(_days(make_tiles, good, group) for group in ("c", "a"))
    new = pl.concat([_days(make_tiles, d, g) for d, g in ((worse, "c"), (good, "b"), (good, "a"))])
    found = compare(old, new)
    assert found["group"].to_list() == ["a", "c"]
    assert found["q_value"].to_list() == benjamini_hochberg(found["p_value"].to_list()).tolist()
    assert found["p_value"].to_list()[0] == 1.0


@pytest.mark.usefixtures("engine")
def test_one_day_each_gives_the_difference_and_no_interval(make_tiles: Make) -> None:
    """How much days vary by themselves is not known."""
    found = compare(_days(make_tiles, [0.01]), _days(make_tiles, [0.02]))
    assert found.select("before", "after", "low", "high", "p_value", "q_value").rows() == [
        (0.01, 0.02, None, None, None, None)
    ]
    shorter = compare(
        _days(make_tiles, [0.01]), _days(make_tiles, [0.02]), period=Duration.parse("6h")
    )
    assert shorter["p_value"].null_count() == 0


@pytest.mark.usefixtures("engine")
def test_nothing_bad_on_both_sides_is_no_difference(make_tiles: Make) -> None:
    """No failure, and a p-value of 1."""
    found = compare(_days(make_tiles, [0.0, 0.0]), _days(make_tiles, [0.0, 0.0]))
    assert found.select("difference", "p_value", "q_value").rows() == [(0.0, 1.0, 1.0)]


def test_false_alarms_come_as_often_as_stated(clustered: Callable[..., pl.DataFrame]) -> None:
    """Fourteen days against fourteen days of the same service with incidents; 80 times.

    Counted as single events nearly every pair would differ.
    """
    found, naive = 0, 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        old, new = (clustered(rng, 14, incidents_a_day=1.5) for _ in range(2))
        row = compare(old, new).row(0, named=True)
        found += row["p_value"] < 0.1
        sides = [
            wilson(float(t["bad"].sum()), float(t["total"].sum()), level=0.9) for t in (old, new)
        ]
        naive += 0 not in newcombe(*sides)
    assert 2 <= found <= 14
    assert naive >= 70


def test_a_level_in_percent_is_refused(make_tiles: Make) -> None:
    """Also when there is nothing to compare."""
    tiles = _days(make_tiles, [0.1])
    with pytest.raises(ValueError, match="95 does not"):
        compare(tiles, tiles.clear(), level=95)


def test_the_false_discovery_rate_of_the_paper() -> None:
    """Benjamini and Hochberg's 15 p-values: 4 findings at 0.05."""
    values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    values += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert (benjamini_hochberg(values) <= 0.05).sum() == 4


@given(st.lists(st.floats(0, 1), max_size=40))
def test_the_false_discovery_rate_is_that_of_scipy(values: list[float]) -> None:
    """In any order, with equal values, and for none."""
    expected = stats.false_discovery_control(values) if values else np.zeros(0)
    assert benjamini_hochberg(values).tolist() == pytest.approx(expected.tolist())


def test_what_is_no_p_value_is_refused() -> None:
    """NaN as well: a test that was not made must be left out on purpose."""
    for value in (1.1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="p-values lie between 0 and 1"):
            benjamini_hochberg([value])
