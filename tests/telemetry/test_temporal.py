"""With `temporal=True` a workflow that Temporal replays emits nothing a second time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run


def _event(number: int, kind: str, **attributes: Any) -> dict[str, Any]:
    first, *others = kind.lower().split("_")
    key = first + "".join(map(str.capitalize, others)) + "EventAttributes"
    return {
        "eventId": str(number),
        "eventTime": "2026-01-01T00:00:00Z",
        "eventType": f"EVENT_TYPE_{kind}",
        key: attributes,
    }


QUEUE = {"name": "queue"}
# A finished run of one workflow task, as the server of Temporal keeps it.
HISTORY = {
    "events": [
        _event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "Ingest"}, taskQueue=QUEUE),
        _event(2, "WORKFLOW_TASK_SCHEDULED", taskQueue=QUEUE),
        _event(3, "WORKFLOW_TASK_STARTED", scheduledEventId="2"),
        _event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3"),
        _event(5, "WORKFLOW_EXECUTION_COMPLETED", workflowTaskCompletedEventId="4"),
    ]
}
REPLAY = """
    import asyncio
    import json
    from temporalio import workflow
    from temporalio.client import WorkflowHistory
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin
    from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

    rtobs.init("worker", endpoint={endpoint!r}, logs="off", temporal={temporal})

    @workflow.defn(name="Ingest")
    class Ingest:
        @workflow.run
        async def run(self) -> None:
            with rtobs.span("inside"):
                pass

    async def main() -> None:
        replayer = Replayer(
            workflows=[Ingest],
            workflow_runner=UnsandboxedWorkflowRunner(),
            plugins=[OpenTelemetryPlugin()] if {temporal} else [],
        )
        history = WorkflowHistory.from_json("run", {history!r})
        replayed = await replayer.replay_workflow(history)
        print(replayed.replay_failure)

    with rtobs.span("outside"):
        pass
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("temporal", "expected"), [(True, ["outside"]), (False, ["outside", "inside"])]
)
def test_a_replay_emits_no_spans(temporal: bool, expected: list[str]) -> None:  # noqa: FBT001  # a parameter of the test
    """Temporal's own plugin and provider are used; without them the span would come again."""
    pytest.importorskip(
        "temporalio", reason="temporalio is not installed (dependency group examples)"
    )
    with OTLPSink() as sink:
        script = REPLAY.format(
            endpoint=sink.endpoint, temporal=temporal, history=json.dumps(HISTORY)
        )
        ended = run(script)
        assert (ended.out.strip(), ended.code) == ("None", 0)
        assert [span.name for span in sink.spans] == expected
        assert {span.resource["service.name"] for span in sink.spans} == {"worker"}


def test_temporal_that_is_missing_is_one_warning() -> None:
    """Choosing Temporal where its SDK is not installed switches telemetry off and says so."""
    ended = run("""
        import sys
        sys.modules["temporalio"] = None
        print(rtobs.init("worker", temporal=True).enabled)
    """)
    assert ended.out.strip() == "False"
    assert "telemetry is off" in ended.err
    assert len(ended.err.splitlines()) == 1
