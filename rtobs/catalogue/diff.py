"""How the page of a real program differs from what the catalogue says about its component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from rtobs.catalogue.absence import successor, why_absent
from rtobs.catalogue.exposition import Exposition, Family
from rtobs.catalogue.facts import Component, Metric, MetricType
from rtobs.catalogue.le import bound, spellings
from rtobs.catalogue.matching import Match, matched
from rtobs.model.site import DeployedComponent

__all__ = ["Comparison", "Difference", "DifferenceKind", "compare"]

_INFINITE: Final = "+Inf"
_FROM_SCRAPE: Final = frozenset({"job", "instance"})
_SELECTION: Final = "the catalogue is a selection, and nothing reads what is not in it"
# An info metric is a gauge in the older format; a state set is one wherever it is stored.
_AS_GAUGE: Final = ("info", "stateset")


class DifferenceKind(StrEnum):
    """What differs; in the order of reports."""

    OTHER_PREFIX = "other prefix"
    MISSING_METRIC = "missing metric"
    EARLIER_NAME = "earlier name"
    OTHER_TYPE = "other type"
    MISSING_LABEL = "missing label"
    UNKNOWN_LABEL = "unknown label"
    UNKNOWN_VALUE = "unknown value"
    OTHER_BUCKETS = "other buckets"
    UNKNOWN_METRIC = "unknown metric"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        kind: what differs.
        metric: family name in the catalogue, on the page for an unknown one, "" for a prefix.
        label: the label that it is about, or "".
        expected: what the catalogue says.
        found: what the page says.
        explanation: why that is as it should be, "" when nothing in the catalogue says so.
        remedy: what would make page and catalogue agree, "" when nothing is known.
    """

    kind: DifferenceKind
    metric: str
    label: str = ""
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    explanation: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A page beside the catalogue.

    Attributes:
        component: catalogue key.
        version: version that was compared with, "" when unknown.
        matched: number of metrics of the catalogue that the page has, under whatever name.
        own: number of those that a page of something else would not have; with none, the page is
            of something else.
        ignored: number of families that the client library adds.
        typed: whether the page says types; when it does not, types are not compared.
        differences: all, in the order of their kinds.
    """

    component: str
    version: str
    matched: int
    own: int
    ignored: int
    typed: bool
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """The differences that somebody has to look at."""
        return tuple(d for d in self.differences if not d.explanation)


def compare(component: Component, page: Exposition, deployed: DeployedComponent) -> Comparison:
    """All differences between a page and a component.

    Args:
        component: what the catalogue says.
        page: what the program says.
        deployed: how the site says that it is deployed; its version counts where the page does
            not tell its own.
    """
    match = matched(component, page, deployed.prefix)
    version = match.version or deployed.version
    differences = chain(
        _prefix(component, match, deployed.prefix),
        _names(component, match, version),
        *(_shape(component, name, match, page, deployed) for name in match.found),
    )
    order = list(DifferenceKind)
    ordered = sorted(differences, key=lambda d: (order.index(d.kind), d.metric, d.label))
    return Comparison(
        component=component.key,
        version=version,
        matched=len(match.found),
        own=match.own,
        ignored=match.ignored,
        typed=page.typed,
        differences=tuple(ordered),
    )


def _prefix(component: Component, match: Match, given: str) -> Iterator[Difference]:
    if match.prefix != given:
        yield Difference(
            DifferenceKind.OTHER_PREFIX,
            "",
            expected=(given,),
            found=(match.prefix,),
            remedy=f'site.yaml: components: {{{component.key}: {{prefix: "{match.prefix}"}}}}',
        )


def _names(component: Component, match: Match, version: str) -> Iterator[Difference]:
    for metric in component.metrics.values():
        family = match.found.get(metric.name)
        if family is None:
            yield _missing(metric, match, version)
        elif family.name != f"{match.prefix}{metric.name}":
            explanation = f"renamed in {metric.since}" if metric.since else "an earlier name"
            kind, found = DifferenceKind.EARLIER_NAME, (family.name,)
            yield Difference(kind, metric.name, found=found, explanation=explanation)
    for family in match.unknown:
        kind, found = DifferenceKind.UNKNOWN_METRIC, (family.type,)
        yield Difference(kind, family.name, found=found, explanation=_SELECTION)


def _missing(metric: Metric, match: Match, version: str) -> Difference:
    explanation = why_absent(metric, version)
    near = "" if explanation else successor(metric, match.unknown)
    remedy = f'is it "{near}" now? Then say renamedFrom in slo/catalogue' if near else ""
    return Difference(
        DifferenceKind.MISSING_METRIC,
        metric.name,
        expected=(metric.type,),
        explanation=explanation,
        remedy=remedy,
    )


def _shape(
    component: Component, name: str, match: Match, page: Exposition, deployed: DeployedComponent
) -> Iterator[Difference]:
    """Differences in type, labels and buckets of a metric that is there."""
    metric, family = component.metrics[name], match.found[name]
    kind = "gauge" if family.type in _AS_GAUGE else family.type
    expected = "gauge" if metric.type is MetricType.INFO else str(metric.type)
    if page.typed and kind != expected:
        expected_, found = (str(metric.type),), (family.type,)
        yield Difference(DifferenceKind.OTHER_TYPE, metric.name, expected=expected_, found=found)
    if family.samples:
        renamed = family.name != f"{match.prefix}{metric.name}"
        yield from _labels(metric, family, f"of its earlier name {family.name}" if renamed else "")
        if metric.type is MetricType.HISTOGRAM:
            buckets = deployed.buckets.get(metric.name, metric.buckets)
            yield from _buckets(component.key, metric.name, buckets, family)


def _labels(metric: Metric, family: Family, renamed: str) -> Iterator[Difference]:
    """Differences in labels and their values.

    Args:
        metric: what the catalogue says.
        family: what the page says.
        renamed: what explains other labels if the page has the metric under an earlier name.
    """
    for label in metric.labels:
        values = family.labels.get(label.name)
        strange = sorted((values or set()) - {"", *label.values}) if label.values else []
        if values is None:
            kind = DifferenceKind.MISSING_LABEL
            yield Difference(kind, metric.name, label.name, explanation=renamed or label.when)
        if strange:
            kind = DifferenceKind.UNKNOWN_VALUE
            yield Difference(kind, metric.name, label.name, label.values, tuple(strange))
    known = {label.name for label in metric.labels} | _FROM_SCRAPE
    if metric.type is MetricType.SUMMARY:
        known |= {"quantile"}
    for name in sorted(family.labels.keys() - known):
        kind, found = DifferenceKind.UNKNOWN_LABEL, tuple(sorted(family.labels[name]))
        yield Difference(kind, metric.name, name, found=found, explanation=renamed)


def _buckets(
    key: str, metric: str, buckets: tuple[str, ...], family: Family
) -> Iterator[Difference]:
    found = tuple(sorted((b for b in family.bounds if b != _INFINITE), key=bound))
    known = [set(spellings(text)) for text in buckets]
    same = len(found) == len(known) and all(
        text in texts for text, texts in zip(found, known, strict=True)
    )
    if buckets and not same:
        listed = ", ".join(found)
        remedy = f'site.yaml: components: {{{key}: {{buckets: {{"{metric}": [{listed}]}}}}}}'
        yield Difference(DifferenceKind.OTHER_BUCKETS, metric, "", buckets, found, remedy=remedy)
