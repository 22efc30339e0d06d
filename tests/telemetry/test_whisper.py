"""Transcriptions: work is measured inside of `next()`, and the consumer's time is not."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace

import rtobs
from rtobs.testing import Captured, FakeClock, fake_clock

INFO = SimpleNamespace(duration=10.0, language="en")


def segments(clock: FakeClock, count: int, error: Exception | None = None) -> Iterator[Any]:
    """Segments of two seconds that take half a second each to decode."""
    for number in range(count):
        clock.advance(0.5)
        yield SimpleNamespace(end=2.0 * (number + 1), text="SECRET-TEXT")
    if error is not None:
        raise error


def outcomes(captured: Captured) -> dict[str, float]:
    """Transcriptions by outcome, zeros left out."""
    return {
        point.attributes["outcome"]: point.value
        for point in captured.points
        if point.metric == "rtobs.whisper.transcriptions" and point.value
    }


def test_a_slow_consumer_does_not_slow_the_model(rtobs_capture: Captured) -> None:
    """Ten seconds between two reads are not decoding time."""
    with fake_clock() as clock:
        read, info = rtobs.whisper.observe((segments(clock, 5), INFO), model="large-v3")
        for _ in read:
            clock.advance(10.0)
    assert info is INFO
    assert rtobs_capture.total("rtobs.whisper.real_time_factor") == pytest.approx(0.25)
    assert rtobs_capture.total("rtobs.whisper.time_to_first_segment") == pytest.approx(0.5)
    assert rtobs_capture.value("rtobs.whisper.audio") == 10.0
    assert outcomes(rtobs_capture) == {"ok": 1}


@pytest.mark.parametrize(
    ("end", "outcome", "audio"),
    [("close", "cancelled", 4.0), ("drop", "abandoned", 4.0), ("error", "error", 4.0)],
)
def test_an_unfinished_transcription_counts_what_it_reached(
    end: str, outcome: str, audio: float, rtobs_capture: Captured
) -> None:
    """Audio counts up to the last segment, and no real-time factor is made of a part."""
    with fake_clock() as clock:
        error = OSError("gpu") if end == "error" else None
        read, _ = rtobs.whisper.observe((segments(clock, 2, error), INFO), model="m")
        next(read)
        next(read)
        if end == "close":
            read.close()
        if end == "error":
            with pytest.raises(OSError, match="gpu"):
                next(read)
        del read
    assert outcomes(rtobs_capture) == {outcome: 1}
    assert rtobs_capture.value("rtobs.whisper.audio") == audio
    assert rtobs_capture.value("rtobs.whisper.real_time_factor") == 0


def test_the_span_is_current_only_while_decoding(rtobs_capture: Captured) -> None:
    """What the model does belongs to the transcription, what the consumer does does not."""

    def decode() -> Iterator[Any]:
        with rtobs.span("decode"):
            pass
        yield SimpleNamespace(end=1.0)

    read, _ = rtobs.whisper.observe((decode(), INFO), model="m")
    for _ in read:
        assert trace.get_current_span() is trace.INVALID_SPAN
    parent = rtobs_capture.span("transcribe m").span_id
    assert rtobs_capture.span("decode").parent_id == parent


def test_no_transcript_is_sent(rtobs_capture: Captured) -> None:
    """The text of a segment turns up in no signal."""
    with fake_clock() as clock:
        list(rtobs.whisper.observe((segments(clock, 2), INFO), model="m")[0])
    assert "SECRET-TEXT" not in repr((rtobs_capture.spans, rtobs_capture.points))


def test_counters_of_a_model_start_at_zero(rtobs_capture: Captured) -> None:
    """`declare` makes every outcome exist before the first transcription."""
    rtobs.whisper.declare("fresh")
    values = [
        point.value
        for point in rtobs_capture.points
        if point.metric == "rtobs.whisper.transcriptions" and point.attributes["model"] == "fresh"
    ]
    assert values == [0, 0, 0, 0]
