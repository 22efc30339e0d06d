"""Spans on their way out: tenant in, secrets out, then into the queue."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from operator import is_
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

__all__ = ["QueueingProcessor", "make_tracer_provider", "redacted"]

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

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note the tenant of the context."""
        tenant = baggage.get_baggage(conventions.TENANT_ID, parent_context)
        if isinstance(tenant, str):
            span.set_attribute(conventions.TENANT_ID, tenant)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a sampled span."""
        context = span.get_span_context()
        if self._queue is None or context is None or not context.trace_flags.sampled:
            return
        try:
            clean = redacted(span, self._redactor, self._limits)
        except Exception:  # noqa: BLE001  # a span that cannot be read must not break its end
            self._queue.refuse()
        else:
            self._queue.put(clean)


def redacted(span: ReadableSpan, redactor: Redactor, limits: Limits) -> ReadableSpan:
    """The span without secrets; the very same object when there was nothing to hide."""
    attributes = _changed(span.attributes, redactor)
    old_events, old_links = span.events, span.links
    events = tuple(_event(event, redactor, limits) for event in old_events) if old_events else ()
    links = tuple(_link(link, redactor) for link in old_links) if old_links else ()
    name = redactor.text(span.name)
    status = _status(span.status, redactor, limits)
    untouched = (
        attributes is None
        and name == span.name
        and status is span.status
        and all(map(is_, events, old_events))
        and all(map(is_, links, old_links))
    )
    if untouched:
        return span
    return ReadableSpan(
        name=name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=cast("Any", span.attributes if attributes is None else attributes),
        events=events,
        links=links,
        kind=span.kind,
        status=status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _changed(attributes: Mapping[str, Any] | None, redactor: Redactor) -> dict[str, object] | None:
    """The redacted attributes, None when all of them may stay."""
    if not attributes:
        return None
    attributes = dict(attributes)
    if redactor.passes(attributes):
        return None
    clean = redactor.attributes(attributes)
    same = all(_same(clean[key], value) for key, value in attributes.items() if key in clean)
    return None if same and len(clean) == len(attributes) else clean


def _same(clean: object, value: object) -> bool:
    if isinstance(clean, list) and isinstance(value, (list, tuple)):
        return clean == list(value)
    return clean is value or clean == value


def _event(event: Event, redactor: Redactor, limits: Limits) -> Event:
    attributes = dict(event.attributes or {})
    clean = redactor.attributes(attributes)
    for key, length in (
        (_EXCEPTION_MESSAGE, limits.message_length),
        (_EXCEPTION_STACK, limits.stack_length),
    ):
        if isinstance(text := attributes.get(key), str):
            clean[key] = redactor.text(text, length)
    name = redactor.text(event.name)
    if name == event.name and all(_same(clean.get(key), attributes[key]) for key in attributes):
        return event
    return Event(name, cast("Any", clean), timestamp=event.timestamp)


def _link(link: Link, redactor: Redactor) -> Link:
    clean = _changed(link.attributes, redactor)
    return link if clean is None else Link(link.context, cast("Any", clean))


def _status(status: Status, redactor: Redactor, limits: Limits) -> Status:
    if not status.description:
        return status
    description = redactor.text(status.description, limits.message_length)
    return status if description == status.description else Status(status.status_code, description)
