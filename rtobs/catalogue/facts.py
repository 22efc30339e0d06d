"""The catalogue's values: components, metrics, labels, buckets and cause alerts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rtobs.conventions import Domain, Severity
from rtobs.model.duration import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Aggregation",
    "Better",
    "Catalogue",
    "CauseAlert",
    "CauseProof",
    "Component",
    "InputSeries",
    "Label",
    "Metric",
    "MetricType",
    "Scrape",
    "UnusableAlert",
]


class MetricType(StrEnum):
    """Prometheus metric types; `unknown` is what a scrape calls untyped."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"
    INFO = "info"
    UNKNOWN = "unknown"


class Aggregation(StrEnum):
    """How series of a metric are put together across instances."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"
    AVG = "avg"


class Better(StrEnum):
    """Which direction is good."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a metric.

    Attributes:
        name: as on the wire.
        values: the closed list of values, or empty when the label is free.
        when: versions or settings with which it is there, "" for always.
    """

    name: str
    values: tuple[str, ...] = ()
    when: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family as on the wire.

    Attributes:
        name: family name: with `_total` for counters that have it, without `_bucket`, `_sum`
            and `_count` for histograms and summaries.
        type: Prometheus type.
        unit: base unit in words ("seconds", "bytes", "requests", "ratio", "bool").
        labels: labels beside those that the scrape adds (job, instance).
        meaning: one sentence in our own words.
        aggregation: how series of several instances are put together.
        better: which direction is good.
        good: what a good value looks like, in words; empty when it depends.
        buckets: upper bounds as wire text, ascending, without +Inf.
        since: first version that has it, "" for always.
        until: first version that no longer has it, "" for still there.
        renamed_from: earlier wire names.
        enable: how to switch it on when it is not on by default.
        verified: whether it was seen in a real scrape or the component's own source.
    """

    name: str
    type: MetricType
    unit: str
    labels: tuple[Label, ...]
    meaning: str
    aggregation: Aggregation
    better: Better
    good: str = ""
    buckets: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    renamed_from: tuple[str, ...] = ()
    enable: str = ""
    verified: bool = True

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series that the family has on the wire."""
        if self.type is MetricType.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        if self.type is MetricType.SUMMARY:
            return (self.name, f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)

    def label(self, name: str) -> Label | None:
        """The label of that name, or None."""
        return next((label for label in self.labels if label.name == name), None)


@dataclass(frozen=True, slots=True)
class InputSeries:
    """One series of a proof in promtool's notation, at one sample a minute."""

    series: str
    values: str


@dataclass(frozen=True, slots=True)
class CauseProof:
    """Series under which a cause alert fires, and series under which it stays silent.

    Attributes:
        fires: series that make it fire.
        silent: series close to those that must not.
        after: when to look, counted from the start of the series.
        labels: labels of the alert that must be there when it fires, beside the static ones.
    """

    fires: tuple[InputSeries, ...]
    silent: tuple[InputSeries, ...]
    after: Duration
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CauseAlert:
    """A known cause of trouble that has an action and that no SLO restates.

    Attributes:
        name: CamelCase alert name.
        expression: PromQL over this component's metrics; selectors get the service's matchers.
        hold: how long the expression must hold (`for`).
        severity: critical pages, warning opens a ticket.
        summary: one sentence: what is broken.
        impact: for whom, and how it shows.
        action: what to do first.
        proof: series that fire it and series that do not.
        verified: false when it reads a metric that is unverified; such an alert never pages.
        blinds: whether it harms what is known, not what users get; such a fault breaks no SLO.
    """

    name: str
    expression: str
    hold: Duration
    severity: Severity
    summary: str
    impact: str
    action: str
    proof: CauseProof
    verified: bool = True
    blinds: bool = False


@dataclass(frozen=True, slots=True)
class UnusableAlert:
    """A published alert that cannot work, and why; `validate` explains it to whoever copies it."""

    name: str
    expression: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scrape:
    """Where a component serves its metrics and how to switch them on."""

    port: int | None
    path: str
    enable: str


@dataclass(frozen=True, slots=True)
class Component:
    """A kind of software and what it exposes.

    Attributes:
        key: catalogue key, the file's stem.
        domain: domain of the platform that it belongs to; None when each definition says it.
        title: name for people.
        version: version that the facts were read from.
        source: where the facts come from.
        scrape: where the metrics are.
        notes: what whoever writes an SLO must know.
        metrics: by family name.
        causes: cause alerts, at most five.
        unusable: published alerts that cannot work.
    """

    key: str
    domain: Domain | None
    title: str
    version: str
    source: str
    scrape: Scrape
    notes: tuple[str, ...]
    metrics: Mapping[str, Metric]
    causes: tuple[CauseAlert, ...] = ()
    unusable: tuple[UnusableAlert, ...] = ()

    def metric(self, name: str) -> Metric | None:
        """The metric family that has a series or family of that name, or None."""
        if name in self.metrics:
            return self.metrics[name]
        return next((m for m in self.metrics.values() if name in m.series), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All components, packaged ones with the overlays of the site."""

    components: Mapping[str, Component]

    def component(self, key: str) -> Component | None:
        """The component of that key, or None."""
        return self.components.get(key)

    def metric(self, key: str, name: str) -> Metric | None:
        """The metric family of a component that has a series or family of that name."""
        component = self.components.get(key)
        return None if component is None else component.metric(name)
