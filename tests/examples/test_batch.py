"""The nightly batch of the examples: its end loses nothing, and a bad night is counted as one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rtobs.testing import OTLPSink
from tests.examples.queries import count, last
from tests.telemetry.web import ROOT, clean_environment

WHOLE = {"id": "a", "source": "wiki", "text": "secret-text"}
EMPTY = {"id": "b", "source": "wiki", "text": ""}


def night(path: Path, lines: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
    """One run over these lines."""
    path.write_text("\n".join(lines))
    return subprocess.run(
        [sys.executable, "examples/batch/nightly.py", str(path)],
        cwd=ROOT,
        env=clean_environment() | environ,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


def observed_night(
    sink: OTLPSink, path: Path, lines: list[str]
) -> subprocess.CompletedProcess[str]:
    """One run that exports to the sink."""
    return night(path, lines, OTEL_EXPORTER_OTLP_ENDPOINT=sink.endpoint)


@pytest.mark.parametrize(
    ("lines", "code", "outcomes"),
    [
        ([json.dumps(WHOLE)] * 3, 0, {"nightly-run": (1, 0), "index-document": (3, 0)}),
        (
            [json.dumps(WHOLE), json.dumps(EMPTY)],
            1,
            {"nightly-run": (1, 0), "index-document": (1, 1)},
        ),
        ([json.dumps(WHOLE), "{"], 1, {"nightly-run": (0, 1), "read-documents": (0, 1)}),
    ],
    ids=["all is well", "a document cannot be indexed", "the file is broken"],
)
def test_a_night_is_counted_as_it_went(
    tmp_path: Path, lines: list[str], code: int, outcomes: dict[str, tuple[int, int]]
) -> None:
    """Whole and failed operations arrive although the process ends at once."""
    with OTLPSink() as sink:
        ended = observed_night(sink, tmp_path / "documents.jsonl", lines)
        points = last(sink.points)
    assert ended.returncode == code
    for operation, (fine, failed) in outcomes.items():
        select = {"operation": operation}
        assert count(points, "rtobs_operations_total", select, {"outcome": "ok"}) == fine
        assert count(points, "rtobs_operations_total", select, {"outcome": "error"}) == failed


def test_a_document_that_is_left_out_can_be_found(tmp_path: Path) -> None:
    """The log line has its id and the trace of the night, and no signal has the text."""
    with OTLPSink() as sink:
        ended = observed_night(
            sink, tmp_path / "documents.jsonl", [json.dumps(WHOLE), json.dumps(EMPTY)]
        )
        line = json.loads(ended.stdout.splitlines()[0])
        (run,) = (span for span in sink.spans if span.name == "nightly-run")
        assert (line["document_id"], line["trace_id"]) == ("b", run.trace_id)
        assert b"secret-text" not in b"".join(sink.bodies) + ended.stdout.encode()
        assert "secret-text" not in ended.stderr


def test_the_batch_runs_without_a_receiver(tmp_path: Path) -> None:
    """Without any setting it does its work, logs JSON and exports nothing."""
    ended = night(tmp_path / "documents.jsonl", [json.dumps(EMPTY)])
    assert (ended.returncode, ended.stderr) == (1, "")
    assert json.loads(ended.stdout)["message"] == "document left out"
