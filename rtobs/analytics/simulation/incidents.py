"""The truth about the faults of a scenario, as incidents of the SLOs that should notice them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from rtobs.analytics.frames import INCIDENTS, TIME, check
from rtobs.analytics.groups import group_text
from rtobs.analytics.simulation.faults import Fault, Throttled
from rtobs.analytics.simulation.gpu import node_of
from rtobs.analytics.simulation.scenario import Scenario

__all__ = ["incidents"]

_UNGROUPED = ("up", "http-availability")  # every other SLO of a model server is by model


def incidents(scenario: Scenario) -> pl.DataFrame:
    """One row for each fault and each SLO that should notice it.

    SLO ids are those of a service with the names that `slo/inference/vllm.yaml` gives its SLOs; a
    hot GPU is also an incident of `gpu-cooling`, on each of its nodes.

    Returns:
        INCIDENTS, ends cut at the end of the scenario. Faults that begin together on one SLO are
        one incident, the longest.
    """
    rows = [row for fault in scenario.faults for row in _rows(scenario, fault)]
    frame = pl.DataFrame(rows, schema=dict(INCIDENTS.columns), orient="row")
    key = list(INCIDENTS.key)
    longest = frame.sort(*key, "end", "label").unique(key, keep="last", maintain_order=True)
    return check(longest.with_columns(pl.col("start", "end").cast(TIME)), INCIDENTS)


def _rows(scenario: Scenario, fault: Fault) -> Iterator[tuple[Any, ...]]:
    start = scenario.start + fault.start
    end = min(start + fault.lasts, scenario.end)
    if start >= scenario.end:
        return
    label = fault.label or fault.kind
    by_model = group_text({"model_name": scenario.model}, ["model_name"])
    for name in fault.usually_hurts if fault.hurts is None else fault.hurts:
        group = "" if name in _UNGROUPED else by_model
        yield _row(f"{scenario.service}-{name}", group, (start, end), label)
    if isinstance(fault, Throttled) and fault.hurts is None:
        for replica in scenario.fault_replicas(fault):
            group = group_text({"instance": node_of(replica)}, ["instance"])
            yield _row("gpu-cooling", group, (start, end), label)


def _row(slo_id: str, group: str, span: tuple[datetime, datetime], label: str) -> tuple[Any, ...]:
    return (slo_id, group, *span, label)
