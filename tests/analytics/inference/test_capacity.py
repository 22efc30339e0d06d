"""Latency against load, the knee, and where an SLO breaks."""

from __future__ import annotations

import math
from decimal import Decimal

import polars as pl
import pytest

from rtobs.analytics.inference import (
    BY_RATE,
    Intervals,
    Resampling,
    bucket_increases,
    capacity,
    counter_increases,
    knees,
    latency_by_rate,
)
from rtobs.analytics.simulation import Engine, Lengths, Scrape, Traffic
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from tests.analytics.inference.played import GROUP, MODEL, amounts, buckets, played, vllm
from tests.analytics.simulation.places import START, minutes, scenario

BOUNDS = (0.5, 1.0, math.inf)
SIX = Intervals(START, START + minutes(6), Duration.parse("1m"))
# Good answers fall from all to half between 3 and 4 requests a second.
LOADS = (60.0, 120.0, 180.0, 240.0, 300.0)
FAST = (60.0, 120.0, 178.0, 200.0, 150.0)
HISTOGRAMS = buckets(
    BOUNDS, *((fast / 2, fast, all_) for fast, all_ in zip(FAST, LOADS, strict=True))
)


def test_intervals_of_about_the_same_rate_are_added_up() -> None:
    """Two bins of 2.5 requests a second; buckets are added, quantiles follow."""
    frame = latency_by_rate(HISTOGRAMS, amounts(*LOADS), SIX, bins=2, quantiles=(0.9,))
    assert frame.select("rate_from", "rate_to", "rate", "intervals", "events").rows() == [
        (0.0, 2.5, 1.5, 2, 180.0),
        (2.5, 5.0, 4.0, 3, 720.0),
    ]
    assert frame.select("lower", "upper").rows() == [(0.5, 1.0), (1.0, math.inf)]


def test_the_knee_is_where_the_curve_is_farthest_below_its_chord() -> None:
    """Flat up to 4, then steep; a straight line has none."""
    curve = [(1, 0.1), (2, 0.1), (3, 0.1), (4, 0.2), (5, 2.0)]
    rows = [(GROUP, r - 0.5, r + 0.5, float(r), 1, 0.9, 10.0, 0.0, 9.0, y) for r, y in curve]
    frame = pl.DataFrame(rows, schema=dict(BY_RATE.columns), orient="row")
    (found,) = knees(frame).rows()
    assert found[:5] == (GROUP, 0.9, 4.0, 0.5, 0.2)
    assert found[5] == pytest.approx(0.75 - 0.1 / 1.9)
    straight = frame.with_columns(pl.col("rate").alias("estimate"))
    assert knees(straight).is_empty()
    assert knees(frame.head(3)).is_empty()


def test_a_curve_that_only_wavers_has_no_knee() -> None:
    """Noise is no climb, and what comes after the summit is not read."""
    noise = [(1, 0.105), (2, 0.106), (3, 0.105), (4, 0.105), (5, 0.107)]
    rows = [(GROUP, r - 0.5, r + 0.5, float(r), 1, 0.9, 10.0, 0.0, 9.0, y) for r, y in noise]
    frame = pl.DataFrame(rows, schema=dict(BY_RATE.columns), orient="row")
    assert knees(frame).is_empty()
    hill = pl.Series([0.1, 0.1, 0.1, 2.0, 0.1])
    (found,) = knees(frame.with_columns(hill.alias("estimate"))).rows()
    assert found[2] == 3.0
    assert 0 < found[5] < 1


def test_capacity_is_where_the_falling_fit_crosses_the_objective() -> None:
    """99 % at 3 requests a second, 83 % at 4: 95 % breaks between the two."""
    frame = capacity(HISTOGRAMS, amounts(*LOADS), (1.0, Decimal("0.95")), SIX, Resampling(block=1))
    row = frame.row(0, named=True)
    assert (row["rate"], row["limit"], row["objective"]) == (3.5, 1.0, 0.95)
    assert (row["highest"], row["intervals"]) == (5.0, 5)
    assert row["low"] is None or row["low"] <= 3.5 <= row["high"]


def test_an_slo_that_holds_at_every_rate_has_no_capacity_yet() -> None:
    """It is more than the highest that was seen."""
    row = capacity(HISTOGRAMS, amounts(*LOADS), (1.0, Decimal("0.5")), SIX).row(0, named=True)
    assert (row["rate"], row["breaks"], row["highest"]) == (None, 0.0, 5.0)


def test_a_limit_between_two_bounds_is_judged_by_the_lower_one() -> None:
    """And one below all of them cannot be judged."""
    row = capacity(HISTOGRAMS, amounts(*LOADS), (0.8, Decimal("0.95")), SIX).row(0, named=True)
    assert row["limit"] == 0.5
    with pytest.raises(FrameError, match=r"no bucket has a bound of 0\.1 or less"):
        capacity(HISTOGRAMS, amounts(*LOADS), (0.1, Decimal("0.95")), SIX)


def test_each_group_is_judged_by_its_own_bound() -> None:
    """One whose histogram has other bounds has no less good events; one without any has no row."""
    others = [
        buckets(bounds, *[(100.0, 100.0)] * 5).with_columns(group=pl.lit(name))
        for name, bounds in (("b", (0.5, math.inf)), ("c", (2.0, math.inf)))
    ]
    loads = pl.concat([amounts(*LOADS), *(amounts(*LOADS, group=name) for name in "bc")])
    frame = capacity(pl.concat([HISTOGRAMS, *others]), loads, (1.0, Decimal("0.95")), SIX)
    assert frame.select("group", "limit", "rate").rows() == [("b", 0.5, None), (GROUP, 1.0, 3.5)]


def test_the_capacity_of_a_simulated_replica_is_found() -> None:
    """Two runs of the same traffic shape: just below what was found, the SLO holds; above, not."""
    engine = Engine(4_000.0, 0.02, 0.002, 512, 32, 40_000, 4_000)
    few = frozenset({"vllm:time_to_first_token_seconds", "vllm:request_success_total"})

    def day(rate: float, burst: float) -> tuple[pl.DataFrame, pl.DataFrame, Intervals]:
        traffic = Traffic(
            rate,
            burst_spread=burst,
            prompt=Lengths(400.0, 0.6, 3_000),
            answer=Lengths(60.0, 0.6, 400),
        )
        fleet = scenario(
            lasts=minutes(240),
            replicas=1,
            engine=engine,
            traffic=traffic,
            scrape=Scrape(Duration(15), families=few),
        )
        intervals = Intervals(fleet.start, fleet.end, Duration.parse("5m"))
        export = played(fleet).export
        ttft = bucket_increases(export, vllm("time_to_first_token_seconds"), intervals, MODEL)
        came = counter_increases(export, vllm("request_success_total"), intervals, MODEL)
        return ttft, came, intervals

    varied = day(3.0, 0.6)
    (found,) = capacity(*varied[:2], (1.0, Decimal("0.95")), varied[2]).rows(named=True)
    assert found["low"] < found["rate"] < found["high"]
    shares = []
    for rate in (0.7 * found["low"], 1.5 * found["high"]):
        ttft, *_ = day(rate, 0.0)
        counts = {
            le: ttft.filter(pl.col("le") == le)["events"].to_numpy().sum() for le in (1.0, math.inf)
        }
        shares.append(counts[1.0] / counts[math.inf])
    assert shares[0] > 0.95 > shares[1]
