"""Intervals of shares: published tables, exact identities, laws and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rtobs.analytics.statistics import Interval, clopper_pearson, newcombe, wilson

counts = st.integers(1, 10**7).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.just(total))
)


def _rounded(interval: Interval) -> tuple[float, float]:
    return round(interval.low, 4), round(interval.high, 4)


@pytest.mark.parametrize(
    ("bad", "total", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_intervals_of_one_share_are_those_of_newcombe_1998_table_1(
    bad: int, total: int, score: tuple[float, float], exact: tuple[float, float]
) -> None:
    """Methods 3 and 5 of Statistics in Medicine 17:857."""
    found = (_rounded(wilson(bad, total)), _rounded(clopper_pearson(bad, total)))
    assert found == (score, exact)


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_intervals_of_a_difference_are_those_of_newcombe_1998_table_2(
    after: tuple[int, int], before: tuple[int, int], expected: tuple[float, float]
) -> None:
    """Method 10 of Statistics in Medicine 17:873."""
    assert _rounded(newcombe(wilson(*before), wilson(*after))) == expected


@given(counts, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_both_intervals_agree_with_scipy(sample: tuple[int, int], level: float) -> None:
    """Its binomial test is another implementation of both."""
    bad, total = sample
    test = stats.binomtest(bad, total)
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        expected = test.proportion_ci(confidence_level=level, method=method)
        found = ours(bad, total, level=level)
        assert (found.low, found.high) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@given(counts)
def test_the_interval_of_good_events_is_the_mirror_of_that_of_bad_ones(
    sample: tuple[int, int],
) -> None:
    """It does not matter which of the two is counted."""
    bad, total = sample
    for interval in (wilson, clopper_pearson):
        ours, other = interval(bad, total), interval(total - bad, total)
        assert (ours.low, ours.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


@given(counts, st.floats(1, 1000))
def test_overdispersion_widens(sample: tuple[int, int], factor: float) -> None:
    """Fewer independent events say less."""
    narrow, wide = (wilson(*sample, overdispersion=f) for f in (1.0, factor))
    assert wide.low <= narrow.low + 1e-12
    assert narrow.high <= wide.high + 1e-12


def test_overdispersion_means_a_smaller_sample() -> None:
    """Factor 2 says what half the events say."""
    assert wilson(10, 1000, overdispersion=2) == wilson(5, 500)
    assert clopper_pearson(10, 1000, overdispersion=2) == clopper_pearson(5, 500)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_without_events_everything_is_possible(interval: type) -> None:
    """The estimate is NaN, the bounds are all there is."""
    found = interval(0, 0)
    assert math.isnan(found.estimate)
    assert (found.low, found.high) == (0.0, 1.0)
    difference = newcombe(found, wilson(1, 10))
    assert (difference.low, difference.high) == (-1.0, 1.0)


def test_a_share_that_rounding_put_above_one_is_one() -> None:
    """Bad and total are products of rates."""
    assert wilson(1.0000000001, 1).estimate == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bad": 2, "total": 1}, "2 bad events of 1 are no counts"),
        ({"bad": -1, "total": 1}, "-1 bad events of 1 are no counts"),
        ({"bad": math.nan, "total": 1}, "nan bad events of 1 are no counts"),
        (
            {"bad": 1, "total": 2, "overdispersion": 0.5},
            "overdispersion is at least 1; 0.5 is not",
        ),
        (
            {"bad": 1, "total": 2, "level": 95},
            "a level lies between 0 and 1, such as 0.95; 95 does not",
        ),
    ],
)
def test_wrong_numbers_are_refused(arguments: dict[str, float], message: str) -> None:
    """What is no count, factor or level is said."""
    for interval in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match=message):
            interval(**arguments)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1])
def test_the_exact_interval_covers_as_often_as_it_says_and_the_score_one_on_average(
    share: float,
) -> None:
    """Exact coverage, summed over every possible count; no chance in it."""
    sizes = range(200, 2001, 200)
    covered = {wilson: 0.0, clopper_pearson: 0.0}
    for size in sizes:
        chances = stats.binom.pmf(range(size + 1), size, share)
        likely = np.flatnonzero(chances > 1e-12)
        for interval in covered:
            inside = [share in interval(int(bad), size) for bad in likely]
            exact = float(chances[likely][inside].sum())
            covered[interval] += exact / len(sizes)
            assert interval is wilson or exact >= 0.95
    assert covered[wilson] == pytest.approx(0.95, abs=0.015)
