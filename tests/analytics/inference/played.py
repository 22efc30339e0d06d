"""Simulated exports, and frames made by hand, for the tests of the analysis."""

from __future__ import annotations

import atexit
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl

from rtobs.analytics.frames import TIME
from rtobs.analytics.inference import AMOUNTS, BUCKETS, Intervals
from rtobs.analytics.simulation import Scenario, Simulation, simulate
from rtobs.analytics.simulation.simulate import about
from rtobs.analytics.store import Export, write_export
from rtobs.model.duration import Duration
from rtobs.model.selector import Matcher, Selector
from tests.analytics.simulation.places import START

MODEL = ("model_name",)
GROUP = 'model_name="llama"'
_PLACE = tempfile.TemporaryDirectory(prefix="rtobs-test-")
atexit.register(_PLACE.cleanup)


@dataclass(frozen=True, slots=True)
class Played:
    """What really happened, and the export that shows it."""

    truth: Simulation
    export: Export


@cache
def played(scenario: Scenario) -> Played:
    """A scenario, simulated once and kept while the tests run."""
    truth = simulate(scenario)
    folder = Path(tempfile.mkdtemp(dir=_PLACE.name)) / "export"
    return Played(
        truth, write_export(folder, truth.series, truth.samples, about(scenario, truth.series))
    )


def vllm(name: str) -> Selector:
    """A metric of the model servers."""
    return Selector(f"vllm:{name}", (Matcher("job", "=", "vllm"),))


def whole(scenario: Scenario) -> Intervals:
    """The whole scenario as one interval."""
    return Intervals(scenario.start, scenario.end, Duration(int(scenario.seconds)))


def ends(count: int) -> list[datetime]:
    """Ends of `count` minutes."""
    return [START + timedelta(minutes=n + 1) for n in range(count)]


def amounts(*values: float, group: str = GROUP) -> pl.DataFrame:
    """AMOUNTS, one a minute."""
    rows = [(group, ts, value) for ts, value in zip(ends(len(values)), values, strict=True)]
    return pl.DataFrame(rows, schema=dict(AMOUNTS.columns), orient="row")


def buckets(bounds: tuple[float, ...], *minutes: tuple[float, ...]) -> pl.DataFrame:
    """BUCKETS, one histogram a minute; counts are cumulative."""
    rows = [
        (GROUP, ts, le, events)
        for ts, counts in zip(ends(len(minutes)), minutes, strict=True)
        for le, events in zip(bounds, counts, strict=True)
    ]
    frame = pl.DataFrame(rows, schema=dict(BUCKETS.columns), orient="row")
    return frame.with_columns(pl.col("ts").cast(TIME))
