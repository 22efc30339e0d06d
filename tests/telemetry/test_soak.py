"""A service that runs for long, in short; `make soak` is the long one."""

from __future__ import annotations

import pytest

soak = pytest.importorskip("benchmarks.soak", reason="the checkout has it, the wheel does not")
collector = pytest.importorskip("benchmarks.soak_collector")


def test_a_service_under_load_keeps_its_bounds_and_its_accounts() -> None:
    """Through outages, forks and streams nothing grows, and every loss is counted exactly."""
    plan = soak.Plan(seconds=18.0, rate=250.0, healthy=3.0, away=1.5)
    tally = collector.Tally()
    watched = soak.run(plan, tally)
    assert list(soak.broken(plan, tally, watched)) == []
    assert len(watched.children) > 3
    assert watched.end["done"]["streams"] > 50
