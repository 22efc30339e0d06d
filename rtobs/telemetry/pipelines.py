"""The three roads out of the process, each a worker around one piece of export work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from rtobs import conventions
from rtobs.telemetry.deferred import forget_deferred, run_deferred
from rtobs.telemetry.export_queue import ExportQueue
from rtobs.telemetry.health import Health
from rtobs.telemetry.log_routing import LogRouting
from rtobs.telemetry.logs import JsonFormatter, OtlpHandler, QueueingLogProcessor
from rtobs.telemetry.measuring import MetricExport, observe_health
from rtobs.telemetry.options import Settings
from rtobs.telemetry.outlets import endpoint_of, make_outlet
from rtobs.telemetry.redaction import Redactor
from rtobs.telemetry.resource import resource_attributes
from rtobs.telemetry.tracing import QueueingProcessor, make_tracer_provider
from rtobs.telemetry.worker import Worker

__all__ = ["Pipelines", "build"]

_SPAN_INTERVAL = 5.0
_LOG_INTERVAL = 1.0
_ABORT_GRACE = 0.2


@dataclass
class Pipelines:
    """What `rtobs.init` built.

    Attributes:
        health: the account of what was sent and lost.
        redactor: hides secrets in everything that leaves.
        routing: what was changed about logging.
        queues: waiting spans and log records, by signal.
        spans: what queues ended spans, None where the application does it.
        metric_export: how metrics leave, None when they do not.
        workers: one by signal.
    """

    health: Health
    redactor: Redactor
    routing: LogRouting
    queues: dict[str, ExportQueue[Any]] = field(default_factory=dict)
    spans: QueueingProcessor | None = None
    metric_export: MetricExport | None = None
    workers: dict[str, Worker] = field(default_factory=dict)

    def start(self) -> None:
        """Start the workers."""
        for worker in self.workers.values():
            worker.start()

    def flush(self, timeout: float) -> bool:
        """Export everything now; False when something is left after `timeout` seconds."""
        run_deferred()
        deadline = time.monotonic() + timeout
        done = [
            worker.flush(max(deadline - time.monotonic(), 0.0)) for worker in self.workers.values()
        ]
        return all(done) and not any(len(queue) for queue in self.queues.values())

    def stop(self, budget: float) -> None:
        """Export what is left and end the workers, within `budget` seconds."""
        run_deferred()
        deadline = time.monotonic() + budget
        for worker in self.workers.values():
            worker.ask_to_stop()
        # The end of the budget is for those that are late: all of them share it.
        late = self._running(deadline - min(_ABORT_GRACE, budget / 5), self.workers)
        for signal in late:
            self._abort(signal)
        late = self._running(deadline, late)
        for queue in self.queues.values():
            queue.close()
        if self.metric_export is not None:
            self.metric_export.give_up()
            if "metrics" not in late:
                self.metric_export.close()
        self.routing.undo()

    def before_fork(self) -> None:
        """Wait until nobody holds a lock that the child would find locked for ever."""
        if self.metric_export is not None:
            self.metric_export.hold()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self.metric_export is not None:
            self.metric_export.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: nothing of the parent is exported here."""
        forget_deferred()
        self.health.reset()
        for queue in self.queues.values():
            queue.renew()
        if self.spans is not None:
            self.spans.renew()
        if self.metric_export is not None:
            self.metric_export.renew()
        for worker in self.workers.values():
            worker.restart()

    def _running(self, deadline: float, signals: Iterable[str]) -> list[str]:
        """Which of the workers have not ended at the deadline."""
        return [
            signal
            for signal in signals
            if not self.workers[signal].join(deadline - time.monotonic())
        ]

    def _abort(self, signal: str) -> None:
        if signal in self.queues:
            self.queues[signal].abort()
        elif self.metric_export is not None:
            self.metric_export.abort()


def build(settings: Settings, environ: Mapping[str, str], health: Health) -> Pipelines:
    """Make providers, queues and workers; nothing runs yet.

    A provider that the application has set stays, is used, and gets no second export.

    Raises:
        ImportError: gRPC or Temporal was chosen and is not installed.
        EnvironmentFault: a variable of the environment cannot be used.
        ValueError: OpenTelemetry cannot use one; nothing global is changed then.
    """
    limits = settings.limits
    redactor = Redactor(settings.redaction, limits.value_length, limits.attributes)
    pipelines = Pipelines(health, redactor, _routing(settings, health))
    targets = _targets(settings, environ)
    # Everything that can fail is made before anything global is changed.
    outlets = {
        signal: make_outlet(signal, url, settings, environ) for signal, url in targets.items()
    }
    resource = Resource(dict(resource_attributes(settings, environ)))
    for signal in ("traces", "logs"):
        if signal in outlets:
            pipelines.queues[signal] = ExportQueue(
                signal, outlets[signal], health, limits.queue, limits.batch
            )
    logs = _logs(pipelines, settings, resource, redactor)
    if not settings.stand_aside:
        traces = _traces(pipelines, settings, resource, redactor)
        measured = _metrics(pipelines, resource, outlets)
        # All are made before one is set: making them reads the environment, which may be wrong.
        if traces is not None:
            trace.set_tracer_provider(traces)
        if measured is not None:
            metrics.set_meter_provider(measured)
        lengths = {signal: queue.__len__ for signal, queue in pipelines.queues.items()}
        exported = [*pipelines.queues, *pipelines.workers]
        observe_health(metrics.get_meter("rtobs"), health, lengths, exported)
    _route_logs(pipelines, settings, logs)
    for signal, queue in pipelines.queues.items():
        interval = _SPAN_INTERVAL if signal == "traces" else _LOG_INTERVAL
        worker = Worker(f"rtobs-{signal}", queue.drain, interval)
        queue.wake = worker.wake
        pipelines.workers[signal] = worker
    return pipelines


def _routing(settings: Settings, health: Health) -> LogRouting:
    return LogRouting(settings.log_level, lambda: health.dropped("logs", "rejected"))


def _targets(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    wanted = [
        signal
        for signal in settings.signals
        if (signal != "logs" or settings.logs == "otlp")
        and not (settings.stand_aside and signal != "logs")
    ]
    urls = {signal: endpoint_of(signal, settings, environ) for signal in wanted}
    return {signal: url for signal, url in urls.items() if url is not None}


def _traces(
    pipelines: Pipelines, settings: Settings, resource: Resource, redactor: Redactor
) -> trace.TracerProvider | None:
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        pipelines.queues.pop("traces", None)
        return None
    queue = pipelines.queues.get("traces")
    pipelines.spans = QueueingProcessor(queue, redactor, settings.limits)
    return make_tracer_provider(settings, resource, pipelines.spans)


def _metrics(
    pipelines: Pipelines, resource: Resource, outlets: Mapping[str, Any]
) -> MeterProvider | None:
    if isinstance(metrics.get_meter_provider(), MeterProvider):
        return None
    provider = MeterProvider(resource=resource, shutdown_on_exit=False)
    if "metrics" in outlets:
        pipelines.metric_export = MetricExport(provider, outlets["metrics"], pipelines.health)
        pipelines.workers["metrics"] = Worker(
            "rtobs-metrics",
            _after_deferred(pipelines.metric_export.export),
            conventions.EXPORT_INTERVAL_SECONDS,
        )
    return provider


def _after_deferred(export: Callable[[bool], None]) -> Callable[[bool], None]:
    def work(urgent: bool) -> None:  # noqa: FBT001  # the worker's contract
        run_deferred()
        export(urgent)

    return work


def _logs(
    pipelines: Pipelines, settings: Settings, resource: Resource, redactor: Redactor
) -> LoggerProvider | None:
    if settings.logs != "otlp" or "logs" not in pipelines.queues:
        return None
    if isinstance(get_logger_provider(), LoggerProvider):
        pipelines.queues.pop("logs")
        return None
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_log_record_processor(QueueingLogProcessor(pipelines.queues["logs"], redactor))
    return provider


def _route_logs(pipelines: Pipelines, settings: Settings, provider: LoggerProvider | None) -> None:
    redactor, limits = pipelines.redactor, settings.limits
    if settings.logs == "stdout-json":
        pipelines.routing.to_stdout(JsonFormatter(settings.service, redactor, limits))
    elif provider is not None:
        set_logger_provider(provider)
        pipelines.routing.to(OtlpHandler(provider, redactor, limits))
