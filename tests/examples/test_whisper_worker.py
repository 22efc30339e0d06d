"""The speech worker of the examples, with the real faster-whisper and a tiny random model."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtobs.testing import OTLPSink
from tests.examples.queries import count, events, last, sli_of, within
from tests.telemetry.web import ROOT, clean_environment

for _package in ("faster_whisper", "ctranslate2", "tokenizers", "numpy"):
    pytest.importorskip(_package, reason=f"{_package} is in the dependency group examples")

import numpy as np  # noqa: E402  # after the look whether it is there

from tests.examples.tiny_whisper import write_model  # noqa: E402  # after the look for its parts

DEFINITION = "inference/faster-whisper.yaml"
SECONDS = 40  # more than the 30 that a model sees at once
RATE = 16_000


@dataclass(frozen=True)
class Shift:
    """What is left after the worker has ended.

    Attributes:
        sink: what it sent.
        text: what was "said" in the whole recording.
        code: its exit status.
        lines: its log.
    """

    sink: OTLPSink
    text: str
    code: int
    lines: list[dict[str, str]]


def write_recording(path: Path) -> None:
    """A tone that rises and falls."""
    moments = np.arange(SECONDS * RATE)
    tone = 8000 * np.sin(moments / 30 + 9 * np.sin(moments / 9000))
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(tone.astype("<i2").tobytes())


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    """A worker that gets a recording and a file that is none."""
    folder = tmp_path_factory.mktemp("shift")
    model = folder / "tiny-random"
    model.mkdir()
    write_model(model)
    whole, broken = folder / "whole.wav", folder / "broken.wav"
    write_recording(whole)
    broken.write_text("no audio")
    with OTLPSink() as sink:
        ended = subprocess.run(
            [sys.executable, "examples/whisper_worker/worker.py", str(model)],
            cwd=ROOT,
            env=clean_environment()
            | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint, "OMP_NUM_THREADS": "1"},
            input=f"{whole}\n{broken}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        text = whole.with_suffix(".txt").read_text(encoding="utf-8")
        yield Shift(sink, text, ended.returncode, lines)


def test_the_recording_is_transcribed_and_the_other_left_out(shift: Shift) -> None:
    """The worker says something, goes on after the file that is no audio, and logs which it was."""
    assert (shift.code, bool(shift.text)) == (0, True)
    assert [line["recording"] for line in shift.lines if "recording" in line] == ["broken.wav"]


def test_the_slo_of_transcriptions_counts_both(shift: Shift) -> None:
    """Of two transcriptions one is bad, although faster-whisper fails before its first segment."""
    points = last(shift.sink.points)
    assert events(points, sli_of(DEFINITION, "transcriptions")) == (2, 1)
    assert count(points, "rtobs_whisper_transcriptions_total", {"outcome": "error"}) == 1


@pytest.mark.parametrize(
    ("slo", "bound"), [("real-time-factor", 0.5), ("time-to-first-segment", 2.5)]
)
def test_the_slos_of_its_times_count_the_whole_one(shift: Shift, slo: str, bound: float) -> None:
    """One transcription was timed, and the threshold of the SLO is a bucket of its histogram."""
    total, _ = within(last(shift.sink.points), sli_of(DEFINITION, slo), bound)
    assert total == 1


def test_the_audio_is_measured_in_its_own_seconds(shift: Shift) -> None:
    """Forty seconds of audio were worked on, whatever the worker took."""
    audio = {
        point.value for point in last(shift.sink.points) if point.metric == "rtobs.whisper.audio"
    }
    assert audio == {SECONDS}


def test_nothing_that_was_said_is_in_any_signal(shift: Shift) -> None:
    """Neither spans, metrics nor log lines have a piece of the text, however short the segment."""
    pieces = [shift.text[start : start + 12] for start in range(0, len(shift.text) - 11, 6)]
    lines = json.dumps(shift.lines, ensure_ascii=False)
    sent = b"".join(shift.sink.bodies)
    assert len(pieces) > 30
    assert not [piece for piece in pieces if piece.encode() in sent]
    assert not [piece for piece in pieces if json.dumps(piece, ensure_ascii=False)[1:-1] in lines]
