"""What is believed of what callers say about themselves.

A request may carry baggage, and a tenant in it goes into spans and logs and on to other services.
Inside the platform that is the purpose. At its edge anybody can write that header, so there the
baggage of callers is left behind; the trace itself is always continued.
"""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry import baggage
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from rtobs import conventions
from rtobs.telemetry.scope import LONGEST_TENANT

__all__ = ["Admission", "admit"]


class Admission(TextMapPropagator):
    """The propagator of the application, with the baggage of callers checked.

    Args:
        inner: the propagator.
        accept: whether baggage of callers is kept; a tenant in it is cut at its longest length.
    """

    def __init__(self, inner: TextMapPropagator, *, accept: bool) -> None:
        self._inner = inner
        self._accept = accept

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """The context of the caller as far as it is believed."""
        found = self._inner.extract(carrier, context, getter)
        if not self._accept:
            return _with_baggage(baggage.get_all(context), baggage.clear(found))
        tenant = baggage.get_baggage(conventions.TENANT_ID, found)
        if isinstance(tenant, str) and len(tenant) > LONGEST_TENANT:
            return baggage.set_baggage(conventions.TENANT_ID, tenant[:LONGEST_TENANT], found)
        return found

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """As the inner propagator."""
        self._inner.inject(carrier, context, setter)

    @property
    def fields(self) -> set[str]:
        """As the inner propagator."""
        return self._inner.fields


def admit(*, accept: bool) -> None:
    """Put the check before the propagator that the application uses."""
    from opentelemetry import propagate  # noqa: PLC0415  # its import reads the environment

    propagate.set_global_textmap(Admission(propagate.get_global_textmap(), accept=accept))


def _with_baggage(entries: Mapping[str, object], context: Context) -> Context:
    for name, value in entries.items():
        context = baggage.set_baggage(name, value, context)
    return context
