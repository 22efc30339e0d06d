"""`rtobs.counter`, `rtobs.histogram` and `rtobs.gauge`: metrics that a service declares itself."""

from __future__ import annotations

from collections.abc import Sequence

from rtobs import conventions
from rtobs.errors import ConfigurationError
from rtobs.telemetry.guard import Counter, Gauge, Histogram, Spec
from rtobs.telemetry.instruments import instruments

__all__ = ["counter", "gauge", "histogram"]


def counter(
    name: str, unit: str = "1", *, description: str = "", labels: Sequence[str] = ()
) -> Counter:
    """Declare a counter; only `labels` may be recorded.

    Raises:
        ConfigurationError: a name is not allowed, or the metric is declared otherwise elsewhere.
    """
    return instruments.counter(_spec(name, unit, description, labels))


def histogram(
    name: str,
    unit: str = "s",
    *,
    description: str = "",
    labels: Sequence[str] = (),
    buckets: Sequence[float] = (),
) -> Histogram:
    """Declare a histogram; `buckets` are upper bounds in `unit`, by default those of durations.

    A latency SLO needs its threshold among the buckets.

    Raises:
        ConfigurationError: a name is not allowed, the buckets do not rise, or the metric is
            declared otherwise elsewhere.
    """
    return instruments.histogram(_spec(name, unit, description, labels, buckets))


def gauge(
    name: str, unit: str = "1", *, description: str = "", labels: Sequence[str] = ()
) -> Gauge:
    """Declare a gauge; only `labels` may be recorded.

    Raises:
        ConfigurationError: a name is not allowed, or the metric is declared otherwise elsewhere.
    """
    return instruments.gauge(_spec(name, unit, description, labels))


def _spec(
    name: str, unit: str, description: str, labels: Sequence[str], buckets: Sequence[float] = ()
) -> Spec:
    if any(name == metric.name for metric in conventions.LIBRARY_METRICS):
        raise ConfigurationError(f"{name} is a metric of rtobs itself")
    if isinstance(labels, str):
        raise ConfigurationError(f'the labels of {name} must be a list, such as ["{labels}"]')
    return Spec(name, unit, description, tuple(labels), tuple(buckets))
