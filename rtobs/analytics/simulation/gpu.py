"""The pages of the GPUs below the replicas, as dcgm-exporter shows them.

The curves have the shape that serving has: a decode step reads all weights, so it fills the memory
interface whatever the batch, and its multiprocessors only as the batch grows; a prefill fills the
tensor pipes. The constants are plausible, not measured.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.simulation.faults import Throttled
from rtobs.analytics.simulation.page import Line, Page
from rtobs.analytics.simulation.scenario import Scenario
from rtobs.analytics.simulation.serving import Served
from rtobs.analytics.simulation.tallies import Runs
from rtobs.analytics.simulation.timetable import plain_timetable

__all__ = ["JOB", "NAMESPACE", "gpu_lines", "gpu_uuid", "node_of"]

JOB: Final = "dcgm-exporter"
NAMESPACE: Final = "models"
_COMPONENT: Final = "gpu-dcgm"
_WINDOW: Final = 30.0  # seconds over which the exporter averages, unless told otherwise
_FULL_CLOCK: Final = 1_980.0  # MHz
_MEMORY: Final = 143_771.0  # MiB
_TAKEN: Final = 0.92  # vLLM allocates its share when it starts
_IDLE_WATTS: Final = 80.0
_FULL_WATTS: Final = 700.0
_NANOSECONDS: Final = 1e9

_Floats = NDArray[np.float64]


def gpu_uuid(scenario: Scenario, replica: int) -> str:
    """UUID of the GPU of a replica; the same for the same service and number."""
    return f"GPU-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{scenario.service}-{replica}')}"


def node_of(replica: int) -> str:
    """Label `instance` of the exporter of a replica's node; one GPU a node."""
    return f"gpu-node-{replica}:9400"


def gpu_lines(served: Served, replica: int) -> Iterator[Line]:
    """Every series of the GPU of a replica. The GPU lives on when its pod restarts."""
    scenario = served.scenario
    table = plain_timetable(scenario, scenario.replicas + replica)
    target = {"job": JOB, "instance": node_of(replica)}
    yield Line({"__name__": "up", **target}, table.millis, np.ones(len(table.millis)))
    labels = {
        **target,
        "gpu": "0",
        "UUID": gpu_uuid(scenario, replica),
        "device": "nvidia0",
        "modelName": "NVIDIA H200",
        "Hostname": node_of(replica).partition(":")[0],
        "exported_namespace": NAMESPACE,
        "exported_pod": f"{scenario.service}-{replica}",
        "exported_container": "server",
    }
    page = Page(_COMPONENT, labels, table.millis, scenario.scrape.families)
    runs = Runs(*(stay.life for stay in served.stays if stay.replica == replica))
    _show(page, runs, _throttling(scenario, replica, page.seconds), scenario)
    yield from page.lines


def _show(page: Page, runs: Runs, throttled: tuple[_Floats, _Floats], scenario: Scenario) -> None:
    at = page.seconds
    window = max(_WINDOW, float(scenario.scrape.interval.seconds))
    prefill = np.where(
        runs.prefill > 0, runs.prefill / scenario.engine.prefill_rate / runs.step, 0.0
    ).clip(0, 1)
    size = runs.decoding / (runs.decoding + 24.0)

    def mean(per_second: _Floats) -> _Floats:
        grown = runs.spent(per_second, at) - runs.spent(per_second, at - window)
        return np.asarray(np.clip(grown / window, 0.0, 1.0))

    busy = mean(np.ones_like(runs.step))
    active = mean(prefill * 0.92 + (1 - prefill) * (0.22 + 0.55 * size))
    tensor = mean(prefill * 0.65 + (1 - prefill) * 0.25 * size)
    memory = mean(prefill * 0.35 + (1 - prefill) * (0.66 + 0.14 * size))
    lost, clock = throttled
    power = _IDLE_WATTS + (_FULL_WATTS - _IDLE_WATTS) * clock * (
        0.15 * busy + 0.35 * active + 0.3 * memory + 0.2 * tensor
    )
    page.put("DCGM_FI_DEV_GPU_UTIL", np.rint(100 * busy))
    page.put("DCGM_FI_PROF_GR_ENGINE_ACTIVE", busy)
    page.put("DCGM_FI_PROF_SM_ACTIVE", active)
    page.put("DCGM_FI_PROF_SM_OCCUPANCY", np.asarray(0.35 * active))
    page.put("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", tensor)
    page.put("DCGM_FI_PROF_DRAM_ACTIVE", memory)
    page.put("DCGM_FI_DEV_FB_USED", np.full(len(at), np.rint(_MEMORY * _TAKEN)))
    page.put("DCGM_FI_DEV_FB_FREE", np.full(len(at), np.rint(_MEMORY * (1 - _TAKEN))))
    page.put("DCGM_FI_DEV_POWER_USAGE", power)
    page.put("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", _energy(power, at))
    page.put("DCGM_FI_DEV_GPU_TEMP", np.rint(30 + 45 * power / _FULL_WATTS + 15 * (1 - clock)))
    page.put("DCGM_FI_DEV_SM_CLOCK", np.rint(_FULL_CLOCK * clock))
    page.put("DCGM_FI_DEV_THERMAL_VIOLATION", np.floor(lost * _NANOSECONDS))
    page.put("DCGM_FI_DEV_ROW_REMAP_FAILURE", np.zeros(len(at)))


def _throttling(scenario: Scenario, replica: int, at: _Floats) -> tuple[_Floats, _Floats]:
    """(seconds lost to heat so far, share of the full clock) at each scrape."""
    lost, clock = np.zeros(len(at)), np.ones(len(at))
    for fault in scenario.faults:
        if isinstance(fault, Throttled) and replica in scenario.fault_replicas(fault):
            lost += np.clip(at - fault.first, 0, fault.last - fault.first) * (1 - 1 / fault.factor)
            clock[(at >= fault.first) & (at < fault.last)] /= fault.factor
    return lost, clock


def _energy(power: _Floats, at: _Floats) -> _Floats:
    """Millijoules since the start; each value of the power stands for the time before it."""
    return np.asarray(np.floor(np.cumsum(power * np.diff(at, prepend=0.0)) * 1_000))
