"""OTLP over gRPC, through the exporters of OpenTelemetry; imported only when chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

from rtobs.telemetry.outlet import Sent

__all__ = ["GrpcOutlet", "grpc_outlet"]

T = TypeVar("T")
_MOST_TRIES = 10


class _Exporter(Protocol):
    def export(self, batch: Any, /) -> Any:  # noqa: ANN401  # three signals, three types
        """Send and return an enum whose `value` is 0 for success."""

    def shutdown(self) -> None:
        """Abort."""


class GrpcOutlet(Generic[T]):
    """Sends batches through an exporter that it makes when it first needs it.

    The exporter does not say whether a failure may pass, so a batch that fails ten times in a row
    counts as rejected.

    Args:
        make: makes the exporter with its channel.
        whole: the exporter takes the single item of a batch instead of the batch.
    """

    def __init__(self, make: Callable[[], _Exporter], *, whole: bool) -> None:
        self._make = make
        self._whole = whole
        self._exporter: _Exporter | None = None
        self._aborted = False
        self._failures = 0

    def send(self, batch: Sequence[T]) -> tuple[Sent, float]:
        """Send a batch; the exporter retries within its timeout."""
        if self._aborted:
            return Sent.RETRY, 0.0
        try:
            if self._exporter is None:
                self._exporter = self._make()
        except Exception:  # noqa: BLE001  # a channel that cannot be made now
            return self._failed()
        try:
            result = self._exporter.export(batch[0] if self._whole else batch)
        except Exception:  # noqa: BLE001  # encoding raises; what gRPC itself meets is a result
            return self._broken()
        if result.value == 0:
            self._failures = 0
            return Sent.OK, 0.0
        return self._failed()

    def abort(self) -> None:
        """Cancel calls in flight."""
        self._aborted = True
        if self._exporter is not None:
            self._exporter.shutdown()

    def close(self) -> None:
        """Close the channel."""
        self.abort()

    def renew(self) -> None:
        """Forget the parent's channel; gRPC channels do not survive a fork."""
        self._exporter = None
        self._failures = 0

    def _broken(self) -> tuple[Sent, float]:
        """The verdict on what raised: also a call does that another thread aborted meanwhile."""
        return (Sent.RETRY if self._aborted else Sent.UNENCODABLE), 0.0

    def _failed(self) -> tuple[Sent, float]:
        self._failures += 1
        if self._failures < _MOST_TRIES:
            return Sent.RETRY, 0.0
        self._failures = 0
        return Sent.REJECTED, 0.0


_EXPORTERS: dict[str, Callable[..., _Exporter]] = {
    "traces": OTLPSpanExporter,
    "metrics": OTLPMetricExporter,
    "logs": OTLPLogExporter,
}


def grpc_outlet(signal: str, endpoint: str, timeout: float) -> GrpcOutlet[Any]:
    """The outlet of one signal; headers, TLS and compression come from `OTEL_EXPORTER_OTLP_*`."""
    exporter = _EXPORTERS[signal]
    return GrpcOutlet(
        lambda: exporter(endpoint=endpoint, timeout=timeout), whole=signal == "metrics"
    )
