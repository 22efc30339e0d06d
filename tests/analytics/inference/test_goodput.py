"""Goodput, counted and bounded."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.frames import TIME
from rtobs.analytics.inference import (
    Intervals,
    bucket_increases,
    counted_goodput,
    counter_increases,
    gauge_at_start,
    goodput_bounds,
)
from rtobs.analytics.simulation import Engine, Lengths, Scenario, Scrape, Slowdown, Traffic
from rtobs.conventions import LatencyClass
from rtobs.model.duration import Duration
from rtobs.model.selector import Matcher, Selector
from tests.analytics.inference.played import MODEL, Played, amounts, buckets, played, vllm
from tests.analytics.simulation.places import START, minutes, scenario

BOUNDS = (0.1, 0.5, 1.0, math.inf)
LIMITS = LatencyClass("standard", 1.0, 0.1)
ONE = Intervals(START, START + minutes(1), Duration.parse("1m"))
TTFT = vllm("time_to_first_token_seconds")
TPOT = vllm("request_time_per_output_token_seconds")
RUNNING = vllm("num_requests_running")


def test_the_bounds_are_those_of_frechet() -> None:
    """100 answers, 95 with the one limit and 90 with the other: 85 to 90 with both."""
    ttft = buckets(BOUNDS, (10, 50, 95, 100))
    tpot = buckets(BOUNDS, (90, 95, 100, 100))
    assert goodput_bounds(ttft, tpot, LIMITS, ONE).select(pl.exclude("group", "ts")).rows() == [
        (100.0, 0.85, 0.9, 85 / 60, 90 / 60)
    ]


def test_answers_under_way_make_the_bounds_wider() -> None:
    """Five that had begun before may have met the first limit or not."""
    ttft = buckets(BOUNDS, (10, 50, 85, 90))
    tpot = buckets(BOUNDS, (90, 95, 100, 100))
    frame = goodput_bounds(ttft, tpot, LIMITS, ONE, amounts(5.0))
    assert frame.select("lower", "upper").rows() == [(0.8, 0.9)]


def test_a_limit_between_two_bounds_makes_the_bounds_wider() -> None:
    """0.7 is between 0.5 and 1: of 95 answers up to 1, 50 surely met it."""
    ttft = buckets(BOUNDS, (10, 50, 95, 100))
    tpot = buckets(BOUNDS, (100, 100, 100, 100))
    frame = goodput_bounds(ttft, tpot, LatencyClass("odd", 0.7, 0.1), ONE)
    assert frame.select("lower", "upper").rows() == [(0.5, 0.95)]


def test_goodput_is_a_share_even_of_buckets_that_fell() -> None:
    """A restart between two scrapes may show less in a bucket than in the one below."""
    ttft = buckets(BOUNDS, (50, 50, 50, 10))
    frame = goodput_bounds(ttft, buckets(BOUNDS, (50, 50, 50, 10)), LIMITS, ONE)
    assert frame.select("requests", "lower", "upper").rows() == [(50, 1.0, 1.0)]


def test_the_lower_bound_is_never_below_zero() -> None:
    """Half and a third cannot both be missing."""
    ttft = buckets(BOUNDS, (0, 0, 50, 100))
    tpot = buckets(BOUNDS, (30, 95, 100, 100))
    assert goodput_bounds(ttft, tpot, LIMITS, ONE)["lower"].to_list() == [0.0]


def test_counted_goodput_has_no_bounds_to_keep_apart() -> None:
    """Three of four; a minute without answers has no goodput."""
    frame = counted_goodput(amounts(4.0, 0.0), amounts(3.0, 0.0), ONE)
    assert frame.select("requests", "lower", "upper", "lower_per_s").rows() == [
        (4.0, 0.75, 0.75, 3 / 60)
    ]


def bounds_of(seen: Played, intervals: Intervals) -> pl.DataFrame:
    """Goodput as the histograms bound it."""
    return goodput_bounds(
        bucket_increases(seen.export, TTFT, intervals, MODEL),
        bucket_increases(seen.export, TPOT, intervals, MODEL),
        LIMITS,
        intervals,
        gauge_at_start(seen.export, RUNNING, intervals, MODEL),
    )


def truth_of(seen: Played, intervals: Intervals) -> dict[object, tuple[int, int]]:
    """By interval: (answers that ended, those that met both limits), as its scrapes see it."""
    scrapes = seen.export.samples("vllm:num_requests_running").collect()
    shown = scrapes.select(pl.col("ts").cast(pl.Datetime("us", "UTC"))).sort("ts")
    moment = pl.col("arrival") + pl.duration(microseconds=(pl.col("e2e_s") * 1e6).ceil())
    ended = seen.truth.requests.filter(pl.col("e2e_s").is_not_null()).select(
        moment.alias("end"),
        (
            (pl.col("ttft_s") <= LIMITS.time_to_first_token)
            & (pl.col("tpot_s") <= LIMITS.time_per_output_token)
        ).alias("good"),
    )
    after = ended.sort("end").join_asof(
        shown, left_on="end", right_on="ts", strategy="forward", check_sortedness=False
    )
    rows = (
        after.drop_nulls("ts")
        .with_columns(pl.col("ts").cast(TIME))
        .with_columns(intervals.ending("ts"))
        .group_by("ts")
        .agg(pl.len(), pl.col("good").sum())
    )
    return {ts: (count, good) for ts, count, good in rows.rows()}


@st.composite
def fleets(draw: st.DrawFn) -> Scenario:
    """One replica under light to heavy load, some with a slow time."""
    return scenario(
        seed=draw(st.integers(0, 999)),
        lasts=minutes(12),
        replicas=1,
        engine=Engine(4_000.0, 0.03, draw(st.sampled_from([0.002, 0.01])), 512, 12, 8_000, 3_000),
        traffic=Traffic(
            draw(st.floats(0.2, 3.0)),
            prompt=Lengths(300.0, 0.8, 2_000),
            answer=Lengths(40.0, 0.8, 300),
        ),
        faults=draw(
            st.sampled_from([(), (Slowdown(minutes(4), minutes(3), factor=5.0, replicas=(0,)),)])
        ),
        scrape=Scrape(Duration(15), families=frozenset((TTFT.metric, TPOT.metric, RUNNING.metric))),
    )


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fleets(), st.sampled_from(["1m", "3m"]))
def test_bounds_hold_the_true_goodput_of_every_interval(fleet: Scenario, length: str) -> None:
    """Of any load, with answers under way at the edges."""
    seen = played(fleet)
    intervals = Intervals(fleet.start + minutes(1), fleet.end, Duration.parse(length))
    truth = truth_of(seen, intervals)
    frame = bounds_of(seen, intervals)
    assert frame.height > 0
    for row in frame.iter_rows(named=True):
        count, good = truth[row["ts"]]
        assert row["requests"] == count
        assert row["lower"] - 1e-12 <= good / count <= row["upper"] + 1e-12


def test_the_count_of_a_client_lies_between_the_bounds() -> None:
    """The same half hour, as the model servers and as an instrumented client see it."""
    fleet = scenario(
        traffic=Traffic(3.0, prompt=Lengths(300.0, 0.8, 2_000), answer=Lengths(60.0, 0.8, 400)),
        faults=(Slowdown(minutes(10), minutes(5), factor=4.0),),
    )
    seen = played(fleet)
    half = Intervals(fleet.start, fleet.end, Duration.parse("30m"))
    client = Selector("rtobs_llm_requests_total", (Matcher("outcome", "!=", "cancelled"),))
    met = client.where(Matcher("goodput", "=", "met"))
    counted = counted_goodput(
        counter_increases(seen.export, client, half),
        counter_increases(seen.export, met, half),
        half,
    ).row(0, named=True)
    bounded = bounds_of(seen, half).row(0, named=True)
    assert counted["requests"] == pytest.approx(bounded["requests"], rel=0.01)
    assert bounded["lower"] - 0.01 <= counted["lower"] <= bounded["upper"] + 0.01
    assert 0.2 < counted["lower"] < 0.95
