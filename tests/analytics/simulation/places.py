"""Scenarios that the tests of the simulator and of its analysis share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rtobs.analytics.simulation import Engine, Lengths, Scenario, Scrape, Traffic
from rtobs.model.duration import Duration

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
SMALL = Engine(
    prefill_rate=4_000.0,
    step=0.02,
    step_per_sequence=0.002,
    chunk=512,
    batch=8,
    kv_tokens=6_000,
    longest=3_000,
)
CHAT = Traffic(1.0, prompt=Lengths(300.0, 0.8, 2_000), answer=Lengths(60.0, 0.8, 400))


def minutes(count: float) -> timedelta:
    """That many minutes."""
    return timedelta(minutes=count)


def scenario(**changes: object) -> Scenario:
    """Half an hour of a small fleet, scraped every 15 seconds."""
    given: dict[str, object] = {
        "start": START,
        "lasts": minutes(30),
        "traffic": CHAT,
        "engine": SMALL,
        "scrape": Scrape(Duration(15)),
    }
    return Scenario(**(given | changes))  # type: ignore[arg-type]
