"""A document laid over what is known of a component."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

from rtobs.catalogue.facts import (
    Aggregation,
    CauseAlert,
    CauseProof,
    Component,
    InputSeries,
    Label,
    Metric,
    MetricType,
    Scrape,
    UnusableAlert,
)
from rtobs.catalogue.schema import (
    CauseEntry,
    ComponentDocument,
    MetricEntry,
    ProofSeriesEntry,
    ScrapeEntry,
    UnusableEntry,
)
from rtobs.promql.expression import parse

__all__ = ["blank", "laid_over"]

_ADDED_UP: Final = (MetricType.COUNTER, MetricType.HISTOGRAM, MetricType.SUMMARY)
_SCALARS: Final = ("domain", "title", "version", "source")

_Alert = TypeVar("_Alert", CauseAlert, UnusableAlert)


def blank(key: str) -> Component:
    """A component of which nothing is known."""
    return Component(key, None, "", "", "", Scrape(None, "/metrics", ""), (), {})


def laid_over(document: ComponentDocument, base: Component) -> Component:
    """The component after a document: named fields replaced, metrics and alerts added or replaced.

    Notes are added. Of `scrape`, only the keys that the document gives change.
    """
    scalars: dict[str, Any] = {
        name: getattr(document, name) for name in _SCALARS if document.names(name)
    }
    metrics = {name: _metric(name, entry) for name, entry in document.metrics.items()}
    merged = replace(
        base,
        **scalars,
        scrape=_scrape(document.scrape, base.scrape) if document.names("scrape") else base.scrape,
        notes=(*base.notes, *document.notes),
        metrics={**base.metrics, **metrics},
        unusable=_replaced(base.unusable, tuple(_unusable(e) for e in document.unusable)),
    )
    causes = _replaced(base.causes, tuple(_cause(entry) for entry in document.causes))
    return replace(merged, causes=tuple(_judged(cause, merged) for cause in causes))


def _scrape(entry: ScrapeEntry, base: Scrape) -> Scrape:
    given = {name: getattr(entry, name) for name in entry.model_fields_set}
    return replace(base, **given)


def _metric(name: str, entry: MetricEntry) -> Metric:
    default = Aggregation.SUM if entry.type in _ADDED_UP else Aggregation.MAX
    return Metric(
        name=name,
        type=entry.type,
        unit=entry.unit,
        labels=tuple(
            Label(label, values, entry.labels_when.get(label, ""))
            for label, values in entry.labels.items()
        ),
        meaning=entry.meaning,
        aggregation=entry.aggregation or default,
        better=entry.better,
        good=entry.good,
        buckets=entry.buckets,
        since=entry.since,
        until=entry.until,
        renamed_from=entry.renamed_from,
        enable=entry.enable,
        verified=entry.verified,
    )


def _cause(entry: CauseEntry) -> CauseAlert:
    proof = CauseProof(
        fires=_series(entry.proof.fires),
        silent=_series(entry.proof.silent),
        after=entry.proof.after,
        labels=tuple(entry.proof.labels.items()),
    )
    return CauseAlert(
        name=entry.name,
        expression=entry.expr,
        hold=entry.hold,
        severity=entry.severity,
        summary=entry.summary,
        impact=entry.impact,
        action=entry.action,
        proof=proof,
        blinds=entry.blinds,
    )


def _judged(cause: CauseAlert, component: Component) -> CauseAlert:
    """The alert with its word on whether every metric that it reads was seen on the wire."""
    read = (component.metric(found.selector.metric) for found in parse(cause.expression).selectors)
    return replace(cause, verified=all(metric is None or metric.verified for metric in read))


def _series(entry: ProofSeriesEntry) -> tuple[InputSeries, ...]:
    return tuple(InputSeries(series, values) for series, values in entry.items())


def _unusable(entry: UnusableEntry) -> UnusableAlert:
    return UnusableAlert(entry.name, entry.expr, entry.reason)


def _replaced(base: tuple[_Alert, ...], added: tuple[_Alert, ...]) -> tuple[_Alert, ...]:
    """Alerts of both, in order; a later one of the same name takes the place of an earlier one."""
    merged: dict[str, _Alert] = {alert.name: alert for alert in base}
    merged.update({alert.name: alert for alert in added})
    return tuple(merged.values())
