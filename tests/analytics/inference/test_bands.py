"""Quantiles as the buckets that they lie in."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.inference import bucket_increases, latency_bands
from rtobs.analytics.simulation import Slowdown
from rtobs.errors import FrameError
from tests.analytics.inference.played import GROUP, MODEL, buckets, played, vllm, whole
from tests.analytics.simulation.places import START, minutes, scenario

BOUNDS = (0.1, 0.5, 1.0, math.inf)


def test_a_quantile_lies_in_the_first_bucket_that_reaches_its_rank() -> None:
    """10 events: 4 up to 0.1, 8 up to 0.5, 9 up to 1. Prometheus interpolates in the bucket."""
    frame = latency_bands(buckets(BOUNDS, (4, 8, 9, 10)), (0.4, 0.5, 0.9, 0.95))
    assert frame.select("quantile", "lower", "upper", "estimate").rows() == [
        (0.4, 0.0, 0.1, 0.1),
        (0.5, 0.1, 0.5, pytest.approx(0.2)),
        (0.9, 0.5, 1.0, 1.0),
        (0.95, 1.0, math.inf, 1.0),
    ]
    assert frame["group"].to_list() == [GROUP] * 4
    assert frame["events"].to_list() == [10.0] * 4


def test_a_bucket_that_holds_less_than_the_one_below_holds_as_much() -> None:
    """Each quantile has one band, as Prometheus has one answer."""
    frame = latency_bands(buckets(BOUNDS, (5, 3, 8, 10)), (0.4, 0.6))
    assert frame.select("quantile", "lower", "upper").rows() == [(0.4, 0.0, 0.1), (0.6, 0.5, 1.0)]


def test_an_interval_without_events_has_no_quantile() -> None:
    """The other one has."""
    frame = latency_bands(buckets(BOUNDS, (0, 0, 0, 0), (0, 2, 2, 2)), (0.5,))
    assert frame.select("ts", "lower", "upper").rows() == [(START + minutes(2), 0.1, 0.5)]


def test_what_is_no_quantile_or_no_histogram_is_refused() -> None:
    """With one sentence."""
    with pytest.raises(FrameError, match=r"above 0 and not above 1, 1\.5 does not"):
        latency_bands(buckets(BOUNDS, (1, 1, 1, 1)), (1.5,))
    with pytest.raises(FrameError, match='no bucket le="\\+Inf"'):
        latency_bands(buckets((0.1, 0.5), (1, 1)))
    with pytest.raises(FrameError, match="events is absent"):
        latency_bands(buckets(BOUNDS, (1, 1, 1, 1)).drop("events"))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=3, unique=True),
)
def test_bands_hold_the_quantiles_of_any_values(seen: list[float], quantiles: list[float]) -> None:
    """Of the values themselves, which a histogram forgets."""
    counts = tuple(float(sum(value <= bound for value in seen)) for bound in BOUNDS)
    frame = latency_bands(buckets(BOUNDS, counts), quantiles)
    for row in frame.iter_rows(named=True):
        rank = row["quantile"] * len(seen)
        truth = next(v for n, v in enumerate(sorted(seen), 1) if n >= rank)
        assert row["lower"] <= truth <= row["upper"]
        assert row["lower"] <= row["estimate"] <= row["upper"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("time_to_first_token_seconds", "ttft_s"),
        ("request_time_per_output_token_seconds", "tpot_s"),
        ("e2e_request_latency_seconds", "e2e_s"),
    ],
)
def test_bands_hold_the_true_latency_of_a_fleet(name: str, column: str) -> None:
    """Half an hour with a slow time; the truth of the requests that were over in time."""
    fleet = scenario(faults=(Slowdown(minutes(10), minutes(5), factor=4.0),))
    seen = played(fleet)
    frame = latency_bands(bucket_increases(seen.export, vllm(name), whole(fleet), MODEL))
    until = "ttft_s" if column == "ttft_s" else "e2e_s"
    moment = pl.col("arrival") + pl.duration(microseconds=pl.col(until) * 1e6)
    over = seen.truth.requests.filter(moment <= fleet.end - minutes(0.25))[column].to_numpy()
    for row in frame.iter_rows(named=True):
        truth = float(np.quantile(over, row["quantile"], method="inverted_cdf"))
        assert row["lower"] <= truth <= row["upper"]
