"""Tokens, GPUs, the KV cache and the queue."""

from __future__ import annotations

import polars as pl
import pytest

from rtobs.analytics.inference import (
    Intervals,
    counter_increases,
    gauge_levels,
    gpu_use,
    kv_pressure,
    queueing,
    token_throughput,
)
from rtobs.analytics.simulation import Engine, Lengths, Scrape, Traffic
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector
from tests.analytics.inference.played import GROUP, MODEL, amounts, played, vllm
from tests.analytics.simulation.places import START, minutes, scenario

TWO = Intervals(START, START + minutes(2), Duration.parse("1m"))


def test_tokens_are_given_for_each_second_gpu_and_joule() -> None:
    """A minute without energy has no tokens for a joule."""
    frame = token_throughput(
        amounts(600.0, 60.0), amounts(1_200.0, 120.0), TWO, gpus=4, joules=amounts(2_400.0)
    )
    assert frame.select(pl.exclude("group", "ts")).rows() == [
        (10.0, 20.0, 5.0, 0.5),
        (1.0, 2.0, 0.5, None),
    ]
    without = token_throughput(amounts(600.0), amounts(1_200.0), TWO, gpus=1)
    assert without["generated_per_joule"].to_list() == [None]


def test_a_gpu_that_looks_busy_and_is_half_idle_is_hollow() -> None:
    """Of four minutes: idle, busy and well used, busy and hollow, neither."""
    frame = gpu_use(amounts(0.0, 100.0, 96.0, 50.0), amounts(0.0, 0.8, 0.3, 0.2))
    assert frame.rows() == [(GROUP, 4, 0.615, pytest.approx(0.325), 0.25, 0.5, 0.25, 0.5)]
    assert gpu_use(amounts(10.0), amounts(0.1))["hollow_of_busy"].to_list() == [None]


def test_pressure_of_the_cache_is_time_above_the_limit_and_its_victims() -> None:
    """Three requests in two minutes are ninety an hour."""
    frame = kv_pressure(amounts(0.5, 0.97), amounts(0.0, 3.0), TWO)
    assert frame.rows() == [(GROUP, 2, pytest.approx(0.735), 0.97, 0.5, 90.0)]


def test_waits_follow_from_the_length_of_the_queue() -> None:
    """Two requests a second, 4 waiting: each waits 2 s; nothing arrived, nothing is known."""
    frame = queueing(amounts(120.0, 0.0), amounts(4.0, 1.0), amounts(6.0, 1.0), TWO)
    assert frame.select(pl.exclude("group", "ts")).rows() == [
        (2.0, 4.0, 6.0, 2.0, 5.0),
        (0.0, 1.0, 1.0, None, None),
    ]


def test_a_wrong_frame_is_refused() -> None:
    """By each function, in one sentence."""
    wrong = amounts(1.0).rename({"value": "count"})
    with pytest.raises(FrameError, match="this is no frame of amounts: value is absent"):
        token_throughput(wrong, amounts(1.0), TWO, 1)
    with pytest.raises(FrameError, match="value is absent"):
        gpu_use(amounts(1.0), wrong)
    with pytest.raises(FrameError, match="value is absent"):
        kv_pressure(wrong, amounts(1.0), TWO)
    with pytest.raises(FrameError, match="value is absent"):
        queueing(amounts(1.0), wrong, amounts(1.0), TWO)


def test_a_crowded_fleet_shows_in_all_of_them() -> None:
    """A small cache under load: it is full, requests are thrown out, and the queue is long."""
    fleet = scenario(
        lasts=minutes(40),
        engine=Engine(4_000.0, 0.02, 0.002, 512, 16, 5_000, 4_000),
        traffic=Traffic(2.5, prompt=Lengths(400.0, 0.6, 3_000), answer=Lengths(120.0, 0.6, 400)),
        scrape=Scrape(Duration(15)),
    )
    seen = played(fleet)
    span = Intervals(fleet.start, fleet.end, Duration.parse("40m"))
    usage = gauge_levels(seen.export, vllm("kv_cache_usage_perc"), span, MODEL, "max")
    lost = counter_increases(seen.export, vllm("num_preemptions_total"), span, MODEL)
    pressure = kv_pressure(usage, lost, span, 0.5).row(0, named=True)
    assert pressure["above"] == 1.0
    thrown_out = float(seen.truth.requests["thrown_out"].sum())
    assert pressure["thrown_out_per_h"] == pytest.approx(thrown_out * 1.5, rel=0.05)
    came = counter_increases(seen.export, vllm("time_to_first_token_seconds_count"), span, MODEL)
    queue = queueing(
        came,
        gauge_levels(seen.export, vllm("num_requests_waiting"), span, MODEL, "sum"),
        gauge_levels(seen.export, vllm("num_requests_running"), span, MODEL, "sum"),
        span,
    ).row(0, named=True)
    stays = seen.truth.requests["e2e_s"].drop_nulls().to_numpy()
    assert queue["stay_s"] == pytest.approx(stays.mean(), rel=0.1)
    gpu = ("UUID",)
    use = gpu_use(
        gauge_levels(seen.export, Selector("DCGM_FI_DEV_GPU_UTIL"), span, gpu),
        gauge_levels(seen.export, Selector("DCGM_FI_PROF_SM_ACTIVE"), span, gpu),
        effective_from=0.9,
    )
    assert use["busy"].to_list() == use["hollow"].to_list() == [1.0, 1.0]
    tokens = token_throughput(
        counter_increases(seen.export, vllm("prompt_tokens_total"), span, MODEL),
        counter_increases(seen.export, vllm("generation_tokens_total"), span, MODEL),
        span,
        gpus=fleet.replicas,
    ).row(0, named=True)
    asked = float(seen.truth.requests["answer_tokens"].sum()) / fleet.seconds
    assert tokens["generated_per_s"] == pytest.approx(asked, rel=0.03)
    assert tokens["generated_per_gpu_s"] == tokens["generated_per_s"] / 2
