"""rtobs: one definition of an SLO, and services whose metrics it can trust.

The names below are what a service uses. They are looked up when they are first used, so importing
`rtobs` imports nothing of OpenTelemetry.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtobs.errors import ConfigurationError
    from rtobs.telemetry.decorate import instrument, span
    from rtobs.telemetry.face import counter, gauge, histogram
    from rtobs.telemetry.foreign_logs import loguru_sink
    from rtobs.telemetry.limits import Limits
    from rtobs.telemetry.middleware import asgi, wsgi
    from rtobs.telemetry.redaction import Redaction
    from rtobs.telemetry.runtime import Handle, ShutdownReport, init
    from rtobs.telemetry.scope import Tenant as bind_tenant  # noqa: N813  # used like a function
    from rtobs.telemetry.scope import current_trace

    from . import llm, testing, whisper

__all__ = [
    "ConfigurationError",
    "Handle",
    "Limits",
    "Redaction",
    "ShutdownReport",
    "asgi",
    "bind_tenant",
    "counter",
    "current_trace",
    "gauge",
    "histogram",
    "init",
    "instrument",
    "llm",
    "loguru_sink",
    "span",
    "testing",
    "whisper",
    "wsgi",
]

_HOMES = {
    "ConfigurationError": ("rtobs.errors", "ConfigurationError"),
    "Handle": ("rtobs.telemetry.runtime", "Handle"),
    "Limits": ("rtobs.telemetry.limits", "Limits"),
    "Redaction": ("rtobs.telemetry.redaction", "Redaction"),
    "ShutdownReport": ("rtobs.telemetry.runtime", "ShutdownReport"),
    "asgi": ("rtobs.telemetry.middleware", "asgi"),
    "bind_tenant": ("rtobs.telemetry.scope", "Tenant"),
    "counter": ("rtobs.telemetry.face", "counter"),
    "current_trace": ("rtobs.telemetry.scope", "current_trace"),
    "gauge": ("rtobs.telemetry.face", "gauge"),
    "histogram": ("rtobs.telemetry.face", "histogram"),
    "init": ("rtobs.telemetry.runtime", "init"),
    "instrument": ("rtobs.telemetry.decorate", "instrument"),
    "llm": ("rtobs.llm", None),
    "loguru_sink": ("rtobs.telemetry.foreign_logs", "loguru_sink"),
    "span": ("rtobs.telemetry.decorate", "span"),
    "testing": ("rtobs.testing", None),
    "whisper": ("rtobs.whisper", None),
    "wsgi": ("rtobs.telemetry.middleware", "wsgi"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # each name has its own type, given above
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "init":
        _load_all()
    module, attribute = _HOMES[name]
    home = import_module(module)
    value = home if attribute is None else getattr(home, attribute)
    globals()[name] = value
    return value


def _load_all() -> None:
    """Load what a service uses before threads run.

    A process that forks while another thread imports leaves its child an import lock that nobody
    will ever release.
    """
    for module in {module for module, _ in _HOMES.values()} - {"rtobs.testing"}:
        import_module(module)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
