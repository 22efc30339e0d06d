"""Spans on their way out: tenant in, secrets out, then into the queue."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import (
    Event,
    ReadableSpan,
    Span,
    SpanLimits,
    SpanProcessor,
    TracerProvider,
)
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Status

from rtobs import conventions
from rtobs.telemetry.export_queue import ExportQueue
from rtobs.telemetry.limits import Limits
from rtobs.telemetry.options import Settings
from rtobs.telemetry.redaction import Redactor

__all__ = ["FinishedSpan", "QueueingProcessor", "make_tracer_provider"]

_EXCEPTION_MESSAGE = "exception.message"
_EXCEPTION_STACK = "exception.stacktrace"


def make_tracer_provider(
    settings: Settings, resource: Resource, processor: SpanProcessor
) -> trace.TracerProvider:
    """A provider with one processor that never acts at exit by itself.

    Raises:
        ImportError: Temporal was chosen and its SDK with OpenTelemetry is not installed.
    """
    limits = settings.limits
    provider = _maker(settings)(
        resource=resource,
        sampler=None if settings.sample is None else ParentBasedTraceIdRatio(settings.sample),
        shutdown_on_exit=False,
        span_limits=SpanLimits(
            max_span_attributes=limits.attributes,
            max_events=limits.events,
            max_links=limits.events,
            max_event_attributes=limits.attributes,
            max_link_attributes=limits.attributes,
        ),
    )
    provider.add_span_processor(processor)
    return cast("trace.TracerProvider", provider)


def _maker(settings: Settings) -> Callable[..., Any]:
    """What makes the provider: a workflow that Temporal replays must not emit its spans again."""
    if not settings.temporal:
        return TracerProvider
    temporal = importlib.import_module("temporalio.contrib.opentelemetry")
    return cast("Callable[..., Any]", temporal.create_tracer_provider)


class QueueingProcessor(SpanProcessor):
    """Copies the tenant onto each span and queues what ended, redacted.

    Args:
        queue: where ended spans wait; None where nothing is exported.
        redactor: hides secrets.
        limits: bounds of exception texts.
    """

    def __init__(
        self, queue: ExportQueue[ReadableSpan] | None, redactor: Redactor, limits: Limits
    ) -> None:
        self._queue = queue
        self._redactor = redactor
        self._limits = limits
        self._forked_at = 0
        self._backdated: set[int] = set()

    def renew(self) -> None:
        """Leave to the parent, in a forked child, the spans that are open: both would end them."""
        self._forked_at = time.time_ns()
        self._backdated = set()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note the tenant of the context."""
        if self._forked_at and (span.start_time or 0) < self._forked_at:
            self._backdated.add(span.get_span_context().span_id)
        tenant = baggage.get_baggage(conventions.TENANT_ID, parent_context)
        if isinstance(tenant, str):
            span.set_attribute(conventions.TENANT_ID, tenant)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a sampled span."""
        context = span.get_span_context()
        if self._queue is None or context is None or not context.trace_flags.sampled:
            return
        if self._forked_at and (span.start_time or 0) < self._forked_at:
            if context.span_id not in self._backdated:
                return
            self._backdated.discard(context.span_id)
        try:
            finished = FinishedSpan(span, self._redactor, self._limits)
        except Exception:  # noqa: BLE001  # a span that cannot be read must not break its end
            self._queue.refuse()
        else:
            self._queue.put(finished)


class FinishedSpan(ReadableSpan):
    """A span that will not change: half the memory of one that may, and without secrets.

    Args:
        span: the span that ended.
        redactor: hides secrets.
        limits: bounds of exception texts.
    """

    def __init__(self, span: ReadableSpan, redactor: Redactor, limits: Limits) -> None:
        events, links = span.events, span.links  # each look copies them
        super().__init__(
            name=redactor.text(span.name),
            context=span.get_span_context(),
            parent=span.parent,
            resource=span.resource,
            attributes=cast("Any", _attributes(span.attributes, redactor)),
            events=tuple(_event(one, redactor, limits) for one in events) if events else (),
            links=tuple(_link(one, redactor) for one in links) if links else (),
            kind=span.kind,
            status=_status(span.status, redactor, limits),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )
        self._dropped = (span.dropped_attributes, span.dropped_events, span.dropped_links)

    @property
    def dropped_attributes(self) -> int:
        """Attributes beyond the limit."""
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        """Events beyond the limit."""
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        """Links beyond the limit."""
        return self._dropped[2]


def _attributes(attributes: Mapping[str, Any] | None, redactor: Redactor) -> dict[str, object]:
    plain: dict[str, object] = dict(attributes or {})
    return plain if redactor.passes(plain) else redactor.attributes(plain)


def _event(event: Event, redactor: Redactor, limits: Limits) -> Event:
    attributes = dict(event.attributes or {})
    clean = redactor.attributes(attributes)
    for key, length in (
        (_EXCEPTION_MESSAGE, limits.message_length),
        (_EXCEPTION_STACK, limits.stack_length),
    ):
        if isinstance(text := attributes.get(key), str):
            clean[key] = redactor.text(text, length)
    return Event(redactor.text(event.name), cast("Any", clean), timestamp=event.timestamp)


def _link(link: Link, redactor: Redactor) -> Link:
    return Link(link.context, cast("Any", _attributes(link.attributes, redactor)))


def _status(status: Status, redactor: Redactor, limits: Limits) -> Status:
    if not status.description:
        return status
    description = redactor.text(status.description, limits.message_length)
    return status if description == status.description else Status(status.status_code, description)
