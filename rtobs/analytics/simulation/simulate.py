"""From a scenario to what Prometheus would have stored, and to the truth behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.simulation.arrivals import draw_arrivals
from rtobs.analytics.simulation.gpu import gpu_lines
from rtobs.analytics.simulation.incidents import incidents
from rtobs.analytics.simulation.model_server import replica_lines
from rtobs.analytics.simulation.outside import client_lines, probe_lines
from rtobs.analytics.simulation.page import Line, frames
from rtobs.analytics.simulation.scenario import Scenario
from rtobs.analytics.simulation.serving import Served, serve
from rtobs.analytics.store import About, Export, write_export
from rtobs.catalogue.load import load

__all__ = ["Simulation", "about", "scraped_lines", "simulate", "simulate_export"]


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """A scenario that was played.

    Attributes:
        scenario: what was asked for.
        requests: REQUESTS, the truth about each request.
        incidents: INCIDENTS, the truth about the faults.
        series: SERIES that were scraped.
        samples: SAMPLES of them.
    """

    scenario: Scenario
    requests: pl.DataFrame
    incidents: pl.DataFrame
    series: pl.DataFrame
    samples: pl.DataFrame


def simulate(scenario: Scenario, arrivals: pl.DataFrame | None = None) -> Simulation:
    """Play a scenario.

    Args:
        scenario: fleet, faults and scrapes.
        arrivals: ARRIVALS in place of the seeded ones, for example of `read_trace`.

    Raises:
        FrameError: the arrivals have other columns.
    """
    served = serve(scenario, draw_arrivals(scenario) if arrivals is None else arrivals)
    series, samples = frames(_lines(served), scenario.start)
    return Simulation(scenario, served.requests, incidents(scenario), series, samples)


def simulate_export(
    folder: str | os.PathLike[str], scenario: Scenario, arrivals: pl.DataFrame | None = None
) -> Export:
    """Play a scenario and write what was scraped as an export; the same bytes each time.

    Args:
        folder: a folder without an export.
        scenario: fleet, faults and scrapes.
        arrivals: ARRIVALS in place of the seeded ones.

    Raises:
        ExportError: there is an export already.
    """
    played = simulate(scenario, arrivals)
    return write_export(folder, played.series, played.samples, about(scenario, played.series))


def about(scenario: Scenario, series: pl.DataFrame) -> About:
    """What an export of the scenario says about itself."""
    metrics = sorted(series["metric"].unique())
    return About(
        source="rtobs simulation",
        server_version="simulation of Prometheus 3",
        dialect=Dialect.V3,
        start=scenario.start,
        end=scenario.end,
        mode="raw",
        step=None,
        queries=tuple(metrics),
        types=_types(metrics),
    )


def _types(metrics: list[str]) -> dict[str, str]:
    known = {
        name: str(metric.type)
        for component in load().components.values()
        for metric in component.metrics.values()
        for name in metric.series
    }
    return {name: known[name] for name in metrics if name in known}


def scraped_lines(scenario: Scenario) -> Iterator[Line]:
    """Every series of a scenario with seeded arrivals."""
    return _lines(serve(scenario, draw_arrivals(scenario)))


def _lines(served: Served) -> Iterator[Line]:
    for replica in range(served.scenario.replicas):
        yield from replica_lines(served, replica)
        yield from gpu_lines(served, replica)
    yield from probe_lines(served)
    yield from client_lines(served)
