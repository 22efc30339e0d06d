"""Between which edges a percentile lies."""

from __future__ import annotations

import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.analytics.statistics import Bounds, quantile_bounds, quantile_bounds_by
from rtobs.errors import FrameError

_EDGES = (0.1, 0.25, 0.5, 1.0, math.inf)


@given(
    st.lists(st.floats(0.001, 5), min_size=1, max_size=60),
    st.integers(0, 1000),
)
def test_the_true_quantile_lies_within_the_bounds(values: list[float], per_mille: int) -> None:
    """The value of the rank that the quantile asks for is in the bucket."""
    counts = [sum(value <= edge for value in values) for edge in _EDGES]
    rank = max(math.ceil(Fraction(per_mille, 1000) * len(values)), 1)
    truth = sorted(values)[rank - 1]
    bounds = quantile_bounds(_EDGES, counts, per_mille / 1000)
    assert bounds.low < truth <= bounds.high


def test_a_decimal_quantile_means_what_it_says() -> None:
    """7 % of 100 events are 7, though 0.07 * 100 is 7.000000000000001 in floats."""
    assert quantile_bounds((1.0, 2.0, math.inf), (7, 100, 100), 0.07) == Bounds(0.0, 1.0)


@pytest.mark.parametrize(
    ("edges", "counts", "quantile", "expected"),
    [
        ((0.5, 1.0, math.inf), (0, 0, 4), 0.5, (1.0, math.inf)),
        ((0.5, 1.0, math.inf), (0, 4, 4), 0.0, (0.5, 1.0)),
        ((0.5, 1.0, math.inf), (4, 4, 4), 1.0, (0.0, 0.5)),
        ((-1.0, 0.0, math.inf), (4, 4, 4), 0.5, (-math.inf, -1.0)),
        ((math.inf,), (3,), 0.9, (-math.inf, math.inf)),
        ((0.5, 1.0, math.inf), (5, 3, 8), 0.99, (1.0, math.inf)),
        ((0.5, 1.0, math.inf), (5, 6, 4), 0.99, (0.5, 1.0)),
    ],
)
def test_edges(
    edges: tuple[float, ...],
    counts: tuple[float, ...],
    quantile: float,
    expected: tuple[float, float],
) -> None:
    """Beyond the last edge, below the first, through empty and shrinking buckets."""
    assert quantile_bounds(edges, counts, quantile) == Bounds(*expected)


def test_no_events_have_no_percentile() -> None:
    """Both bounds are NaN."""
    found = quantile_bounds((1.0, math.inf), (0, 0), 0.5)
    assert (math.isnan(found.low), math.isnan(found.high)) == (True, True)


@pytest.mark.parametrize(
    ("edges", "counts", "quantile", "message"),
    [
        ((1.0, 2.0), (1, 2), 0.5, "ends at \\+Inf"),
        ((1.0, math.inf), (1,), 0.5, "one count for each edge"),
        ((), (), 0.5, "one count for each edge"),
        ((2.0, 1.0, math.inf), (1, 2, 3), 0.5, "the edges of a histogram ascend"),
        ((1.0, math.inf), (1, 2), 99, "a quantile lies between 0 and 1; 99 does not"),
    ],
)
def test_what_is_no_histogram_is_refused(
    edges: tuple[float, ...], counts: tuple[float, ...], quantile: float, message: str
) -> None:
    """One sentence says what is wrong."""
    with pytest.raises(ValueError, match=message):
        quantile_bounds(edges, counts, quantile)


@pytest.mark.usefixtures("engine")
def test_buckets_of_several_series_are_added_before_the_percentile() -> None:
    """Two pods with 0.1 s and 1 s have a median of one of the two, never of 0.55 s."""
    rows = [
        (model, edge, count)
        for model, pods in (("b", [(4, 4, 4), (0, 3, 3)]), ("a", [(0, 0, 1)]))
        for pod in pods
        for edge, count in zip((0.1, 1.0, math.inf), pod, strict=True)
    ]
    schema = {"model": pl.String, "le": pl.Float64, "count": pl.Float64}
    buckets = pl.DataFrame(rows, schema=schema, orient="row")
    found = quantile_bounds_by(buckets, 0.5, ["model"])
    assert found.rows() == [("a", 1.0, math.inf), ("b", 0.0, 0.1)]


def test_a_frame_without_buckets_is_refused() -> None:
    """The absent columns are named."""
    with pytest.raises(FrameError, match="buckets need the columns le, count"):
        quantile_bounds_by(pl.DataFrame({"model": ["a"]}), 0.5, ["model"])
