"""One instrumented operation: its span, its duration and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

from rtobs import conventions
from rtobs.telemetry.clock import NANOSECONDS, clock
from rtobs.telemetry.deferred import run_deferred
from rtobs.telemetry.instruments import closed_sets, instruments
from rtobs.telemetry.outcome import ERROR, error_type, outcome_of

__all__ = ["Operation", "Running", "start_span"]

# Connects itself to the provider that is set later; asking for a tracer again costs as much as a
# span.
_tracer = trace.get_tracer("rtobs")
_RUNNING = context.create_key("rtobs-running")


def start_span(
    name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue] | None, inside: Context
) -> Span:
    """A span that is nowhere current."""
    return _tracer.start_span(name, inside, kind, attributes)


def end_span(span: Span, error: BaseException | None) -> None:
    """End a span; an error leaves its type, never its message."""
    if error is not None and outcome_of(error) == ERROR:
        span.set_attribute(conventions.ERROR_TYPE, error_type(error))
        span.set_status(StatusCode.ERROR)
    span.end()


@dataclass(frozen=True)
class Operation:
    """What `rtobs.instrument` measures.

    Attributes:
        name: value of the `operation` label and name of the span.
        kind: kind of the span.
        attributes: attributes of each span.
    """

    name: str
    kind: SpanKind
    attributes: Mapping[str, AttributeValue]

    def declare(self) -> None:
        """Make every outcome of the operation start at 0."""
        counter = instruments.library_counter("rtobs.operations")
        for labels in closed_sets("rtobs.operations", {conventions.OPERATION: self.name}):
            counter.prime(labels)

    def start(self) -> Running:
        """Begin one run."""
        run_deferred()
        return Running(self, context.get_current())


class Running:
    """One run of an operation; `finish` counts once, however often it is called.

    As a context manager it makes its span current for one step of the run. What the run itself
    made current meanwhile, such as a span that it holds open across a `yield`, is set aside at
    the end of the step and is current again in the next one.
    """

    __slots__ = ("_before", "_done", "_inside", "_operation", "_started", "span", "within")

    def __init__(self, operation: Operation, parent: Context) -> None:
        self._operation = operation
        self._started = clock.now()
        self.span = start_span(operation.name, operation.kind, operation.attributes, parent)
        self.within = trace.set_span_in_context(self.span, parent)
        self._inside = context.set_value(_RUNNING, self, self.within)
        self._before = parent
        self._done = False

    def __enter__(self) -> None:
        self._before = context.get_current()
        context.attach(self._inside)

    def __exit__(self, *_: object) -> None:
        current = context.get_current()
        # A step that was destroyed ends in a foreign context, which stays as it is.
        if context.get_value(_RUNNING, current) is self:
            self._inside = current
            context.attach(self._before)

    def finish(self, error: BaseException | None, ended: int | None = None) -> None:
        """Record duration and outcome; `ended` is the clock reading of an earlier end."""
        if self._done:
            return
        self._done = True
        seconds = ((clock.now() if ended is None else ended) - self._started) / NANOSECONDS
        name = self._operation.name
        instruments.library_histogram("rtobs.operation.duration").record_in(
            self.within, seconds, {conventions.OPERATION: name}
        )
        instruments.library_counter("rtobs.operations").add(
            1, {conventions.OPERATION: name, conventions.OUTCOME: outcome_of(error)}
        )
        end_span(self.span, error)
