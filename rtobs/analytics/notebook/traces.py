"""Arrivals that were recorded elsewhere, played on a simulated fleet."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.frames import TIME
from rtobs.analytics.inference import (
    Intervals,
    bucket_increases,
    capacity,
    counter_increases,
    latency_by_rate,
)
from rtobs.analytics.simulation import Scenario, Scrape, read_trace, simulate_export
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector

__all__ = ["Played", "calm", "play_trace", "trace_beside"]

_START: Final = datetime(2026, 1, 5, tzinfo=UTC)
_TTFT: Final = "vllm:time_to_first_token_seconds"
_FAMILIES: Final = frozenset({_TTFT, "vllm:request_success_total"})
_FIFTEEN: Final = Duration.parse("15s")
_MINUTE: Final = Duration.parse("1m")
_BINS: Final = 8
_AZURE: Final = "data/azure-llm-2023/AzureLLMInferenceTrace_conv.csv"


@dataclass(frozen=True, slots=True)
class Played:
    """What a trace did to a fleet.

    Attributes:
        requests: how many there were.
        by_rate: BY_RATE of the time to the first token.
        broken: CAPACITY of the same.
    """

    requests: int
    by_rate: pl.DataFrame = field(repr=False, compare=False)
    broken: pl.DataFrame = field(repr=False, compare=False)


def trace_beside(home: Path | None) -> Path | None:
    """The public Azure trace of 2023, where it lies in `shared/data` beside the checkout.

    Args:
        home: folder of the notebook.
    """
    path = (home or Path.cwd() / "notebooks").parent.parent / "shared" / _AZURE
    return path if path.is_file() else None


def play_trace(path: Path, replicas: int, limit: float, objective: Decimal) -> Played:
    """Play the arrivals of a trace on simulated model servers and look at the first tokens.

    Args:
        path: CSV with TIMESTAMP, ContextTokens and GeneratedTokens.
        replicas: how many servers.
        limit: of the time to the first token, seconds.
        objective: share of answers that must meet it.

    Raises:
        FrameError: the file is no trace.
    """
    arrivals = read_trace(path, _START)
    last = arrivals["arrival"].max()
    assert isinstance(last, datetime)  # noqa: S101  # a trace has requests
    lasts = timedelta(minutes=max((last - _START) // timedelta(minutes=1), _BINS))
    scenario = Scenario(
        _START, lasts, replicas=replicas, scrape=Scrape(_FIFTEEN, families=_FAMILIES)
    )
    intervals = Intervals(_START, scenario.end, _MINUTE)
    with tempfile.TemporaryDirectory() as folder:
        export = simulate_export(Path(folder) / "played", scenario, arrivals)
        buckets = bucket_increases(export, Selector(_TTFT), intervals)
        came = counter_increases(export, Selector("vllm:request_success_total"), intervals)
    slo = (limit, objective)
    by_rate = latency_by_rate(buckets, came, intervals, _BINS, (0.5, 0.95, 0.99))
    return Played(arrivals.height, by_rate, capacity(buckets, came, slo, intervals))


def calm(frame: pl.DataFrame, incidents: pl.DataFrame | None, intervals: Intervals) -> pl.DataFrame:
    """The rows of intervals that no incident touches.

    Args:
        frame: any frame with `ts`, the end of an interval.
        incidents: INCIDENTS of any SLO; None for none.
        intervals: those of the frame.
    """
    if incidents is None:
        return frame
    length = timedelta(seconds=intervals.length.seconds)
    touched = [
        (pl.col("ts") > pl.lit(start, TIME)) & (pl.col("ts") - length < pl.lit(end, TIME))
        for start, end in incidents.select("start", "end").unique().rows()
    ]
    return frame.filter(~pl.any_horizontal(touched)) if touched else frame
