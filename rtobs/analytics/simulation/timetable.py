"""When Prometheus looks at each target, and when it fails to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.simulation.chance import Purpose, chances
from rtobs.analytics.simulation.faults import MissingScrape
from rtobs.analytics.simulation.routing import stays
from rtobs.analytics.simulation.scenario import Scenario

__all__ = ["Timetable", "plain_timetable", "replica_timetable"]

_MILLIS: Final = 1_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """Scrapes of one target.

    Attributes:
        millis: times in whole milliseconds from the start of the scenario, ascending.
        answered: which of them brought samples.
    """

    millis: NDArray[np.int64]
    answered: NDArray[np.bool_]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """All times in seconds."""
        return np.asarray(self.millis / _MILLIS)


def plain_timetable(scenario: Scenario, target: int) -> Timetable:
    """Scrapes of a target that always answers; each target has an offset of its own."""
    interval = scenario.scrape.interval.seconds
    dice = chances(scenario.seed, Purpose.SCRAPES, target)
    offset = dice.random() * interval
    count = int((scenario.seconds - offset) // interval) + 1
    late = dice.random(count) * scenario.scrape.jitter.total_seconds()
    moments = np.arange(count) * float(interval) + offset + late
    millis = np.rint(moments * _MILLIS).astype(np.int64)
    millis = millis[millis <= scenario.seconds * _MILLIS]
    return Timetable(millis, np.ones(len(millis), dtype=np.bool_))


def replica_timetable(scenario: Scenario, replica: int) -> Timetable:
    """Scrapes of a replica, which is silent while it is down or out of Prometheus' reach."""
    table = plain_timetable(scenario, replica)
    moments = table.seconds
    answered = np.zeros(len(moments), dtype=np.bool_)
    for start, end in stays(scenario, replica):
        answered |= (moments >= start) & (moments < end)
    for fault in scenario.faults:
        if isinstance(fault, MissingScrape) and replica in scenario.fault_replicas(fault):
            answered &= (moments < fault.first) | (moments >= fault.last)
    return Timetable(table.millis, answered)
