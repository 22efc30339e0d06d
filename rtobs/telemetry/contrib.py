"""Enables the contrib instrumentations that are installed; none of them is needed."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from collections.abc import Mapping
from typing import Any

__all__ = ["INSTRUMENTATIONS", "enable"]

_logger = logging.getLogger("rtobs")

# One span a chunk would drown a stream, and probes are not requests of a user.
_WEB: Mapping[str, Any] = {
    "exclude_spans": ["receive", "send"],
    "excluded_urls": "healthz,livez,readyz,metrics",
}
# Module below `opentelemetry.instrumentation`, class, arguments.
INSTRUMENTATIONS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("fastapi", "FastAPIInstrumentor", _WEB),
    ("starlette", "StarletteInstrumentor", _WEB),
    ("flask", "FlaskInstrumentor", {"excluded_urls": "healthz,livez,readyz,metrics"}),
    ("requests", "RequestsInstrumentor", {}),
    ("httpx", "HTTPXClientInstrumentor", {}),
    ("urllib3", "URLLib3Instrumentor", {}),
    ("grpc", "GrpcInstrumentorClient", {}),
    ("psycopg", "PsycopgInstrumentor", {"enable_commenter": False}),
    ("asyncpg", "AsyncPGInstrumentor", {}),
    ("redis", "RedisInstrumentor", {}),
    ("threading", "ThreadingInstrumentor", {}),
)
_STABLE = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http,database"}


def enable() -> tuple[str, ...]:
    """Enable each instrumentation whose package is there; returns their names.

    The stable names of HTTP and database metrics are chosen first, unless the environment chose:
    SLOs are written against these.
    """
    for variable, value in _STABLE.items():
        os.environ.setdefault(variable, value)
    return tuple(
        module
        for module, name, arguments in INSTRUMENTATIONS
        if _enable_one(f"opentelemetry.instrumentation.{module}", name, arguments)
    )


def _enable_one(module: str, name: str, arguments: Mapping[str, Any]) -> bool:
    if not _is_installed(module):
        return False
    try:
        instrumentor = getattr(importlib.import_module(module), name)()
        if instrumentor.is_instrumented_by_opentelemetry:
            return False
        instrumentor.instrument(**arguments)
    except Exception as fault:  # noqa: BLE001  # a broken package must not stop the service
        _logger.warning("%s cannot be enabled: %s", module, type(fault).__name__)
        return False
    return True


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # the namespace opentelemetry.instrumentation itself is missing
        return False
