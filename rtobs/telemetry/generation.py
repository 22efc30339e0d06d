"""One generated answer: when its tokens came, how it ended, and whether it met its class.

The arithmetic of `Timing` is pure. A chunk costs two comparisons and an addition; metrics and the
span are written once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from rtobs import conventions
from rtobs.conventions import LatencyClass
from rtobs.errors import ConfigurationError
from rtobs.telemetry.clock import NANOSECONDS, clock
from rtobs.telemetry.deferred import run_deferred
from rtobs.telemetry.instruments import closed_sets, instruments
from rtobs.telemetry.operations import end_span, start_span
from rtobs.telemetry.outcome import ERROR, OK, error_type, outcome_of

__all__ = ["Generation", "Profile", "Timing", "View", "make_profile"]

View = Literal["client", "server"]
_CLASSES = {one.name: one for one in conventions.LATENCY_CLASSES}


@dataclass(frozen=True, slots=True)
class Profile:
    """What is the same for all answers of one kind.

    Attributes:
        model: `gen_ai.request.model`.
        provider: `gen_ai.provider.name`.
        operation: `gen_ai.operation.name`.
        limits: the latency class.
        view: whether this process calls the model server or is it.
    """

    model: str
    provider: str
    operation: str
    limits: LatencyClass
    view: View

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the `gen_ai.*` metrics."""
        return {
            conventions.GEN_AI_OPERATION: self.operation,
            conventions.GEN_AI_PROVIDER: self.provider,
            conventions.GEN_AI_MODEL: self.model,
        }

    @property
    def class_labels(self) -> dict[str, str]:
        """Labels of the `rtobs.llm.*` metrics."""
        return {
            conventions.GEN_AI_MODEL: self.model,
            conventions.SLO_CLASS: self.limits.name,
        }

    def declare(self) -> None:
        """Make every outcome of the model and class start at 0."""
        counter = instruments.library_counter("rtobs.llm.requests")
        for labels in closed_sets("rtobs.llm.requests", self.class_labels):
            counter.prime(labels)


_declared: set[tuple[str, str]] = set()
_MOST_DECLARED = 1000


def make_profile(
    model: str, *, provider: str, operation: str, slo_class: str, view: View
) -> Profile:
    """A profile whose counters exist.

    Raises:
        ConfigurationError: the latency class or the view is unknown.
    """
    if slo_class not in _CLASSES:
        raise ConfigurationError(
            f'"{slo_class}" is not a latency class; choose one of {", ".join(_CLASSES)}'
        )
    if view not in {"client", "server"}:
        raise ConfigurationError('view must be "client" or "server"')
    profile = Profile(model, provider, operation, _CLASSES[slo_class], view)
    key = (model, slo_class)
    if key not in _declared and len(_declared) < _MOST_DECLARED:
        _declared.add(key)
        profile.declare()
    return profile


class Timing:
    """When content came, in clock readings.

    Attributes:
        started: when the request was about to be sent.
        first: when the first content came, 0 before.
        last: when the last content came, 0 before.
        longest_gap: longest pause between two contents.
        chunks: contents that came.
        tokens: tokens that were counted while they came, 0 when nobody counts.
    """

    __slots__ = ("chunks", "first", "last", "longest_gap", "started", "tokens")

    def __init__(self, started: int) -> None:
        self.started = started
        self.first = 0
        self.last = 0
        self.longest_gap = 0
        self.chunks = 0
        self.tokens = 0

    def content(self, now: int) -> None:
        """Content came at `now`."""
        if self.chunks:
            gap = now - self.last
            if gap > self.longest_gap:  # noqa: PLR1730  # max() costs a call for each chunk
                self.longest_gap = gap
        else:
            self.first = now
        self.last = now
        self.chunks += 1

    def time_to_first(self) -> float | None:
        """Seconds to the first content, None before it came."""
        return (self.first - self.started) / NANOSECONDS if self.chunks else None

    def per_item(self, items: int) -> float | None:
        """Mean seconds for each of `items` after the first; None when there was at most one."""
        if self.chunks < 2 or items < 2:  # noqa: PLR2004  # a mean needs two
            return None
        return (self.last - self.first) / (NANOSECONDS * (items - 1))

    def met(self, limits: LatencyClass, outcome: str, tokens: int, ended: int) -> bool:
        """Whether the answer was good for its reader.

        An error is not. Someone who left before the first token was served well as long as the
        limit of the first token had not passed.
        """
        if outcome == ERROR:
            return False
        first = self.time_to_first()
        if first is None:
            waited = (ended - self.started) / NANOSECONDS
            return outcome != OK and waited <= limits.time_to_first_token
        per_token = self.per_item(tokens)
        return first <= limits.time_to_first_token and (
            per_token is None or per_token <= limits.time_per_output_token
        )


class Generation:
    """One answer being generated; make it before the request is sent.

    Args:
        profile: model, class and labels.
        parent: context of the request; default: the current one.
    """

    __slots__ = ("_done", "_input", "_output", "_profile", "_reason", "_span", "timing", "within")

    def __init__(self, profile: Profile, parent: Context | None = None) -> None:
        run_deferred()
        self._profile = profile
        self.timing = Timing(clock.now())
        before = context.get_current() if parent is None else parent
        kind = SpanKind.CLIENT if profile.view == "client" else SpanKind.SERVER
        self._span = start_span(
            f"{profile.operation} {profile.model}",
            kind,
            profile.labels | {conventions.GEN_AI_STREAM: True},
            before,
        )
        self.within = trace.set_span_in_context(self._span, before)
        self._input: int | None = None
        self._output: int | None = None
        self._reason: str | None = None
        self._done = False

    def usage(self, *, input_tokens: int | None = None, output_tokens: int | None = None) -> None:
        """Note token counts as the server reports them; the last report counts."""
        self._input = self._input if input_tokens is None else input_tokens
        self._output = self._output if output_tokens is None else output_tokens

    def reason(self, reason: str) -> None:
        """Note why the server stopped ("stop", "length")."""
        self._reason = reason

    def end(self, error: BaseException | None) -> None:
        """The answer ended, by itself or with an exception."""
        self.close(outcome_of(error), clock.now(), error)

    def close(self, outcome: str, ended: int, error: BaseException | None = None) -> None:
        """Write metrics and span, once; `ended` is a clock reading."""
        if self._done:
            return
        self._done = True
        tokens = self._output if self._output is not None else self.timing.tokens
        good = self.timing.met(self._profile.limits, outcome, tokens or self.timing.chunks, ended)
        instruments.library_counter("rtobs.llm.requests").add(
            1,
            self._profile.class_labels
            | {
                conventions.OUTCOME: outcome,
                conventions.GOODPUT: "met" if good else "missed",
            },
        )
        self._measure(tokens, ended, error)
        self._finish_span(tokens, outcome, error)

    def _measure(self, tokens: int, ended: int, error: BaseException | None) -> None:
        profile, timing = self._profile, self.timing
        server = profile.view == "server"
        labels = profile.labels
        failed = {} if error is None or outcome_of(error) != ERROR else _failed(error)
        seconds = (ended - timing.started) / NANOSECONDS
        duration = "gen_ai.server.request" if server else "gen_ai.client.operation"
        self._record(f"{duration}.duration", seconds, labels | failed)
        if server:
            self._record("gen_ai.server.time_to_first_token", timing.time_to_first(), labels)
            self._record(
                "gen_ai.server.time_per_output_token",
                timing.per_item(tokens or timing.chunks),
                labels,
            )
        else:
            first = timing.time_to_first()
            chunk = timing.per_item(timing.chunks)
            self._record("gen_ai.client.operation.time_to_first_chunk", first, labels)
            self._record("gen_ai.client.operation.time_per_output_chunk", chunk, labels)
        for kind, count in (("input", self._input), ("output", tokens or None)):
            typed = labels | {conventions.GEN_AI_TOKEN_TYPE: kind}
            self._record("gen_ai.client.token.usage", count, typed)
        if timing.chunks > 1:
            gap = timing.longest_gap / NANOSECONDS
            self._record("rtobs.llm.longest_gap", gap, profile.class_labels)

    def _record(self, name: str, value: float | None, labels: Mapping[str, str]) -> None:
        if value is not None:
            instruments.library_histogram(name).record_in(self.within, value, labels)

    def _finish_span(self, tokens: int, outcome: str, error: BaseException | None) -> None:
        span = self._span
        if span.is_recording():
            span.set_attribute(conventions.OUTCOME, outcome)
            first = self.timing.time_to_first()
            found = {
                conventions.GEN_AI_INPUT_TOKENS: self._input,
                conventions.GEN_AI_OUTPUT_TOKENS: tokens or None,
                conventions.GEN_AI_FIRST_CHUNK: first,
            }
            span.set_attributes({key: value for key, value in found.items() if value is not None})
            if self._reason is not None:
                span.set_attribute(conventions.GEN_AI_FINISH_REASONS, [self._reason])
        end_span(span, error)


def _failed(error: BaseException) -> dict[str, str]:
    return {conventions.ERROR_TYPE: error_type(error)}
