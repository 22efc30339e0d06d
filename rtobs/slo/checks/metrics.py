"""Whether what an SLO reads exists where it runs, and is of a type that can be counted so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rtobs.catalogue.facts import Component, Metric, MetricType
from rtobs.problems import Level, Problem
from rtobs.slo.checks.subject import Read, Subject, is_counted
from rtobs.slo.checks.words import did_you_mean

__all__ = ["check"]

_SUFFIX: Final = re.compile(r"_(bucket|sum|count)$")


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with the metrics that an SLO reads."""
    for read in subject.reads:
        yield from _check_read(subject, read)
    yield from _events_type(subject)
    yield from _latency_type(subject)


def _check_read(subject: Subject, read: Read) -> Iterator[Problem]:
    if not read.metric:
        message = "a selector without the name of a metric"
        hint = "name the metric, so that it can be checked and gets the matchers of the service"
        yield Problem("nameless-selector", message, read.place, hint=hint)
        return
    if subject.is_site_wide(read.metric):
        return
    metric = subject.family(read)
    if metric is None:
        yield _unknown(subject, read)
        return
    if metric is subject.scope.component.metric(read.metric):
        yield from _version(subject, read, metric)
    if not metric.verified:
        message = f'"{read.metric}" was never seen in a real scrape'
        hint = "look at /metrics of a running instance; until then its alerts only open tickets"
        yield Problem("unverified-metric", message, read.place, Level.WARNING, hint)


def _unknown(subject: Subject, read: Read) -> Problem:
    component = subject.scope.component
    message = f'"{read.metric}" is not in the {component.key} catalogue'
    hint = _where_instead(subject, read.metric, component)
    return Problem("unknown-metric", message, read.place, hint=hint)


def _where_instead(subject: Subject, name: str, component: Component) -> str:
    suffix = match.group() if (match := _SUFFIX.search(name)) else ""
    base = name.removesuffix(suffix)
    for metric in component.metrics.values():
        if name in metric.renamed_from or base in metric.renamed_from:
            new = metric.name if name in metric.renamed_from else f"{metric.name}{suffix}"
            return f'it is called "{new}" now'
        if f"{name}_total" == metric.name:
            return f'a counter ends in _total: "{metric.name}"'
    for other in subject.setting.catalogue.components.values():
        if other.metric(name) is not None:
            return f'the component "{other.key}" has it; is this its service?'
    known = [*component.metrics, *(s for m in component.metrics.values() for s in m.series)]
    add = f"if it exists, describe it in slo/catalogue/{component.key}.yaml"
    return did_you_mean(name, dict.fromkeys(known), add)


def _version(subject: Subject, read: Read, metric: Metric) -> Iterator[Problem]:
    """A metric that the deployed version does not have yet, or no longer has."""
    deployed, site = subject.scope.deployed.version, subject.setting.site.name
    if not deployed:
        return
    running = f'and "{site}" runs {deployed}'
    if metric.since and _numbers(deployed) < _numbers(metric.since):
        message = f'"{read.metric}" exists from {subject.scope.component.key} {metric.since} on, '
        old = " and ".join(f'"{name}"' for name in metric.renamed_from)
        hint = f"that version calls it {old}" if old else "choose another metric, or update first"
        yield Problem("metric-version", message + running, read.place, hint=hint)
    if metric.until and _numbers(deployed) >= _numbers(metric.until):
        message = f'"{read.metric}" was removed in {subject.scope.component.key} {metric.until}, '
        hint = "choose a metric that the deployed version has"
        yield Problem("metric-version", message + running, read.place, hint=hint)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


# --- types ----------------------------------------------------------------------------------------
def _events_type(subject: Subject) -> Iterator[Problem]:
    events = subject.entry.sli.events
    if events is None:
        return
    for key, name in (
        ("metric", events.metric),
        ("badMetric", events.bad_metric),
        ("goodMetric", events.good_metric),
    ):
        metric = subject.scope.component.metric(name or "")
        if metric is None or metric.type is MetricType.UNKNOWN or is_counted(metric, name or ""):
            continue
        message = f'"{name}" is a {metric.type}, and events are counted by counters'
        place = subject.at("sli", "events", key)
        yield Problem("wrong-metric-type", message, place, hint=_instead_of_events(metric))


def _instead_of_events(metric: Metric) -> str:
    if metric.type is MetricType.HISTOGRAM:
        return f'count "{metric.name}_count", or write a latency SLI'
    if metric.type is MetricType.SUMMARY:
        return f'count "{metric.name}_count"'
    return "a level is judged minute by minute: write a timeslice SLI"


def _latency_type(subject: Subject) -> Iterator[Problem]:
    latency = subject.entry.sli.latency
    metric = subject.scope.component.metric(latency.histogram) if latency else None
    if latency is None or metric is None:
        return
    place = subject.at("sli", "latency", "histogram")
    if metric.type is not MetricType.HISTOGRAM:
        message = f'"{metric.name}" is a {metric.type}, and latency is read from a histogram'
        hint = (
            "a summary's quantiles cannot be put together; judge them in a timeslice SLI"
            if metric.type is MetricType.SUMMARY
            else "choose a histogram, or write an events or a timeslice SLI"
        )
        yield Problem("wrong-metric-type", message, place, hint=hint)
    elif latency.histogram != metric.name:
        message = f'"{latency.histogram}" is a part of the histogram "{metric.name}"'
        hint = f'write "{metric.name}", rtobs adds _bucket and _count'
        yield Problem("wrong-metric-type", message, place, hint=hint)
