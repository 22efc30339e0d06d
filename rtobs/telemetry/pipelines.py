"""The three roads out of the process, each a worker around one piece of export work."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
from rtobs.telemetry.logs import JsonFormatter, LogRouting, OtlpHandler, QueueingLogProcessor
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
        metric_export: how metrics leave, None when they do not.
        workers: one by signal.
    """

    health: Health
    redactor: Redactor
    routing: LogRouting
    queues: dict[str, ExportQueue[Any]] = field(default_factory=dict)
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
        late = [
            signal
            for signal, worker in self.workers.items()
            if not worker.join(deadline - time.monotonic())
        ]
        for signal in late:
            self._abort(signal)
        for signal in late:
            self.workers[signal].join(_ABORT_GRACE)
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
        if self.metric_export is not None:
            self.metric_export.renew()
        for worker in self.workers.values():
            worker.restart()

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
    """
    limits = settings.limits
    redactor = Redactor(settings.redaction, limits.value_length, limits.attributes)
    pipelines = Pipelines(health, redactor, LogRouting(settings.log_level))
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
    if not settings.stand_aside:
        _traces(pipelines, settings, resource, redactor)
        _metrics(pipelines, resource, outlets)
    _logs(pipelines, settings, resource, redactor)
    for signal, queue in pipelines.queues.items():
        interval = _SPAN_INTERVAL if signal == "traces" else _LOG_INTERVAL
        worker = Worker(f"rtobs-{signal}", queue.drain, interval)
        queue.wake = worker.wake
        pipelines.workers[signal] = worker
    return pipelines


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
) -> None:
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        pipelines.queues.pop("traces", None)
        return
    processor = QueueingProcessor(pipelines.queues.get("traces"), redactor, settings.limits)
    trace.set_tracer_provider(make_tracer_provider(settings, resource, processor))


def _metrics(pipelines: Pipelines, resource: Resource, outlets: Mapping[str, Any]) -> None:
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        provider = MeterProvider(resource=resource, shutdown_on_exit=False)
        if "metrics" in outlets:
            pipelines.metric_export = MetricExport(provider, outlets["metrics"], pipelines.health)
            pipelines.workers["metrics"] = Worker(
                "rtobs-metrics",
                _after_deferred(pipelines.metric_export.export),
                conventions.EXPORT_INTERVAL_SECONDS,
            )
        metrics.set_meter_provider(provider)
    lengths = {signal: queue.__len__ for signal, queue in pipelines.queues.items()}
    exported = [*pipelines.queues, *pipelines.workers]
    observe_health(metrics.get_meter("rtobs"), pipelines.health, lengths, exported)


def _after_deferred(export: Callable[[bool], None]) -> Callable[[bool], None]:
    def work(urgent: bool) -> None:  # noqa: FBT001  # the worker's contract
        run_deferred()
        export(urgent)

    return work


def _logs(pipelines: Pipelines, settings: Settings, resource: Resource, redactor: Redactor) -> None:
    if settings.logs == "stdout-json":
        formatter = JsonFormatter(settings.service, redactor, settings.limits)
        pipelines.routing.to_stdout(formatter)
    elif settings.logs == "otlp" and "logs" in pipelines.queues:
        if isinstance(get_logger_provider(), LoggerProvider):
            pipelines.queues.pop("logs")
            return
        provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_log_record_processor(QueueingLogProcessor(pipelines.queues["logs"], redactor))
        set_logger_provider(provider)
        pipelines.routing.to(OtlpHandler(provider, redactor, settings.limits))
