"""The sample that notebooks share, and the recorded series in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.groups import group_text, label
from rtobs.analytics.simulation import incidents, sample_export, sample_scenario
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.recorded import recorded_minutes, recorded_tiles
from rtobs.analytics.slo.slices import slice_values
from rtobs.analytics.slo.tiles import tiles
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.indicator import TimesliceIndicator
from rtobs.rules.recordings import identity_labels
from rtobs.slo.fleet import load_fleet
from tests.servers import Prometheus, promtool

SLOS = {slo.slo_id: slo for slo in load_fleet(Path(__file__).parents[3] / "slo").slos}
COUNTED = (
    *("vllm-http-availability", "vllm-engine-success", "vllm-time-to-first-token"),
    *("vllm-time-per-output-token", "chat-api-good-answers"),
)
SLICED = ("vllm-up", "vllm-kv-cache-headroom", "gpu-cooling", "gpu-bandwidth-headroom")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The first five days, with the bad release of the fifth."""
    folder = tmp_path_factory.mktemp("sample") / "export"
    return sample_export(folder, tuple(SLOS.values()), days=5)


def test_every_slo_whose_series_are_there_is_recorded(sample: Export) -> None:
    """Under the labels that the rules give."""
    series = sample.select(names.TOTAL_RATE)
    assert set(series.select(label("slo_id"))["slo_id"]) == {*COUNTED, *SLICED}
    for slo_id in (*COUNTED, *SLICED):
        slo = SLOS[slo_id]
        for labels in sample.select(names.TOTAL_RATE, slo_id=slo_id)["labels"].to_list():
            found = {pair["name"]: pair["value"] for pair in labels}
            assert identity_labels(slo).items() <= found.items()
            assert set(found) == {*identity_labels(slo), *slo.group_by}


@pytest.mark.parametrize("slo_id", COUNTED)
def test_recorded_minutes_are_those_of_the_raw_counters(sample: Export, slo_id: str) -> None:
    """To the bit, and so are the tiles."""
    slo = SLOS[slo_id]
    counted = counted_minutes(sample, slo)
    assert counted.height > 7_000
    assert_frame_equal(recorded_minutes(sample, slo), counted, check_exact=True)
    made = tiles(counted, dialect=Dialect.V3)
    assert_frame_equal(recorded_tiles(sample, slo), made, check_exact=True)


@pytest.mark.parametrize("slo_id", [COUNTED[0], SLICED[0]])
def test_the_recorded_budget_is_that_of_the_tiles(sample: Export, slo_id: str) -> None:
    """What remains, at every evaluation."""
    slo = SLOS[slo_id]
    budget = rolling_budget(recorded_tiles(sample, slo), slo, dialect=Dialect.V3)
    series = sample.select(names.BUDGET_REMAINING, slo_id=slo_id)
    recorded = sample.samples(names.BUDGET_REMAINING).collect()
    recorded = recorded.filter(pl.col("series_id").is_in(series["series_id"].to_list()))
    known = budget.select("ts", "remaining").drop_nulls()
    assert recorded["ts"].to_list() == known["ts"].to_list()
    assert recorded["value"].to_list() == known["remaining"].to_list()


def test_the_bad_release_is_in_the_sample_and_in_its_truth(sample: Export) -> None:
    """Errors rise within the incident and nowhere else as much."""
    scenario = sample_scenario(5)
    (truth,) = incidents(scenario).filter(slo_id="vllm-http-availability").rows(named=True)
    assert truth["label"] == "bad release"
    minutes = recorded_minutes(sample, SLOS["vllm-http-availability"])
    inside = pl.col("ts").is_between(truth["start"], truth["end"] + timedelta(minutes=5))
    assert minutes.filter(inside)["bad"].to_numpy().max() > 0.05
    assert minutes.filter(~inside)["bad"].to_numpy().max() < 0.02


def test_slices_that_were_seen_are_told_from_those_that_were_filled(sample: Export) -> None:
    """A probe without data counts as bad; `seen` is there only for SLOs that fill."""
    seen = sample.select(names.SLICE_SEEN)
    assert seen.select(label("slo_id"))["slo_id"].to_list() == ["vllm-up"]
    values = sample.samples(names.SLICE_SEEN).collect()["value"]
    assert set(values) == {0.0, 1.0}
    assert recorded_minutes(sample, SLOS["vllm-up"])["slice_bad"].drop_nulls().equals(values)


def test_the_sample_is_whole_or_not_there(sample: Export, tmp_path: Path) -> None:
    """It does not touch what is there, its files are those that it names, nothing else is left."""
    (tmp_path / "export").mkdir()
    with pytest.raises(ExportError, match="exists already; open it, or choose another folder"):
        sample_export(tmp_path / "export")
    made = sample_export(tmp_path / "raw", days=1)
    made.verify()
    sample.verify()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "raw"]
    assert not [metric for metric in made.metrics if metric.startswith("slo:")]
    ids = sample.series["series_id"].to_list()
    assert ids == list(range(len(ids)))


def test_five_weeks_have_incidents_of_several_slos() -> None:
    """All of them end before the sample does."""
    scenario = sample_scenario()
    truth = incidents(scenario)
    assert set(truth["label"]) == {"bad release", "driver update", "fan failed", "flaky network"}
    assert truth["end"].to_numpy().max() < scenario.end.replace(tzinfo=None)
    assert truth.filter(slo_id="vllm-http-availability").height == 2


@pytest.fixture(scope="module")
def prometheus(
    real_parts: None, sample: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A server that holds the gauges and counters of the time-slice SLOs for half a day."""
    del real_parts
    folder = tmp_path_factory.mktemp("served")
    text = folder / "sample.om"
    text.write_text("".join(_openmetrics(sample)) + "# EOF\n")
    done = promtool("tsdb", "create-blocks-from", "openmetrics", text, folder / "data")
    assert done.returncode == 0, done.stderr
    flags = ("--storage.tsdb.retention.time=50y",)
    with Prometheus(storage=folder / "data", flags=flags) as server:
        yield server


def _openmetrics(sample: Export) -> Iterator[str]:
    metrics = ("probe_success", "vllm:kv_cache_usage_perc", "DCGM_FI_PROF_DRAM_ACTIVE")
    until = sample.about.start + timedelta(hours=12)
    for metric in (*metrics, "DCGM_FI_DEV_THERMAL_VIOLATION"):
        series = {row["series_id"]: row["labels"] for row in sample.select(metric).to_dicts()}
        for number, ts, value in sample.samples(metric, end=until).collect().rows():
            labels = ",".join(f'{pair["name"]}="{pair["value"]}"' for pair in series[number])
            yield f"{metric}{{{labels}}} {value!r} {ts.timestamp():.3f}\n"


@pytest.mark.parametrize("slo_id", SLICED)
def test_values_of_slices_are_those_of_prometheus(
    sample: Export, prometheus: Prometheus, slo_id: str
) -> None:
    """Of the expression as the rules have it, at every minute of some hours."""
    slo = SLOS[slo_id]
    assert isinstance(slo.indicator, TimesliceIndicator)
    first, last = (sample.about.start + timedelta(hours=h) for h in (1, 10))
    values = slice_values(sample, slo)
    assert values is not None
    inside = values.filter(pl.col("ts").is_between(first, last))
    found = {
        (group_text(series.labels, slo.group_by), time): value
        for series in prometheus.query_range(
            slo.indicator.expression, first.timestamp(), last.timestamp(), 60
        )
        for time, value in series.points
    }
    ours = {(name, ts.timestamp()): value for name, ts, value in inside.rows()}
    assert len(ours) >= 541
    assert ours == pytest.approx(found, rel=1e-12)


def test_expressions_of_another_kind_have_no_values_here(sample: Export) -> None:
    """Arithmetic between selectors, nested functions, and what is no time slice."""
    others = ("gpu-health", "gpu-up", "gpu-allocated-in-use", "gpu-effective-use", "vllm-goodput")
    for slo_id in (*others, COUNTED[0]):
        assert slice_values(sample, SLOS[slo_id]) is None
