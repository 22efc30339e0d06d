"""Every guarded instrument of the process, made once by name.

Instruments may be declared before `rtobs.init`; OpenTelemetry's API connects them then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from opentelemetry import metrics

from rtobs import conventions
from rtobs.errors import ConfigurationError
from rtobs.telemetry.guard import Counter, Gauge, Histogram, LabelGuard, Policy, Spec
from rtobs.telemetry.health import Health

__all__ = ["Instruments", "closed_sets", "instruments"]

T = TypeVar("T", Counter, Histogram, Gauge)
_SCOPE = "rtobs"


class Instruments:
    """Makes instruments and remembers them.

    Args:
        health: where overflows are counted.
    """

    def __init__(self, health: Health) -> None:
        self.health = health
        self.policy = Policy()
        self._known: dict[str, Counter | Histogram | Gauge] = {}
        self._lock = threading.RLock()

    def counter(self, spec: Spec) -> Counter:
        """The counter of the declaration; a second call returns the same one."""
        return self._make(spec, Counter, self._new_counter)

    def histogram(self, spec: Spec) -> Histogram:
        """The histogram of the declaration; a second call returns the same one."""
        return self._make(spec, Histogram, self._new_histogram)

    def gauge(self, spec: Spec) -> Gauge:
        """The gauge of the declaration; a second call returns the same one."""
        return self._make(spec, Gauge, self._new_gauge)

    def library_counter(self, name: str) -> Counter:
        """The library's own counter `name`; asked for at each measurement, so made once."""
        known = self._known.get(name)
        return known if isinstance(known, Counter) else self.counter(_library_spec(name))

    def library_histogram(self, name: str) -> Histogram:
        """The library's own histogram `name`; asked for at each measurement, so made once."""
        known = self._known.get(name)
        return known if isinstance(known, Histogram) else self.histogram(_library_spec(name))

    def names(self) -> set[str]:
        """Every metric that the library or the service declares."""
        return {metric.name for metric in conventions.LIBRARY_METRICS} | self._known.keys()

    def labels_of(self, metric: str) -> dict[str, tuple[str, ...] | None] | None:
        """The labels of a metric with their values, None for an open label.

        None for a metric that neither the library nor the service declares.
        """
        for known in conventions.LIBRARY_METRICS:
            if known.name == metric:
                return dict(known.labels)
        instrument = self._known.get(metric)
        return None if instrument is None else dict.fromkeys(instrument.spec.labels)

    def prime_again(self) -> None:
        """Start every primed label set at 0, after providers are set or a process forked."""
        for instrument in list(self._known.values()):
            if isinstance(instrument, Counter):
                instrument.prime_again()

    def renew(self) -> None:
        """Replace every lock in a forked child, where its owner may not exist."""
        self._lock = threading.RLock()
        for instrument in self._known.values():
            instrument.guard.renew()

    def _make(self, spec: Spec, kind: type[T], make: Callable[[Spec], T]) -> T:
        with self._lock:
            known = self._known.get(spec.name)
            if known is None:
                made = make(spec)
                self._known[spec.name] = made
                return made
        if isinstance(known, kind) and known.spec == spec:
            return known
        raise ConfigurationError(f"the metric {spec.name} is declared twice, and differently")

    def _new_counter(self, spec: Spec) -> Counter:
        instrument = _meter().create_counter(spec.name, spec.unit, spec.description)
        return Counter(spec, self._guard(spec), instrument)

    def _new_histogram(self, spec: Spec) -> Histogram:
        instrument = _meter().create_histogram(
            spec.name,
            spec.unit,
            spec.description,
            explicit_bucket_boundaries_advisory=spec.buckets or conventions.DURATION_BUCKETS,
        )
        return Histogram(spec, self._guard(spec), instrument)

    def _new_gauge(self, spec: Spec) -> Gauge:
        instrument = _meter().create_gauge(spec.name, spec.unit, spec.description)
        return Gauge(spec, self._guard(spec), instrument)

    def _guard(self, spec: Spec) -> LabelGuard:
        return LabelGuard(spec.name, spec.labels, self.policy, self.health.overflowed)


def _meter() -> metrics.Meter:
    return metrics.get_meter(_SCOPE)


def _library_spec(name: str) -> Spec:
    metric = conventions.library_metric(name)
    labels = tuple(label for label, _ in metric.labels)
    return Spec(metric.name, metric.unit, metric.meaning, labels, metric.buckets)


instruments = Instruments(Health())


def closed_sets(name: str, given: Mapping[str, str]) -> list[dict[str, str]]:
    """Every label set of a library metric that has the `given` values and a closed rest."""
    sets: list[dict[str, str]] = [{}]
    for label, values in conventions.library_metric(name).labels:
        choices = (given[label],) if label in given else values or ()
        sets = [{**one, label: choice} for one in sets for choice in choices]
    return sets
