"""The workflow worker of the examples: one trace and one tenant through the queue, retries seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rtobs.testing import OTLPSink, Span
from tests.examples.queries import count, last
from tests.telemetry.web import ROOT, clean_environment

DOCUMENTS = (
    {"id": "smooth", "tenant": "blue", "failures": 0},
    {"id": "bumpy", "tenant": "green", "failures": 2},
    {"id": "hopeless", "tenant": "red", "failures": 9},
)


@dataclass(frozen=True)
class Shift:
    """What is left after the worker has ended.

    Attributes:
        sink: what it sent.
        code: its exit status.
        lines: its log.
    """

    sink: OTLPSink
    code: int
    lines: list[dict[str, Any]]

    def spans(self, tenant: str) -> list[Span]:
        """The spans of one tenant, in the order of their ends."""
        return [span for span in self.sink.spans if span.attributes.get("tenant.id") == tenant]


@pytest.fixture(scope="module")
def shift() -> Iterator[Shift]:
    """A worker that ingests three documents."""
    with OTLPSink() as sink:
        ended = subprocess.run(
            [sys.executable, "examples/workflow_worker/worker.py"],
            cwd=ROOT,
            env=clean_environment() | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint},
            input="\n".join(map(json.dumps, DOCUMENTS)),
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        yield Shift(sink, ended.returncode, lines)


@pytest.mark.parametrize(
    ("tenant", "activities"),
    [
        ("blue", ["activity-fetch", "activity-index"]),
        ("green", ["activity-fetch"] * 3 + ["activity-index"]),
        ("red", ["activity-fetch"] * 3),
    ],
)
def test_activities_belong_to_the_workflow_that_started_them(
    shift: Shift, tenant: str, activities: list[str]
) -> None:
    """Across the queue, every attempt is a child of its workflow and has its tenant."""
    *inner, workflow = shift.spans(tenant)
    assert workflow.name == "workflow-ingest"
    assert [span.name for span in inner] == activities
    assert {(span.trace_id, span.parent_id) for span in inner} == {
        (workflow.trace_id, workflow.span_id)
    }
    assert {span.kind for span in inner} == {"CONSUMER"}


@pytest.mark.parametrize(
    ("operation", "ok", "error"),
    [("workflow-ingest", 2, 1), ("activity-fetch", 2, 5), ("activity-index", 2, 0)],
)
def test_a_retry_that_helps_costs_the_activity_and_not_the_workflow(
    shift: Shift, operation: str, ok: int, error: int
) -> None:
    """An SLO of the workflow counts documents, one of the activity counts attempts."""
    points = last(shift.sink.points)
    found = [
        count(points, "rtobs_operations_total", {"operation": operation, "outcome": outcome})
        for outcome in ("ok", "error")
    ]
    assert found == [ok, error]


def test_log_lines_of_the_worker_thread_lead_to_the_trace(shift: Shift) -> None:
    """What an activity logs has the trace and the tenant of its workflow."""
    (line,) = (one for one in shift.lines if one.get("document_id") == "bumpy")
    workflow = shift.spans("green")[-1]
    assert (line["trace_id"], line["tenant_id"]) == (workflow.trace_id, "green")


def test_a_document_that_could_not_be_ingested_is_the_exit_status(shift: Shift) -> None:
    """The process says that something was left out."""
    assert shift.code == 1
