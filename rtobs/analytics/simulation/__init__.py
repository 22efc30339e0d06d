"""A seeded fleet of model servers: its requests, its faults, and what Prometheus would have seen.

`simulate` gives frames and the truth behind them, `simulate_export` an export on disk, and
`sample_export` the sample that notebooks share.
"""

from rtobs.analytics.simulation.arrivals import ARRIVALS, draw_arrivals, read_trace
from rtobs.analytics.simulation.faults import (
    Fault,
    MissingScrape,
    Outage,
    PodRestart,
    Slowdown,
    Throttled,
)
from rtobs.analytics.simulation.incidents import incidents
from rtobs.analytics.simulation.sample import sample_export, sample_scenario
from rtobs.analytics.simulation.scenario import Engine, Lengths, Scenario, Scrape, Traffic
from rtobs.analytics.simulation.serving import REQUESTS
from rtobs.analytics.simulation.simulate import Simulation, simulate, simulate_export

__all__ = [
    "ARRIVALS",
    "REQUESTS",
    "Engine",
    "Fault",
    "Lengths",
    "MissingScrape",
    "Outage",
    "PodRestart",
    "Scenario",
    "Scrape",
    "Simulation",
    "Slowdown",
    "Throttled",
    "Traffic",
    "draw_arrivals",
    "incidents",
    "read_trace",
    "sample_export",
    "sample_scenario",
    "simulate",
    "simulate_export",
]
