"""The metrics of `import rtobs` as catalogue metrics, as Prometheus's OTLP receiver writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from rtobs.catalogue.facts import Aggregation, Better, Label, Metric, MetricType
from rtobs.conventions import LIBRARY_METRICS, LibraryMetric

__all__ = ["library_metrics"]

_WORDS: Final = {"s": "seconds", "By": "bytes", "1": "ratio"}


def library_metrics(component: str) -> dict[str, Metric]:
    """The metrics that the library emits for a component, by name on the wire."""
    metrics = (_metric(metric) for metric in LIBRARY_METRICS if metric.component == component)
    return {metric.name: metric for metric in metrics}


def _metric(metric: LibraryMetric) -> Metric:
    kind = MetricType(metric.type)
    return Metric(
        name=metric.prometheus_name,
        type=kind,
        unit=_WORDS.get(metric.unit) or f"{metric.unit.strip('{}')}s",
        labels=tuple(Label(name, values or ()) for name, values in metric.prometheus_labels),
        meaning=metric.meaning,
        aggregation=Aggregation.MAX if kind is MetricType.GAUGE else Aggregation.SUM,
        better=_better(kind, metric.unit),
        buckets=tuple(_plain(bound) for bound in metric.buckets),
    )


def _better(kind: MetricType, unit: str) -> Better:
    """Times, ratios and queues of the library are better when low; counts say nothing alone."""
    measured = kind is MetricType.HISTOGRAM and unit in ("s", "1")
    return Better.LOWER if measured or kind is MetricType.GAUGE else Better.NEITHER


def _plain(bound: float) -> str:
    """A bound as the OTLP receiver writes it: shortest digits, never an exponent."""
    return format(Decimal(repr(bound)).normalize(), "f")
