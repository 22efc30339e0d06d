"""Server spans and request metrics for applications without a framework that we know.

FastAPI, Starlette and Flask are instrumented by `rtobs.init`. Any other ASGI or WSGI application is
wrapped by hand, with the same settings.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from rtobs.telemetry.contrib import ASGI_SETTINGS, PROBE, choose_stable_names

__all__ = ["asgi", "wsgi"]

_logger = logging.getLogger("rtobs")
_probe = re.compile(PROBE)
_App = TypeVar("_App")

AsgiApplication = Callable[..., Awaitable[None]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def asgi(app: AsgiApplication) -> AsgiApplication:
    """The ASGI application with a span and a duration for each request; probes are no requests.

    Call it after `rtobs.init`. Without the package opentelemetry-instrumentation-asgi the
    application comes back as it is, with one warning.
    """
    try:
        from opentelemetry.instrumentation.asgi import (  # noqa: PLC0415  # may be missing
            OpenTelemetryMiddleware,
        )
    except ImportError:
        return _bare(app, "asgi")
    choose_stable_names()
    return OpenTelemetryMiddleware(app, **ASGI_SETTINGS)


def wsgi(app: WsgiApplication) -> WsgiApplication:
    """The WSGI application with a span and a duration for each request; probes are no requests.

    Call it after `rtobs.init`. Without the package opentelemetry-instrumentation-wsgi the
    application comes back as it is, with one warning.
    """
    try:
        from opentelemetry.instrumentation.wsgi import (  # noqa: PLC0415  # may be missing
            OpenTelemetryMiddleware,
        )
    except ImportError:
        return _bare(app, "wsgi")
    choose_stable_names()
    measured: WsgiApplication = OpenTelemetryMiddleware(app)

    def with_probes(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_probe = _probe.search(str(environ.get("PATH_INFO", "")))
        return (app if is_probe else measured)(environ, start_response)

    return with_probes


def _bare(app: _App, kind: str) -> _App:
    _logger.warning("requests are not measured: opentelemetry-instrumentation-%s is missing", kind)
    return app
