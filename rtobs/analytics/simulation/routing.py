"""Which replica is up, slow or refusing, and who gets which request."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.simulation.faults import Outage, PodRestart, Slowdown
from rtobs.analytics.simulation.scenario import Scenario

__all__ = ["alive", "refused_at", "slow", "stays", "turns"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def stays(scenario: Scenario, replica: int) -> list[tuple[float, float]]:
    """(start, end) of each life of a replica in seconds; the last one ends never."""
    downs = sorted(
        (fault.first, fault.last)
        for fault in scenario.faults
        if isinstance(fault, PodRestart) and replica in scenario.fault_replicas(fault)
    )
    ends = [down for down, _ in downs] + [math.inf]
    starts = [0.0] + [up for _, up in downs]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def alive(scenario: Scenario, moments: _Floats) -> NDArray[np.bool_]:
    """Which replica is up when; a row a moment, a column a replica."""
    columns = [
        np.any([(moments >= a) & (moments < b) for a, b in stays(scenario, number)], axis=0)
        for number in range(scenario.replicas)
    ]
    return np.stack(columns, axis=1)


def turns(scenario: Scenario, arrival: _Floats) -> _Ints:
    """The replica of each request, in turn among those that are up; -1 when none is."""
    up = alive(scenario, arrival)
    count = up.sum(axis=1)
    turn = np.arange(len(arrival)) % np.maximum(count, 1)
    chosen = np.argmax(np.cumsum(up, axis=1) == (turn + 1)[:, None], axis=1)
    return np.where(count > 0, chosen, -1)


def refused_at(
    scenario: Scenario, arrival: _Floats, replica: _Ints, draws: _Floats
) -> NDArray[np.bool_]:
    """Which requests an outage turns away; `draws` decides who is of its share."""
    refused = np.zeros(len(arrival), dtype=np.bool_)
    for fault in scenario.faults:
        if isinstance(fault, Outage):
            during = (arrival >= fault.first) & (arrival < fault.last)
            hit = np.isin(replica, scenario.fault_replicas(fault))
            refused |= during & hit & (draws < fault.share)
    return refused


def slow(scenario: Scenario, replica: int) -> list[tuple[float, float]]:
    """(moment, factor on the time of a step from then on) of a replica."""
    faults = [
        fault
        for fault in scenario.faults
        if isinstance(fault, Slowdown) and replica in scenario.fault_replicas(fault)
    ]
    edges = sorted({edge for fault in faults for edge in (fault.first, fault.last)})
    return [
        (edge, math.prod(fault.factor for fault in faults if fault.first <= edge < fault.last))
        for edge in edges
    ]
