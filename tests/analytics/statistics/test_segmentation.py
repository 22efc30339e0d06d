"""PELT finds what trying every segmentation finds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtobs.analytics.statistics import BinomialCost, NormalCost, pelt
from rtobs.analytics.statistics.segmentation import Cost

_values = st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=1, max_size=60)
_counts = st.lists(
    st.integers(0, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=60,
)


def _price(cost: Cost, changes: Sequence[int], penalty: float) -> float:
    edges = [0, *changes, len(cost)]
    parts = [float(cost.of(np.array([start]), end)[0]) for start, end in pairwise(edges)]
    return sum(parts) + penalty * len(changes)


def _optimal(cost: Cost, penalty: float, least: int) -> float:
    """The least price by optimal partitioning: every start of every end, nothing pruned."""
    size = len(cost)
    best = [math.inf] * (size + 1)
    best[0] = -penalty
    for end in range(1, size + 1):
        for start in range(end - least + 1):
            price = best[start] + float(cost.of(np.array([start]), end)[0]) + penalty
            best[end] = min(best[end], price)
    return best[size]


@given(values=_values, penalty=st.floats(0, 30), least=st.integers(1, 6))
@settings(deadline=None)
def test_the_normal_cost_is_minimal(values: list[float], penalty: float, least: int) -> None:
    """Whatever the penalty and the shortest segment."""
    cost = NormalCost.fit(values)
    changes = pelt(cost, penalty=penalty, least=least)
    edges = [0, *changes, len(values)]
    assert len(values) < 2 * least or min(b - a for a, b in pairwise(edges)) >= least
    if len(values) >= least:
        expected = _optimal(cost, penalty, least)
        assert _price(cost, changes, penalty) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(counts=_counts, penalty=st.floats(0, 30), least=st.integers(1, 6))
@settings(deadline=None)
def test_the_binomial_cost_is_minimal(
    counts: list[tuple[int, int]], penalty: float, least: int
) -> None:
    """Steps without events cost nothing."""
    cost = BinomialCost.fit([bad for bad, _ in counts], [total for _, total in counts])
    changes = pelt(cost, penalty=penalty, least=least)
    if len(counts) >= least:
        expected = _optimal(cost, penalty, least)
        assert _price(cost, changes, penalty) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=9), st.floats(0, 10))
@settings(deadline=None)
def test_no_set_of_changes_is_cheaper(values: list[float], penalty: float) -> None:
    """All subsets of places, for short series."""
    cost = NormalCost.fit(values)
    found = _price(cost, pelt(cost, penalty=penalty, least=1), penalty)
    places = range(1, len(values))
    every = (c for count in range(len(values)) for c in combinations(places, count))
    assert found == pytest.approx(min(_price(cost, c, penalty) for c in every), abs=1e-6)


def test_costs_are_twice_the_negative_log_likelihood() -> None:
    """Of the best parameters; the binomial one without the part that no parameter changes."""
    values = np.random.default_rng(1).normal(3, 2, 30)
    normal = NormalCost.fit(values).of(np.array([5]), 25)[0]
    part = values[5:25]
    assert normal == pytest.approx(-2 * stats.norm.logpdf(part, part.mean(), part.std()).sum())
    bad, total = np.array([1, 5, 0, 4]), np.array([10, 20, 5, 9])
    share = bad[1:].sum() / total[1:].sum()
    events = -2 * (9 * math.log(share) + 25 * math.log(1 - share))
    found = BinomialCost.fit(bad, total, overdispersion=2).of(np.array([1]), 4)[0]
    assert found == pytest.approx(events / 2)


def test_known_changes_are_found() -> None:
    """Of the mean at 200 and of the variance at 500."""
    rng = np.random.default_rng(7)
    parts = [rng.normal(0, 1, 200), rng.normal(3, 1, 300), rng.normal(3, 4, 250)]
    found = pelt(NormalCost.fit(np.concatenate(parts)), penalty=4 * math.log(750))
    assert len(found) == 2
    assert abs(found[0] - 200) <= 2
    assert abs(found[1] - 500) <= 8


def test_equal_values_do_not_change() -> None:
    """Their variance is 0; that is not infinitely likely. Nor are none or one."""
    for values in ([5.0] * 50, [5.0], []):
        assert pelt(NormalCost.fit(values), penalty=1.0) == ()


@pytest.mark.parametrize(("penalty", "least"), [(-1.0, 2), (math.nan, 2), (1.0, 0)])
def test_wrong_arguments_are_refused(penalty: float, least: int) -> None:
    """Changes that are paid for, and segments of nothing."""
    with pytest.raises(ValueError, match="a penalty is at least 0"):
        pelt(NormalCost.fit([1.0, 2.0]), penalty=penalty, least=least)


def test_what_is_not_finite_is_refused() -> None:
    """The logarithm of 0 must be left out by who knows what it means."""
    with pytest.raises(ValueError, match="values must be finite"):
        NormalCost.fit([1.0, -math.inf])
