"""Which outlet carries which signal, from the settings and the standard environment."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.util.re import parse_env_headers

from rtobs.telemetry import readers
from rtobs.telemetry.http_outlet import HttpOutlet, Message, Target
from rtobs.telemetry.options import EnvironmentFault, Settings
from rtobs.telemetry.outlet import Outlet

__all__ = ["endpoint_of", "make_outlet"]

_PREFIX = "OTEL_EXPORTER_OTLP_"


def endpoint_of(signal: str, settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The URL of one signal; None when nobody named a receiver.

    An argument or `RTOBS_ENDPOINT` wins over the variable of the signal.
    """
    own = environ.get(f"{_PREFIX}{signal.upper()}_ENDPOINT", "").strip()
    general = environ.get(f"{_PREFIX}ENDPOINT", "").strip().removesuffix("/")
    if own and settings.endpoint in {None, general}:
        try:
            return readers.url(own)
        except ValueError as fault:
            raise EnvironmentFault(f"{_PREFIX}{signal.upper()}_ENDPOINT", str(fault)) from None
    if settings.endpoint is None or settings.protocol == "grpc":
        return settings.endpoint
    return f"{settings.endpoint}/v1/{signal}"


def make_outlet(
    signal: str, url: str, settings: Settings, environ: Mapping[str, str]
) -> Outlet[Any]:
    """The outlet of one signal.

    Raises:
        ImportError: gRPC was chosen and is not installed.
        EnvironmentFault: the certificates of the environment cannot be read.
    """
    if settings.protocol == "grpc":
        from rtobs.telemetry.grpc_outlet import grpc_outlet  # noqa: PLC0415  # only when chosen

        return grpc_outlet(signal, url, settings.timeout)
    target = Target(
        url=url,
        timeout=settings.timeout,
        headers=parse_env_headers(_variable("HEADERS", signal, environ), liberal=True),
        compression=_variable("COMPRESSION", signal, environ).lower() or "none",
        tls=_tls(signal, environ) if url.startswith("https:") else None,
    )
    return HttpOutlet(target, _ENCODERS[signal])


def _encode_metrics(batch: Sequence[Any]) -> Message:
    return encode_metrics(batch[0])


_ENCODERS: Mapping[str, Callable[[Sequence[Any]], Message]] = {
    "traces": encode_spans,
    "metrics": _encode_metrics,
    "logs": encode_logs,
}


def _variable(name: str, signal: str, environ: Mapping[str, str]) -> str:
    own = environ.get(f"{_PREFIX}{signal.upper()}_{name}", "").strip()
    return own or environ.get(f"{_PREFIX}{name}", "").strip()


def _tls(signal: str, environ: Mapping[str, str]) -> ssl.SSLContext:
    authority = _variable("CERTIFICATE", signal, environ)
    certificate = _variable("CLIENT_CERTIFICATE", signal, environ)
    key = _variable("CLIENT_KEY", signal, environ)
    try:
        context = ssl.create_default_context(cafile=authority or None)
        if certificate:
            context.load_cert_chain(certificate, key or None)
    except OSError as fault:
        raise EnvironmentFault(
            f"{_PREFIX}CERTIFICATE", f"cannot be read: {type(fault).__name__}"
        ) from None
    return context
