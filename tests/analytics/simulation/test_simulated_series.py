"""What Prometheus would have stored agrees with what really happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.frames import SAMPLES, SERIES, check
from rtobs.analytics.groups import label
from rtobs.analytics.simulation import (
    Lengths,
    MissingScrape,
    Outage,
    PodRestart,
    Scrape,
    Simulation,
    Slowdown,
    Throttled,
    Traffic,
    simulate,
)
from rtobs.analytics.simulation.gpu import gpu_uuid
from rtobs.catalogue.facts import MetricType
from rtobs.catalogue.load import load
from rtobs.model.duration import Duration
from tests.analytics.simulation.places import CHAT, SMALL, START, minutes, scenario

FAULTS = (
    Outage(minutes(4), minutes(3), share=0.5),
    Slowdown(minutes(10), minutes(3), factor=3.0),
    PodRestart(minutes(15), minutes(2), replicas=(0,)),
    Throttled(minutes(19), minutes(3), replicas=(1,), factor=4.0),
    MissingScrape(minutes(24), minutes(2), replicas=(1,)),
)


@pytest.fixture(scope="module")
def troubled() -> Simulation:
    """Half an hour with one fault of each kind."""
    return simulate(scenario(faults=FAULTS, error_share=0.01))


@pytest.fixture(scope="module")
def calm() -> Simulation:
    """Half an hour without faults."""
    return simulate(scenario())


def stored(played: Simulation, metric: str, *names: str, **labels: str) -> pl.DataFrame:
    """Samples of a metric with some of its labels as columns."""
    series = played.series.filter(
        pl.col("metric") == metric, *(label(name) == value for name, value in labels.items())
    )
    wanted = series.select("series_id", *(label(name) for name in names))
    return played.samples.join(wanted, on="series_id").sort("series_id", "ts")


def last_sum(played: Simulation, metric: str, **labels: str) -> float:
    """Sum of the last values of the series."""
    samples = stored(played, metric, **labels)
    return float(samples.group_by("series_id").agg(pl.col("value").last())["value"].sum())


def test_frames_are_those_of_an_export(troubled: Simulation) -> None:
    """Columns, order and uniqueness."""
    assert check(troubled.series, SERIES).height == troubled.series["series_id"].n_unique()
    samples = check(troubled.samples, SAMPLES)
    assert samples.equals(samples.sort(SAMPLES.key))
    assert not samples.select(pl.struct(SAMPLES.key).is_duplicated().any()).item()


def test_every_name_label_and_bucket_is_of_the_catalogue(troubled: Simulation) -> None:
    """Only `job`, `instance` and the site's probe label come with a scrape."""
    added = {"job", "instance", "probe", "le"}
    components = [load().components[key] for key in ("vllm", "gpu-dcgm", "blackbox")]
    components += [load().components["runtime-service"], load().components["prometheus"]]
    for row in troubled.series.iter_rows(named=True):
        metric = next(m for c in components if (m := c.metric(row["metric"])) is not None)
        labels = {pair["name"]: pair["value"] for pair in row["labels"]}
        assert {name for name in labels if metric.label(name) is None} <= added
        if metric.type is MetricType.HISTOGRAM and "le" in labels:
            assert labels["le"] in (*metric.buckets, "+Inf")
        for known in metric.labels:
            assert not known.values or labels.get(known.name, known.values[0]) in known.values


def test_counters_fall_only_when_a_replica_begins_again(troubled: Simulation) -> None:
    """Replica 0 comes back after 17 minutes; nothing else ever decreases.

    Counters that are absent until they count something fall when they are seen again.
    """
    cumulative = r"(_total|_count|_sum|_bucket|_CONSUMPTION|_VIOLATION)$"
    counters = troubled.series.filter(pl.col("metric").str.contains(cumulative))
    samples = troubled.samples.join(counters.select("series_id", label("instance")), on="series_id")
    fell = samples.with_columns(pl.col("value").diff().over("series_id").alias("step")).filter(
        pl.col("step") < 0
    )
    assert set(fell["instance"]) == {"vllm-0:8000"}
    absent_at_first = troubled.series.filter(pl.col("metric") == "http_requests_total")
    always = fell.join(absent_at_first, on="series_id", how="anti")
    assert set(always["ts"].dt.minute()) == {17}
    assert min(fell["ts"].to_list()) >= START + minutes(17)


@pytest.mark.parametrize(
    ("family", "column", "within"),
    [
        ("vllm:time_to_first_token_seconds", "ttft_s", "ttft_s"),
        ("vllm:request_time_per_output_token_seconds", "tpot_s", "e2e_s"),
        ("vllm:e2e_request_latency_seconds", "e2e_s", "e2e_s"),
        ("vllm:request_queue_time_seconds", "queue_s", "e2e_s"),
        ("vllm:request_prompt_tokens", "prompt_tokens", "e2e_s"),
        ("vllm:request_generation_tokens", "answer_tokens", "e2e_s"),
    ],
)
def test_histograms_hold_exactly_what_was_over_by_the_last_scrape(
    calm: Simulation, family: str, column: str, within: str
) -> None:
    """Every bucket, the count and the sum, of every replica."""
    buckets = stored(calm, f"{family}_bucket", "le", "instance")
    tops = buckets.group_by("instance", "le").agg(pl.col("value", "ts").last())
    for row in tops.iter_rows(named=True):
        replica = int(row["instance"].removeprefix("vllm-").removesuffix(":8000"))
        over = calm.requests.filter(
            pl.col("replica") == replica,
            pl.col("arrival") + pl.duration(microseconds=pl.col(within) * 1e6) <= row["ts"],
        )
        assert row["value"] == over.filter(pl.col(column) <= float(row["le"])).height
    ended = calm.requests.drop_nulls(within).filter(
        pl.col("arrival") + pl.duration(microseconds=pl.col(within) * 1e6)
        <= calm.scenario.end - timedelta(seconds=15)
    )
    assert last_sum(calm, f"{family}_count") >= ended.height > 1_000
    assert last_sum(calm, f"{family}_sum") >= float(ended[column].sum()) - 1e-6


def test_buckets_rise_with_their_bound_and_end_at_the_count(troubled: Simulation) -> None:
    """At every scrape of every histogram."""
    for family in troubled.series.filter(pl.col("metric").str.ends_with("_bucket"))[
        "metric"
    ].unique():
        buckets = stored(troubled, family, "le", "instance").with_columns(
            pl.col("le").str.replace("+Inf", "inf", literal=True).cast(pl.Float64)
        )
        ordered = buckets.sort("instance", "ts", "le")
        steps = ordered.with_columns(pl.col("value").diff().over("instance", "ts"))
        assert steps.filter(pl.col("value") < 0).is_empty()
        tops = ordered.group_by("instance", "ts").agg(pl.col("value").last())
        counts = stored(troubled, family.removesuffix("_bucket") + "_count", "instance")
        both = tops.join(counts, on=["instance", "ts"])
        assert both.height == counts.height
        assert both["value"].equals(both["value_right"])


def test_every_token_is_counted_once(calm: Simulation) -> None:
    """Generated tokens are first tokens and gaps between tokens; prompts come with the first."""
    gaps = last_sum(calm, "vllm:inter_token_latency_seconds_count")
    first = last_sum(calm, "vllm:time_to_first_token_seconds_count")
    assert last_sum(calm, "vllm:generation_tokens_total") == gaps + first
    begun = stored(calm, "vllm:prompt_tokens_total", "instance")
    for row in begun.iter_rows(named=True):
        replica = int(row["instance"].removeprefix("vllm-").removesuffix(":8000"))
        moment = pl.col("arrival") + pl.duration(microseconds=pl.col("ttft_s") * 1e6)
        known = calm.requests.filter(pl.col("replica") == replica, moment <= row["ts"])
        assert row["value"] == known["prompt_tokens"].sum()


def test_gauges_and_stays_agree_by_littles_law() -> None:
    """Mean number in the system = arrival rate x mean stay, within a fiftieth."""
    gauges = ("vllm:num_requests_running", "vllm:num_requests_waiting")
    scrape = Scrape(Duration(1), families=frozenset(gauges))
    played = simulate(scenario(lasts=minutes(60), scrape=scrape, traffic=replace(CHAT, rate=4.0)))
    means = [stored(played, gauge)["value"].to_numpy().mean() for gauge in gauges]
    number = played.scenario.replicas * sum(means)
    stay = float(played.requests["e2e_s"].sum()) / played.scenario.seconds
    assert means[1] > 0.1
    assert number == pytest.approx(stay, rel=0.02)


def test_the_api_counts_every_answer_by_its_class(troubled: Simulation) -> None:
    """Of the replica that never restarted; a class that never happened is absent."""
    own = troubled.requests.filter(pl.col("replica") == 1)
    series = stored(troubled, "http_requests_total", "status", instance="vllm-1:8000")
    assert set(series["status"]) == {"2xx", "5xx"}
    failed = series.filter(pl.col("status") == "5xx")
    assert failed["value"].last() == own.filter(pl.col("status") == "5xx").height > 20
    assert failed["value"].min() == 1.0


def test_a_healthy_server_has_no_series_of_failures(calm: Simulation) -> None:
    """As with vLLM, the class of 5xx is absent until one happens."""
    assert set(stored(calm, "http_requests_total", "status")["status"]) == {"2xx"}


def test_a_restart_loses_what_the_replica_held(troubled: Simulation) -> None:
    """Requests under way are lost, and the other replica gets all that come meanwhile."""
    lost = troubled.requests.filter(pl.col("outcome") == "lost")
    assert set(lost["replica"]) == {0}
    during = troubled.requests.filter(
        pl.col("arrival").is_between(START + minutes(15), START + minutes(17), closed="left")
    )
    assert set(during["replica"]) == {1}
    up = stored(troubled, "up", "instance").filter(pl.col("instance") == "vllm-0:8000")
    down = up.filter(pl.col("value") == 0)["ts"].to_list()
    assert START + minutes(15) <= min(down) <= max(down) < START + minutes(17)
    assert len(down) == 8


def test_a_target_that_is_not_scraped_has_no_samples_but_its_up(troubled: Simulation) -> None:
    """Two minutes without samples; what happened then shows in the next one."""
    gap = (START + minutes(24), START + minutes(26))
    samples = stored(troubled, "vllm:generation_tokens_total", instance="vllm-1:8000")
    assert samples.filter(pl.col("ts").is_between(*gap, closed="left")).is_empty()
    up = stored(troubled, "up", instance="vllm-1:8000")
    assert up.filter(pl.col("ts").is_between(*gap, closed="left"))["value"].to_list() == [0.0] * 8


def test_a_slow_time_shows_in_the_pace(troubled: Simulation) -> None:
    """The time for a token about triples with the steps."""
    inside = pl.col("arrival").is_between(START + minutes(10), START + minutes(12.5))
    tpot = pl.col("tpot_s").drop_nulls()
    slow, usual = (troubled.requests.filter(x).select(tpot.median()) for x in (inside, ~inside))
    assert slow.item() > 2.5 * usual.item()


def test_a_hot_gpu_is_clocked_down_and_says_so(troubled: Simulation) -> None:
    """A quarter of the clock, and three quarters of three minutes lost, in nanoseconds."""
    gpu = gpu_uuid(troubled.scenario, 1)
    clock = stored(troubled, "DCGM_FI_DEV_SM_CLOCK", UUID=gpu)
    slow = clock.filter(pl.col("value") < 1_980)
    assert set(slow["value"]) == {495.0}
    times = slow["ts"].to_list()
    assert START + minutes(19) <= min(times) <= max(times) < START + minutes(22)
    violation = stored(troubled, "DCGM_FI_DEV_THERMAL_VIOLATION", UUID=gpu)["value"]
    assert violation.max() == pytest.approx(135e9)
    other = gpu_uuid(troubled.scenario, 0)
    assert stored(troubled, "DCGM_FI_DEV_THERMAL_VIOLATION", UUID=other)["value"].max() == 0


def test_a_gpu_looks_busier_than_its_multiprocessors_are(calm: Simulation) -> None:
    """GPU_UTIL is time with any kernel, SM_ACTIVE is a share of the chip during it."""
    util = stored(calm, "DCGM_FI_DEV_GPU_UTIL")["value"] / 100
    active = stored(calm, "DCGM_FI_PROF_SM_ACTIVE")["value"]
    power = stored(calm, "DCGM_FI_DEV_POWER_USAGE")["value"]
    assert (active <= util + 0.005).all()
    assert float(active.sum()) < 0.8 * float(util.sum())
    assert power.is_between(80, 700).all()


def test_probes_fail_as_often_as_requests(troubled: Simulation) -> None:
    """Some of those within the outage, none outside."""
    failed = stored(troubled, "probe_success").filter(pl.col("value") == 0)
    times = failed["ts"].to_list()
    assert START + minutes(4) <= min(times) <= max(times) < START + minutes(7)
    assert 2 <= len(times) <= 10


def test_the_client_counts_every_request_once(troubled: Simulation) -> None:
    """By the last scrape all but those under way have an outcome."""
    total = last_sum(troubled, "rtobs_llm_requests_total")
    assert 0 <= troubled.requests.height - total < 40
    series = stored(troubled, "rtobs_llm_requests_total", "outcome", "goodput")
    counts = {
        (outcome, goodput): part["value"].to_list()[-1]
        for (outcome, goodput), part in series.group_by("outcome", "goodput")
    }
    over = troubled.requests.filter(
        pl.col("arrival") + pl.duration(microseconds=pl.col("e2e_s").fill_null(0.0) * 1e6)
        <= series["ts"].to_list()[-1]
    )
    ok = pl.col("outcome") == "ok"
    good = ok & (pl.col("ttft_s") <= 1.0) & (pl.col("tpot_s") <= 0.1)
    assert counts["ok", "met"] == over.filter(good).height
    assert counts["ok", "missed"] == over.filter(ok & ~good).height > 0
    assert counts["error", "missed"] == over.filter(~ok).height > 0
    assert counts["error", "met"] == 0


def test_whoever_left_was_served_well_if_they_left_soon() -> None:
    """The library counts a cancelled request as met while the limit had not passed."""
    for patience, verdict in ((0.5, "met"), (2.0, "missed")):
        played = simulate(scenario(traffic=replace(CHAT, rate=9.0), patience=patience))
        left = played.requests.filter(pl.col("outcome") == "left").height
        label_values = {"outcome": "cancelled", "goodput": verdict}
        assert left > 100
        counted = last_sum(played, "rtobs_llm_requests_total", **label_values)
        assert 0.98 * left <= counted <= left


def test_whoever_is_in_the_system_runs_or_waits() -> None:
    """At every scrape of a replica whose cache is too small for its crowd, exactly."""
    crowd = Traffic(4.0, prompt=Lengths(300.0, 0.5, 900), answer=Lengths(300.0, 0.5, 900))
    played = simulate(scenario(traffic=crowd, replicas=1, engine=replace(SMALL, batch=64)))
    requests = played.requests.with_columns(
        end=pl.col("arrival") + pl.duration(microseconds=pl.col("e2e_s") * 1e6)
    )
    assert float(requests["thrown_out"].sum()) > 100
    running = stored(played, "vllm:num_requests_running")
    waiting = stored(played, "vllm:num_requests_waiting")
    assert running["value"].is_between(0, 64).all()
    for ts, busy, queued in zip(running["ts"], running["value"], waiting["value"], strict=True):
        inside = requests.filter(pl.col("arrival") <= ts, pl.col("end") > ts)
        assert busy + queued == inside.height


def test_only_wanted_families_are_kept(calm: Simulation) -> None:
    """`up` is Prometheus' own and always there."""
    few = frozenset({"vllm:num_requests_running", "vllm:time_to_first_token_seconds"})
    played = simulate(scenario(scrape=Scrape(calm.scenario.scrape.interval, families=few)))
    ttft = {f"vllm:time_to_first_token_seconds{suffix}" for suffix in ("_bucket", "_count", "_sum")}
    assert set(played.series["metric"]) == {"up", "vllm:num_requests_running", *ttft}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([15, 30]), st.booleans())
def test_the_same_seed_gives_the_same_bits(seed: int, interval: int, late: bool) -> None:  # noqa: FBT001
    """Another seed gives others."""
    scrape = Scrape(Duration(interval), timedelta(seconds=2 * late))
    first, again, other = (
        simulate(scenario(seed=s, lasts=minutes(5), faults=FAULTS[:1], scrape=scrape))
        for s in (seed, seed, seed + 1)
    )
    assert first.series.equals(again.series)
    assert first.samples.equals(again.samples)
    assert first.requests.equals(again.requests)
    assert not first.samples.equals(other.samples)
