"""Whether expressions can be read, and mean what an SLI needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rtobs.catalogue.facts import MetricType
from rtobs.problems import Level, Problem
from rtobs.promql.expression import Expression, ExpressionError, ratio_at, raw_reads
from rtobs.promql.rewriting import one_line
from rtobs.slo.checks.subject import Subject, Text, is_counted

__all__ = ["check"]

_ALMOST_WINDOW: Final = re.compile(
    r"\{\{\s*\.?window\s*\}\}|\$_*(?:rate_)?(?:interval|window|range)\w*|\$\{\w+\}"
)


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with what the expressions of an SLO compute."""
    for text in subject.texts:
        if isinstance(text.parsed, ExpressionError):
            yield _syntax(subject, text, text.parsed)
    for text, expression in subject.expressions():
        yield from _type(subject, text, expression)
        yield from _raw_counters(subject, text, expression)
        yield from _vector(subject, text, expression)
        yield from _unusable(subject, text)
        if text.role.is_windowed:
            yield from _quantiles(subject, text, expression)
        if text.role.is_events:
            yield from _division(subject, text, expression)


def _syntax(subject: Subject, text: Text, error: ExpressionError) -> Problem:
    almost = _ALMOST_WINDOW.search(text.text.replace("{{window}}", " " * 10))
    hint = f'for the window write "{{{{window}}}}", not "{almost.group()}"' if almost else ""
    place = subject.within(text, almost.start() if almost else error.offset)
    return Problem("expression-syntax", error.message, place, hint=hint)


def _type(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    if expression.type == "vector":
        return
    hints = {
        "scalar": "read a metric; a number is the same in every minute",
        "matrix": "put a function such as rate or max_over_time around the range",
        "string": "remove the quotation marks around the expression",
    }
    message = f"the expression is a {expression.type}, and an SLI needs a vector"
    place = subject.within(text, 0, len(text.text))
    yield Problem("expression-type", message, place, hint=hints[expression.type])


def _raw_counters(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    def counted(series: str) -> bool:
        metric = subject.metric(series)
        return metric is not None and is_counted(metric, series)

    window = "{{window}}" if text.role.is_windowed else "5m"
    for found in raw_reads(expression, counted):
        name = found.selector.metric
        message = f'"{name}" is a running total; its value says nothing about now'
        hint = f"write rate({name}[{window}])"
        place = subject.within(text, found.start, len(name))
        yield Problem("raw-counter", message, place, hint=hint)


def _vector(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    grouped = bool(subject.entry.group_by)
    for call in expression.calls_of("vector"):
        place = subject.within(text, call.offset, len("vector"))
        if grouped:
            message = "vector() has no labels, so it would be a group without a name"
            hint = "leave it out: rtobs fills what is missing in each group"
            yield Problem("constant-vector", message, place, hint=hint)
        else:
            message = "vector() makes a missing metric look like a measured one"
            hint = (
                "leave it out: rtobs fills missing sides, and missingData says what silence means"
            )
            yield Problem("constant-vector", message, place, Level.WARNING, hint)


def _quantiles(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    hint = "judge it in a timeslice SLI, or count events below a threshold in a latency SLI"
    for call in expression.calls_of("histogram_quantile", "quantile", "quantile_over_time"):
        message = f"{call.name}() gives a value, not a share or a number of events"
        place = subject.within(text, call.offset, len(call.name))
        yield Problem("quantile-as-ratio", message, place, hint=hint)
    for found in expression.selectors:
        metric = subject.metric(found.selector.metric)
        if metric and metric.type is MetricType.SUMMARY and found.selector.metric == metric.name:
            message = f'"{metric.name}" holds quantiles, not a share or a number of events'
            place = subject.within(text, found.start, len(metric.name))
            yield Problem("quantile-as-ratio", message, place, hint=hint)


def _division(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    offset = ratio_at(expression)
    if offset is not None:
        message = f'"{text.role}" is a quotient, and an events SLI counts events'
        hint = "give both sides of the division as events, or the whole as raw.errorRatio"
        yield Problem("division-in-events", message, subject.within(text, offset), hint=hint)


def _unusable(subject: Subject, text: Text) -> Iterator[Problem]:
    """Someone copied a published alert that is known not to work."""
    written = one_line(text.text)
    for alert in subject.scope.component.unusable:
        if written == one_line(alert.expression):
            message = f'this is the published alert "{alert.name}", which cannot work'
            place = subject.within(text, 0, len(text.text))
            yield Problem("unusable-alert", message, place, hint=alert.reason)
