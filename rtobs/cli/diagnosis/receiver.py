"""Where each signal would go, and whether the receiver answers there.

An empty request is sent by the very code that exports, so addresses, headers, certificates and
protocol are those of the service.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from opentelemetry.sdk.metrics.export import MetricsData

from rtobs import conventions
from rtobs.cli.diagnosis.finding import Finding, State
from rtobs.cli.diagnosis.settings import Decided
from rtobs.telemetry.options import EnvironmentFault, Settings
from rtobs.telemetry.outlet import Sent
from rtobs.telemetry.outlets import endpoint_of, make_outlet

__all__ = ["signal_findings"]

_GRACE: Final = 1.0  # seconds that a name server may take beside the timeout
_EMPTY: Final[Mapping[str, Sequence[Any]]] = {
    "traces": (),
    "metrics": (MetricsData(resource_metrics=()),),
    "logs": (),
}


def signal_findings(decided: Decided, timeout: float) -> Iterator[Finding]:
    """A line for each signal: where it goes, and what the receiver answered.

    Args:
        decided: what `rtobs.init` would decide.
        timeout: seconds for each receiver.
    """
    settings = replace(decided.settings, timeout=timeout)
    for signal in conventions.SIGNALS:
        if decided.faults or settings.disabled:
            reason = "something above is broken" if decided.faults else "OTEL_SDK_DISABLED is set"
            yield Finding(signal, State.NOTE, f"are off: {reason}")
        elif signal == "logs" and settings.logs == "stdout-json":
            yield Finding(signal, State.FINE, "JSON lines on standard output")
        elif signal == "logs" and settings.logs == "off":
            yield Finding(signal, State.NOTE, "are left as they are: logs is off")
        elif settings.stand_aside and signal != "logs":
            yield Finding(signal, State.NOTE, "are left to OTEL_CONFIG_FILE")
        elif signal not in settings.signals:
            yield Finding(signal, State.NOTE, f"stay here: {signal} is not among signals")
        else:
            yield _exported(signal, settings, decided.environ)


def _exported(signal: str, settings: Settings, environ: Mapping[str, str]) -> Finding:
    try:
        url = endpoint_of(signal, settings, environ)
        if url is None:
            hint = "set OTEL_EXPORTER_OTLP_ENDPOINT"
            return Finding(signal, State.NOTE, "stay here: no endpoint is set", hint=hint)
        outlet = make_outlet(signal, url, settings, environ)
    except (EnvironmentFault, ImportError) as fault:
        return Finding(signal, State.BROKEN, str(fault))
    probe = _Probe(signal, outlet)
    answer = probe.answer(settings.timeout + _GRACE)
    if answer is Sent.OK:
        return Finding(signal, State.FINE, f"to {url}: it answers")
    hint = "check the address, and that a receiver of this signal listens there"
    return Finding(signal, State.BROKEN, f"to {url}: {probe.reason}", hint=hint)


class _Probe(logging.Handler):
    """One empty export, and what the exporter says about it.

    Args:
        signal: which signal.
        outlet: what would export it.
    """

    def __init__(self, signal: str, outlet: Any) -> None:  # noqa: ANN401  # of any item
        super().__init__()
        self.reason = "no answer in time"
        self._signal = signal
        self._outlet = outlet
        self._answer: Sent | None = None

    def answer(self, seconds: float) -> Sent | None:
        """The outcome; None when there is none within `seconds`."""
        logger = logging.getLogger("rtobs")
        propagate, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        thread = threading.Thread(target=self._send, daemon=True)
        thread.start()
        thread.join(seconds)
        logger.removeHandler(self)
        logger.propagate = propagate
        return self._answer

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what the exporter says."""
        self.reason = record.getMessage().rpartition("failed: ")[2]

    def _send(self) -> None:
        self._answer, _ = self._outlet.send(_EMPTY[self._signal])
        self._outlet.close()
