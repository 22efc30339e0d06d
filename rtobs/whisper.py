"""Timing of faster-whisper, whose work happens while its segments are read.

`transcribe` reads the audio and returns; decoding runs inside of `next()`. So the time between two
reads, which belongs to the consumer, is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Generic, Self, TypeAlias, TypeVar

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind

from rtobs import conventions
from rtobs.telemetry.clock import NANOSECONDS, clock
from rtobs.telemetry.deferred import defer, run_deferred
from rtobs.telemetry.instruments import closed_sets, instruments
from rtobs.telemetry.operations import end_span, start_span
from rtobs.telemetry.outcome import ABANDONED, CANCELLED, OK, outcome_of
from rtobs.telemetry.scope import Scope

__all__ = ["Segments", "declare", "observe"]

T = TypeVar("T")
R = TypeVar("R")
InfoT = TypeVar("InfoT")


Result: TypeAlias = tuple[Iterable[T], InfoT]


def observe(
    result: Result[T, InfoT] | Callable[[], Result[T, InfoT]], *, model: str
) -> tuple[Segments[T], InfoT]:
    """Time a transcription; read the returned segments instead of the given ones.

    Give a function that calls `transcribe`: then reading the audio is timed, and a file that is no
    audio is counted as an error.

    Args:
        result: a function without arguments that returns what `WhisperModel.transcribe` or
            `BatchedInferencePipeline.transcribe` returns, or such a result.
        model: name of the model, for example "large-v3".
    """
    declare(model)
    timed: Segments[T] = Segments(model)
    return timed, timed.begin(result if callable(result) else partial(_same, result))


def _same(result: Result[T, InfoT]) -> Result[T, InfoT]:
    return result


def declare(model: str) -> None:
    """Make the counters of a model start at 0 now, before its first transcription."""
    if len(_declared) < _MOST_DECLARED and model not in _declared:
        _declared.add(model)
        counter = instruments.library_counter("rtobs.whisper.transcriptions")
        for labels in closed_sets("rtobs.whisper.transcriptions", {conventions.MODEL: model}):
            counter.prime(labels)
        instruments.library_counter("rtobs.whisper.audio").prime({conventions.MODEL: model})


_declared: set[str] = set()
_MOST_DECLARED = 1000


class Segments(Generic[T]):
    """A timed iterator of segments; their text is never read.

    Args:
        model: name of the model.
    """

    def __init__(self, model: str) -> None:
        run_deferred()
        self._source: Iterator[T] = iter(())
        self._audio: float | None = None
        self._labels = {conventions.MODEL: model}
        self._span = start_span(
            f"transcribe {model}",
            SpanKind.INTERNAL,
            {conventions.GEN_AI_MODEL: model},
            context.get_current(),
        )
        self._within = trace.set_span_in_context(self._span)
        self._scope = Scope()
        self._busy = 0
        self._first: int | None = None
        self._reached = 0.0
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def begin(self, transcribe: Callable[[], Result[T, InfoT]]) -> InfoT:
        """Take over the segments of a transcription; returns what is known of its audio."""
        segments, info = self._work(transcribe)
        self._source = iter(segments)
        self._audio = _seconds(info, "duration")
        return info

    def __next__(self) -> T:
        segment = self._work(self._source.__next__)
        if self._first is None:
            self._first = self._busy
        self._reached = _seconds(segment, "end") or self._reached
        return segment

    def _work(self, step: Callable[[], R]) -> R:
        """Do a step and count its time; an exception is the end of the transcription."""
        started = clock.now()
        self._scope.enter(self._within)
        try:
            result = step()
        except BaseException as error:
            self._busy += clock.now() - started
            self._end(None if isinstance(error, StopIteration) else error)
            raise
        finally:
            self._scope.leave()
        self._busy += clock.now() - started
        return result

    def __del__(self) -> None:
        if not self.__dict__.get("_ended", True):
            self._ended = True
            defer(partial(self._write, ABANDONED, None))

    def close(self) -> None:
        """Stop; a transcription that was not read to its end is cancelled."""
        if not self._ended:
            self._ended = True
            self._write(CANCELLED, None)
        close = getattr(self._source, "close", None)
        if close is not None:
            close()

    def _end(self, error: BaseException | None) -> None:
        if not self._ended:
            self._ended = True
            self._write(outcome_of(error), error)

    def _write(self, outcome: str, error: BaseException | None) -> None:
        labels = self._labels
        instruments.library_counter("rtobs.whisper.transcriptions").add(
            1, labels | {conventions.OUTCOME: outcome}
        )
        whole = outcome == OK
        audio = self._audio if whole and self._audio is not None else self._reached
        if audio > 0:
            instruments.library_counter("rtobs.whisper.audio").add(audio, labels)
        busy = self._busy / NANOSECONDS
        if whole and audio > 0:
            factor = instruments.library_histogram("rtobs.whisper.real_time_factor")
            factor.record_in(self._within, busy / audio, labels)
        if self._first is not None:
            first = instruments.library_histogram("rtobs.whisper.time_to_first_segment")
            first.record_in(self._within, self._first / NANOSECONDS, labels)
        end_span(self._span, error)


def _seconds(value: Any, name: str) -> float | None:  # noqa: ANN401  # faster-whisper is no dependency
    seconds = getattr(value, name, None)
    return float(seconds) if isinstance(seconds, (int, float)) and seconds >= 0 else None
