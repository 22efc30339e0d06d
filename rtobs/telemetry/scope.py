"""Making a span or a tenant current, and undoing that from wherever the end happens.

OpenTelemetry undoes with a token, which fails with an ERROR line when the end runs in another task,
as it does when an asynchronous generator is closed from outside. Here the context that was current
before is made current again, and only where the new one still is.
"""

from __future__ import annotations

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context

from rtobs import conventions

__all__ = ["LONGEST_TENANT", "Scope", "Tenant", "current_trace"]

LONGEST_TENANT = 128


class Scope:
    """A context that is current between `enter` and `leave`."""

    __slots__ = ("_before", "_inside")

    def __init__(self) -> None:
        self._before: Context | None = None
        self._inside: Context | None = None

    def enter(self, inside: Context) -> None:
        """Make `inside` current."""
        self._before = context.get_current()
        self._inside = inside
        context.attach(inside)

    def leave(self) -> None:
        """Make current what was current before, where `inside` still is."""
        before, self._before = self._before, None
        if before is not None and context.get_current() is self._inside:
            context.attach(before)


def current_trace() -> tuple[str, str] | None:
    """Trace id and span id of the current span in hexadecimal, None outside of any span."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id)


class Tenant:
    """Binds everything inside to a tenant: spans, logs, and calls to other services.

    Args:
        tenant_id: from a verified claim, never from an unchecked header; cut at 128 characters.
    """

    def __init__(self, tenant_id: str) -> None:
        self._tenant = str(tenant_id)[:LONGEST_TENANT]
        self._scope = Scope()

    def __enter__(self) -> None:
        self._scope.enter(baggage.set_baggage(conventions.TENANT_ID, self._tenant))

    def __exit__(self, *_: object) -> None:
        self._scope.leave()

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()
