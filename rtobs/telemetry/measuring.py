"""Metrics on their way out: collect, then export; and the library's account of itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from rtobs import conventions
from rtobs.telemetry.health import Health
from rtobs.telemetry.outlet import Outlet, Sent

__all__ = ["MetricExport", "observe_health"]

_logger = logging.getLogger(__name__)
_PATIENCE = 0.2


class MetricExport:
    """Collects the metrics of a provider and exports them, cumulative since the process began.

    Collecting and exporting are apart, so that a fork waits for the first, never for the network.
    It waits for a moment only: a collection runs the callbacks of the service, which may be slow,
    and may fork themselves.

    Args:
        provider: whose metrics.
        outlet: where they go.
        health: the account.
    """

    def __init__(
        self, provider: MeterProvider, outlet: Outlet[MetricsData], health: Health
    ) -> None:
        self._provider = provider
        self._outlet = outlet
        self._health = health
        self._reader = InMemoryMetricReader()
        self._gate = threading.RLock()
        self._collecting = False
        self._holder = 0
        self._unsent = 0
        self._left_out: set[str] = set()
        provider.add_metric_reader(self._reader)

    def export(self, urgent: bool) -> None:  # noqa: ARG002, FBT001  # the worker's contract
        """Collect and export once; what fails is in the next, cumulative export again."""
        data = self._collect()
        if data is None:
            return
        points = self._unsent = count_points(data)
        outcome, _ = self._outlet.send([data])
        if outcome is Sent.UNENCODABLE:
            data = self._encodable(data)
            lost, points = points, count_points(data)
            self._health.dropped("metrics", "rejected", lost - points)
            self._unsent = points
            outcome, _ = self._outlet.send([data])
        if outcome is Sent.OK:
            self._health.sent("metrics", points)
        else:
            self._health.failed("metrics")
        if outcome in {Sent.REJECTED, Sent.UNENCODABLE}:
            self._health.dropped("metrics", "rejected", points)
        if outcome is not Sent.RETRY:
            self._unsent = 0

    def abort(self) -> None:
        """End an export that waits."""
        self._outlet.abort()

    def close(self) -> None:
        """Give the connection back; called when no export is under way."""
        self._outlet.close()

    def give_up(self) -> None:
        """Count the points of the last collection as lost where they were not received."""
        lost, self._unsent = self._unsent, 0
        if lost:
            self._health.dropped("metrics", "shutdown", lost)

    def hold(self) -> None:
        """Keep collection from running while the process forks: it holds locks of the SDK.

        A collection that this thread is in the middle of, or that takes too long, is not waited
        for; the child then finds it interrupted.
        """
        if self._gate.acquire(timeout=_PATIENCE):
            self._holder = threading.get_ident()

    def release(self) -> None:
        """Let collection go on in the parent."""
        if self._holder == threading.get_ident():
            self._holder = 0
            self._gate.release()

    def renew(self) -> None:
        """Start from zero in a forked child, whose parent exports what was measured before."""
        interrupted, self._collecting = self._collecting, False
        self._gate = threading.RLock()
        self._holder = 0
        self._unsent = 0
        self._outlet.renew()
        if interrupted and not _unlock(self._provider):
            return
        self._provider.remove_metric_reader(self._reader)
        self._reader = InMemoryMetricReader()
        self._provider.add_metric_reader(self._reader)

    def _collect(self) -> MetricsData | None:
        with self._gate:
            self._collecting = True
            try:
                return self._reader.get_metrics_data()
            finally:
                self._collecting = False

    def _encodable(self, data: MetricsData) -> MetricsData:
        """The metrics that can be encoded: one that cannot must not cost all the others."""
        return replace(
            data,
            resource_metrics=[
                replace(
                    resource,
                    scope_metrics=[
                        replace(scope, metrics=list(self._fitting(scope.metrics)))
                        for scope in resource.scope_metrics
                    ],
                )
                for resource in data.resource_metrics
            ],
        )

    def _fitting(self, metrics: Iterable[Metric]) -> Iterator[Metric]:
        for metric in metrics:
            if _fits(metric):
                yield metric
            elif metric.name not in self._left_out:
                self._left_out.add(metric.name)
                _logger.warning('the metric "%s" cannot be encoded and is left out', metric.name)


def _fits(metric: Metric) -> bool:
    alone = ScopeMetrics(InstrumentationScope(""), [metric], "")
    try:
        encode_metrics(
            MetricsData([ResourceMetrics(Resource({}), [alone], "")])
        ).SerializeToString()
    except Exception:  # noqa: BLE001  # whatever is wrong with its values
        return False
    return True


def _unlock(provider: Any) -> bool:  # noqa: ANN401  # the attribute is none that its type has
    """Replace the lock of a collection whose thread does not exist in this forked child."""
    consumer = getattr(provider, "_measurement_consumer", None)
    if consumer is None:  # an SDK that was built anew: better no metrics than a child that hangs
        return False
    consumer._lock = threading.Lock()  # noqa: SLF001  # the SDK renews the others at a fork
    return True


def count_points(data: MetricsData) -> int:
    """Data points of a collection."""
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def observe_health(
    meter: Meter, health: Health, queues: Mapping[str, Callable[[], int]], signals: Iterable[str]
) -> None:
    """Make the account visible as metrics.

    Args:
        meter: makes the instruments.
        health: the account.
        queues: length of each queue by signal.
        signals: the signals that are exported.
    """
    _observe_exports(meter, health, tuple(signals))

    def drops(_: CallbackOptions) -> Iterable[Observation]:
        for signal, reason, count in health.drops():
            yield Observation(count, {conventions.SIGNAL: signal, conventions.REASON: reason})

    def lengths(_: CallbackOptions) -> Iterable[Observation]:
        for signal, length in queues.items():
            yield Observation(length(), {conventions.SIGNAL: signal})

    def overflows(_: CallbackOptions) -> Iterable[Observation]:
        for instrument, count in health.overflows().items():
            yield Observation(count, {conventions.INSTRUMENT: instrument})

    _observe(meter, "rtobs.dropped", drops)
    _observe(meter, "rtobs.queue.length", lengths)
    _observe(meter, "rtobs.guard.overflow", overflows)


def _observe_exports(meter: Meter, health: Health, signals: Iterable[str]) -> None:
    def failures(_: CallbackOptions) -> Iterable[Observation]:
        for signal in signals:
            yield Observation(health.count_failures(signal), {conventions.SIGNAL: signal})

    def ages(_: CallbackOptions) -> Iterable[Observation]:
        for signal in signals:
            yield Observation(health.age(signal), {conventions.SIGNAL: signal})

    _observe(meter, "rtobs.export.failures", failures)
    _observe(meter, "rtobs.last_export.age", ages)


def _observe(
    meter: Meter, name: str, callback: Callable[[CallbackOptions], Iterable[Observation]]
) -> None:
    metric = conventions.library_metric(name)
    make = (
        meter.create_observable_counter
        if metric.type == "counter"
        else meter.create_observable_gauge
    )
    make(metric.name, [callback], metric.unit, metric.meaning)
