"""A latency threshold must be the bound of a bucket: between two bounds nothing can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rtobs.catalogue.facts import Metric, MetricType
from rtobs.catalogue.le import bound, nearest
from rtobs.model.number import decimal_text
from rtobs.problems import Problem
from rtobs.slo.checks.subject import Subject
from rtobs.slo.fields import Threshold

__all__ = ["check"]

_TIME: Final = "seconds"


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with the threshold of a latency SLI."""
    latency = subject.entry.sli.latency
    metric = subject.scope.component.metric(latency.histogram) if latency else None
    if latency is None or metric is None or metric.type is not MetricType.HISTOGRAM:
        return
    place, threshold = subject.at("sli", "latency", "threshold"), latency.threshold
    bounds = subject.scope.buckets(metric)
    if threshold.is_time and metric.unit != _TIME:
        message = f'"{threshold.text}" is a time, and "{metric.name}" counts {metric.unit}'
        hint = f"write a plain number of {metric.unit}"
        yield Problem("threshold-unit", message, place, hint=hint)
    elif not bounds:
        message = f'the buckets of "{metric.name}" are not known'
        key = subject.scope.component.key
        hint = f"list them in slo/site.yaml under components.{key}.buckets"
        yield Problem("threshold-not-a-bucket", message, place, hint=hint)
    elif threshold.number not in map(bound, bounds):
        deployed = metric.name in subject.scope.deployed.buckets
        where = f' in "{subject.setting.site.name}"' if deployed else ""
        message = f'no bucket of "{metric.name}" ends at "{threshold.text}"{where}'
        choices = " and ".join(_written(text, metric) for text in _around(threshold, bounds))
        hint = f"the nearest are {choices}"
        yield Problem("threshold-not-a-bucket", message, place, hint=hint)


def _around(threshold: Threshold, bounds: tuple[str, ...]) -> tuple[str, ...]:
    """The bounds on both sides, or the two nearest where one side has none."""
    below = [text for text in bounds if bound(text) < threshold.number]
    above = [text for text in bounds if bound(text) > threshold.number]
    if below and above:
        return (max(below, key=bound), min(above, key=bound))
    return nearest(threshold.number, bounds)


def _written(text: str, metric: Metric) -> str:
    """A bound as a user would write it."""
    value = bound(text)
    if metric.unit != _TIME:
        return decimal_text(value)
    return f"{decimal_text(value * 1000)}ms" if value < Decimal(1) else f"{decimal_text(value)}s"
