"""The arithmetic of the cost of rules."""

from __future__ import annotations

import os
import time

from benchmarks.rule_cost import Cost, Evaluations, Shape, cpu_seconds, evaluations, table


def group(interval: int, seconds: float, **rules: float) -> dict[str, object]:
    """A group as the API of Prometheus gives it."""
    timed = [{"name": name, "evaluationTime": took} for name, took in rules.items()]
    return {"interval": interval, "evaluationTime": seconds, "rules": timed}


def test_a_group_counts_as_often_as_it_is_evaluated() -> None:
    """Of a five-minute group a fifth falls into a minute."""
    found = evaluations([group(60, 0.25), group(300, 0.5)])

    assert (found.round_ms, found.minute_ms) == (750, 350)


def test_rules_are_listed_by_their_mean_time() -> None:
    """Rules of one name in many groups are one line, and the dearest comes first."""
    found = evaluations([group(60, 1, a=0.25, b=0.5), group(60, 1, a=1.25)])

    assert list(found.by_rule.items()) == [("a", 750), ("b", 500)]


def test_the_cost_of_rules_is_what_the_idle_server_does_not_spend() -> None:
    """Scrapes are taken off before shapes are compared."""
    idle, ours, other = (
        Cost(Shape(name, ()), cpu, 0, 100, Evaluations(0, 0, {}))
        for name, cpu in (("none", 1.0), ("ours", 2.0), ("other", 9.0))
    )

    last = table([idle, ours, other]).splitlines()[-1].split()
    assert (last[0], last[4], last[-1]) == ("other", "8.00", "8.0")


def test_the_time_of_a_process_that_ran_is_above_zero() -> None:
    """The right fields of the process table are read."""
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass

    assert abs(cpu_seconds(os.getpid()) - time.process_time()) < 0.05
