"""Instruments with a declared set of labels and a bound on their values.

A service cannot make the metric store fall over: an unknown label is left out, a label set beyond
the limit is counted under `otel.metric.overflow`, and both are counted in `rtobs.guard.overflow`.
A measurement never raises.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, SupportsFloat, TypeAlias

from opentelemetry import metrics
from opentelemetry.context import Context

from rtobs import conventions
from rtobs.errors import ConfigurationError
from rtobs.telemetry.limits import Limits
from rtobs.telemetry.redaction import Redactor, clip, scrub

__all__ = ["Counter", "Gauge", "Histogram", "Label", "LabelGuard", "LabelSets", "Policy", "Spec"]

Label: TypeAlias = str | bool | int | float
LabelSets: TypeAlias = Mapping[str, Label]

_logger = logging.getLogger("rtobs")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,254}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_OVERFLOW: dict[str, Label] = {conventions.OVERFLOW_ATTRIBUTE: True}
_LONGEST_VALUE = 128
_INT64 = 2**63
_VARIABLE = re.compile(
    r"(?<=/)(?:\d+|[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})(?=/|$)"
)
_ROUTES = frozenset({"http.route", "route", "path"})


@dataclass(frozen=True, slots=True)
class Spec:
    """What a service declares about one of its metrics.

    Attributes:
        name: OpenTelemetry name.
        unit: UCUM unit.
        description: one sentence.
        labels: the only labels that may be recorded.
        buckets: upper bounds of a histogram.

    Raises:
        ConfigurationError: a name is not allowed, or the buckets do not rise.
    """

    name: str
    unit: str
    description: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(f'"{self.name}" is not the name of a metric')
        for label in self.labels:
            if label in conventions.RESERVED_LABELS:
                raise ConfigurationError(
                    f'"{label}" cannot be a label of {self.name}: the rules use this name'
                )
            if not _LABEL.fullmatch(label):
                raise ConfigurationError(
                    f'"{label}" cannot be a label of {self.name}:'
                    " write letters, digits, dots and underscores, a letter first"
                )
        if any(low >= high for low, high in zip(self.buckets, self.buckets[1:], strict=False)):
            raise ConfigurationError(f"the buckets of {self.name} must rise")


@dataclass(slots=True)
class Policy:
    """What all guards of the process obey.

    Attributes:
        limits: bounds of label values and label sets.
        redact: hides secrets in a text.
        redactor: hides secrets in everything that leaves; None before `rtobs.init`.
        off: the environment switched the SDK off, so nothing is looked at.
    """

    limits: Limits = field(default_factory=Limits)
    redact: Callable[[str], str] = scrub
    redactor: Redactor | None = None
    off: bool = False


class LabelGuard:
    """Decides under which attributes a measurement is recorded.

    Args:
        name: name of the instrument, for the count of overflows.
        labels: the declared labels.
        policy: bounds and redaction; `rtobs.init` may change them after the declaration.
        overflowed: called with the name when a measurement loses labels.
    """

    def __init__(
        self,
        name: str,
        labels: Iterable[str],
        policy: Policy,
        overflowed: Callable[[str], None],
    ) -> None:
        self.policy = policy
        self._name = name
        self._labels = tuple(labels)
        self._complained = False
        self._overflowed = overflowed
        self._admitted: dict[tuple[tuple[str, Label], ...], dict[str, Label]] = {}
        self._values: dict[str, set[Label]] = {label: set() for label in self._labels}
        self._lock = threading.RLock()

    def admit(self, labels: LabelSets) -> dict[str, Label]:
        """The attributes to record under; the same dict for the same labels, not to be changed."""
        try:
            known = self._admitted.get(tuple(labels.items()))
        except TypeError:  # a value that cannot be hashed; it becomes the name of its type
            known = None
        return known if known is not None else self._admit(labels)

    def renew(self) -> None:
        """Replace the lock in a forked child, where its owner may not exist."""
        self._lock = threading.RLock()

    def _admit(self, labels: LabelSets) -> dict[str, Label]:
        clean = {name: self._clean(name, labels[name]) for name in self._labels if name in labels}
        if len(clean) < len(labels):
            self._overflowed(self._name)
            self._complain(next(name for name in labels if name not in clean))
        key = tuple(clean.items())
        with self._lock:
            if key in self._admitted:
                return self._admitted[key]
            if len(self._admitted) < self.policy.limits.label_sets and self._values_fit(clean):
                self._admitted[key] = clean
                for name, value in clean.items():
                    self._values[name].add(value)
                return clean
        self._overflowed(self._name)
        return _OVERFLOW

    def _values_fit(self, clean: LabelSets) -> bool:
        most = self.policy.limits.label_values
        return all(
            value in self._values[name] or len(self._values[name]) < most
            for name, value in clean.items()
        )

    def _clean(self, name: str, value: object) -> Label:
        """A label value without secrets, ids and excess length."""
        if not isinstance(value, str):
            return value if isinstance(value, (bool, int, float)) else f"<{type(value).__name__}>"
        if name in _ROUTES:
            value = _VARIABLE.sub("{id}", value.partition("?")[0])
        return clip(self.policy.redact(value), _LONGEST_VALUE)

    def _complain(self, label: str) -> None:
        if not self._complained:
            self._complained = True
            _logger.warning(
                'metric "%s" does not declare the label "%s", which is left out; declared: %s',
                self._name,
                clip(self.policy.redact(str(label)), _LONGEST_VALUE),
                ", ".join(self._labels) or "none",
            )


class _Guarded:
    """An instrument behind its guard.

    Args:
        spec: the declaration.
        guard: decides on labels.
    """

    def __init__(self, spec: Spec, guard: LabelGuard) -> None:
        self.spec = spec
        self.guard = guard
        self._policy = guard.policy

    def _measure(
        self,
        record: Callable[..., Any],
        value: float,
        labels: LabelSets,
        context: Context | None = None,
    ) -> None:
        """Measure once; a wrong measurement must not break the work, nor the export of others."""
        try:
            kind: object = type(value)
            if kind is not float and (kind is not int or not -_INT64 <= value < _INT64):
                value = _number(value)
            record(value, self.guard.admit(labels), context)
        except Exception:  # noqa: BLE001  # whatever the service measured, it goes on
            _logger.warning(
                'a measurement of "%s" is left out: %s', self.spec.name, type(value).__name__
            )


def _number(value: object) -> float:
    """A value that OTLP can carry: anything else would fail each export from now on.

    Raises:
        TypeError: it is no number.
        OverflowError: it is a whole number beyond 64 bits.
    """
    if isinstance(value, int):
        if -_INT64 <= value < _INT64:
            return int(value)  # an encoder takes no bool
        raise OverflowError
    if isinstance(value, SupportsFloat):
        return float(value)
    raise TypeError


class Counter(_Guarded):
    """Counts what only grows."""

    def __init__(self, spec: Spec, guard: LabelGuard, instrument: metrics.Counter) -> None:
        super().__init__(spec, guard)
        self._instrument = instrument
        self._primed: dict[tuple[tuple[str, Label], ...], dict[str, Label]] = {}

    def add(self, amount: float = 1, labels: LabelSets | None = None, /, **more: Label) -> None:
        """Add `amount` under the labels, given as a mapping, as keywords or both."""
        if not self._policy.off:
            self._measure(self._instrument.add, amount, {**labels, **more} if labels else more)

    def prime(self, labels: LabelSets | None = None) -> None:
        """Make the label set start at 0 now, and again in each forked child.

        A counter that appears with its first event hides that event from `increase`.
        """
        admitted = self.guard.admit(labels or {})
        if admitted is not _OVERFLOW:
            self._primed[tuple(admitted.items())] = admitted
            self._instrument.add(0, admitted)

    def prime_again(self) -> None:
        """Start the primed label sets at 0 where measurements were forgotten."""
        for labels in list(self._primed.values()):
            self._instrument.add(0, labels)


class Histogram(_Guarded):
    """Counts how often a value was in each bucket."""

    def __init__(self, spec: Spec, guard: LabelGuard, instrument: metrics.Histogram) -> None:
        super().__init__(spec, guard)
        self._instrument = instrument

    def record(self, value: float, labels: LabelSets | None = None, /, **more: Label) -> None:
        """Record `value`, in the declared unit, under the labels."""
        if not self._policy.off:
            self._measure(self._instrument.record, value, {**labels, **more} if labels else more)

    def record_in(self, context: Context, value: float, labels: LabelSets) -> None:
        """Record with the exemplar of a span that is not the current one."""
        if not self._policy.off:
            self._measure(self._instrument.record, value, labels, context)


class Gauge(_Guarded):
    """Shows a value that goes up and down."""

    def __init__(self, spec: Spec, guard: LabelGuard, instrument: metrics._Gauge) -> None:
        super().__init__(spec, guard)
        self._instrument = instrument

    def set(self, value: float, labels: LabelSets | None = None, /, **more: Label) -> None:
        """Show `value`, in the declared unit, under the labels."""
        if not self._policy.off:
            self._measure(self._instrument.set, value, {**labels, **more} if labels else more)
