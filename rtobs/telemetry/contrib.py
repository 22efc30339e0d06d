"""Enables the contrib instrumentations that are installed; none of them is needed."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["ASGI_SETTINGS", "INSTRUMENTATIONS", "PROBE", "choose_stable_names", "enable"]

_logger = logging.getLogger("rtobs")

# Probes are not requests of a user. Only the whole last part of a path counts: a host that is
# called "metrics" and a path like /v1/metrics-report are requests like any other.
PROBE: Final = r"/(?:healthz|livez|readyz|metrics)/?(?:\?|$)"
_PROBES: Mapping[str, Any] = {"excluded_urls": PROBE}
# Headers are captured only where the environment asks for it; these are hidden even then.
_SECRET_HEADERS = (".*authorization.*", ".*cookie.*", ".*key.*", ".*secret.*", ".*token.*")
ASGI_SETTINGS: Mapping[str, Any] = {
    **_PROBES,
    "exclude_spans": ["receive", "send"],  # a span for each chunk would drown a stream
    "http_capture_headers_sanitize_fields": list(_SECRET_HEADERS),
}
_GRPC = (
    "GrpcInstrumentorClient",
    "GrpcInstrumentorServer",
    "GrpcAioInstrumentorClient",
    "GrpcAioInstrumentorServer",
)
# Library, which is also the module below `opentelemetry.instrumentation`; classes; arguments.
INSTRUMENTATIONS: tuple[tuple[str, tuple[str, ...], Mapping[str, Any]], ...] = (
    ("fastapi", ("FastAPIInstrumentor",), ASGI_SETTINGS),
    ("starlette", ("StarletteInstrumentor",), ASGI_SETTINGS),
    ("flask", ("FlaskInstrumentor",), _PROBES),
    ("requests", ("RequestsInstrumentor",), {}),
    ("httpx", ("HTTPXClientInstrumentor",), {}),
    ("urllib3", ("URLLib3Instrumentor",), {}),
    ("grpc", _GRPC, {}),
    # A comment with the trace would make every statement a new one for the server's statistics.
    ("psycopg", ("PsycopgInstrumentor",), {"enable_commenter": False}),
    ("asyncpg", ("AsyncPGInstrumentor",), {}),
    ("redis", ("RedisInstrumentor",), {}),
    ("threading", ("ThreadingInstrumentor",), {}),
)
_STABLE = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http,database"}


def choose_stable_names() -> None:
    """Choose the stable names of HTTP and database metrics, unless the environment chose.

    SLOs are written against these.
    """
    for variable, value in _STABLE.items():
        os.environ.setdefault(variable, value)


def enable() -> tuple[str, ...]:
    """Enable each instrumentation that is there together with its library; names the libraries."""
    choose_stable_names()
    return tuple(
        library
        for library, classes, arguments in INSTRUMENTATIONS
        if _are_installed(f"opentelemetry.instrumentation.{library}", library)
        and _enable_all(library, classes, arguments)
    )


def _enable_all(library: str, classes: Iterable[str], arguments: Mapping[str, Any]) -> bool:
    enabled = [_enable_one(library, name, arguments) for name in classes]
    return any(enabled)


def _enable_one(library: str, name: str, arguments: Mapping[str, Any]) -> bool:
    try:
        module = importlib.import_module(f"opentelemetry.instrumentation.{library}")
        instrumentor = getattr(module, name)()
        if instrumentor.is_instrumented_by_opentelemetry:
            return False
        instrumentor.instrument(**arguments)
    except Exception as fault:  # noqa: BLE001  # a broken package must not stop the service
        _logger.warning("%s cannot be enabled: %s", name, type(fault).__name__)
        return False
    return True


def _are_installed(*modules: str) -> bool:
    try:
        return all(importlib.util.find_spec(module) is not None for module in modules)
    except (ImportError, ValueError):  # a package above it is missing, or it is no real module
        return False
