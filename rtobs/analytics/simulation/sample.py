"""The sample that notebooks, tutorials and tests share: five weeks of a small model service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.frames import SAMPLES, SERIES, empty
from rtobs.analytics.simulation.faults import (
    MissingScrape,
    Outage,
    PodRestart,
    Slowdown,
    Throttled,
)
from rtobs.analytics.simulation.page import Line, frames
from rtobs.analytics.simulation.recorded import recorded_lines
from rtobs.analytics.simulation.scenario import Scenario, Scrape, Traffic
from rtobs.analytics.simulation.simulate import about, scraped_lines
from rtobs.analytics.store import Export, open_export
from rtobs.analytics.store.places import place_of
from rtobs.analytics.store.write import Writer
from rtobs.errors import ExportError
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["sample_export", "sample_scenario"]

_START: Final = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
_FAMILIES: Final = frozenset(
    {
        *("http_requests_total", "probe_success", "rtobs_llm_requests_total"),
        *("vllm:request_success_total", "vllm:time_to_first_token_seconds"),
        *("vllm:request_time_per_output_token_seconds", "vllm:num_preemptions_total"),
        *("vllm:generation_tokens_total", "vllm:prompt_tokens_total"),
        *("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"),
        *("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_SM_ACTIVE", "DCGM_FI_PROF_DRAM_ACTIVE"),
        *("DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_THERMAL_VIOLATION"),
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
    }
)


def sample_scenario(days: int = 35) -> Scenario:
    """Two replicas with the traffic of an office, and what went wrong in these weeks.

    Faults after the last of the days are left out. The labels of the incidents say what they are.

    Args:
        days: how long; a month of budget needs more than 30.
    """
    faults = (
        Outage(_at(4, 10), timedelta(minutes=40), share=0.6, label="bad release"),
        Slowdown(_at(10, 14), timedelta(hours=2), factor=8.0, label="driver update"),
        PodRestart(_at(16, 3), timedelta(minutes=12), replicas=(0,), label="node reboot"),
        MissingScrape(_at(19, 9), timedelta(minutes=15), label="scrape config"),
        Throttled(_at(23, 13), timedelta(hours=4), replicas=(1,), factor=7.0, label="fan failed"),
        Outage(_at(29, 8), timedelta(hours=30), share=0.08, label="flaky network"),
    )
    lasts = timedelta(days=days)
    return Scenario(
        start=_START,
        lasts=lasts,
        seed=20_260_105,
        traffic=Traffic(0.12, daily=0.75, weekend=0.35, burst_spread=0.3),
        faults=tuple(fault for fault in faults if fault.start < lasts),
        scrape=Scrape(Duration.parse("1m"), families=_FAMILIES),
        error_share=0.0003,
    )


def _at(day: int, hour: int) -> timedelta:
    return timedelta(days=day, hours=hour)


def sample_export(folder: Path, slos: Sequence[ResolvedSlo] = (), days: int = 35) -> Export:
    """Make the sample: raw series every minute, and what the rules of SLOs recorded of them.

    Args:
        folder: where there is nothing yet; what is there afterwards is whole.
        slos: SLOs whose recorded series are added where the sample has their raw series, for
            example `load_fleet(Path("slo")).slos`.
        days: how long, from Monday, 5 January 2026.

    Raises:
        ExportError: there is something already.
    """
    if folder.exists():
        raise ExportError(f"{folder} exists already; open it, or choose another folder")
    scenario = sample_scenario(days)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=folder.name, dir=folder.parent) as place:
        half = Path(place) / "export"
        writer = Writer(place_of(half))
        series = _add(writer, scraped_lines(scenario), scenario, empty(SERIES))
        if slos:
            _add(writer, recorded_lines(open_export(half), slos), scenario, series)
        half.replace(folder)
    return open_export(folder)


def _add(
    writer: Writer, lines: Iterable[Line], scenario: Scenario, known: pl.DataFrame
) -> pl.DataFrame:
    """Add lines to an export, which is whole before and afterwards; gives all its series."""
    new, samples = frames(lines, scenario.start)
    moved = pl.col("series_id") + pl.lit(known.height, pl.UInt32)
    series = pl.concat([known, new.with_columns(moved)])
    for metric, members in new.group_by("metric", maintain_order=True):
        own = samples.filter(pl.col("series_id").is_in(members["series_id"].to_list()))
        days = own.with_columns(moved, pl.col("ts").dt.date().alias("day"))
        for (day,), part in sorted(days.partition_by("day", as_dict=True).items()):
            writer.add(str(metric[0]), day, part.select(list(SAMPLES.columns)))
    writer.finish(series, about(scenario, series))
    return series
