"""An expression must give one series for each group, no more and no less."""

from __future__ import annotations

from collections.abc import Iterator

from rtobs.problems import Problem
from rtobs.promql.expression import Expression
from rtobs.promql.labels import output_labels
from rtobs.slo.checks.subject import Subject, Text

__all__ = ["check"]


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with the labels that the expressions of an SLO leave."""
    for text, expression in subject.expressions():
        if expression.type == "vector":
            yield from _differs(subject, text, expression)


def _differs(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    labels, groups = output_labels(expression), frozenset(subject.entry.group_by)
    if labels == groups:
        return
    wanted = _listing(groups) if groups else "no labels, as there is no groupBy"
    if labels is None:
        message = f"the labels of the result are not settled; it must have {wanted}"
    else:
        has = _listing(labels) if labels else "no labels"
        message = f"the result has {has}; it must have {wanted}"
    place = subject.within(text, 0, len(text.text))
    yield Problem("aggregation-differs", message, place, hint=_hint(subject, text))


def _listing(labels: frozenset[str]) -> str:
    return "the labels " + ", ".join(sorted(labels))


def _hint(subject: Subject, text: Text) -> str:
    operator = "sum" if text.role.is_events else "max"
    by = f" by ({', '.join(subject.entry.group_by)}) " if subject.entry.group_by else ""
    return f"write {operator}{by}(...), or change groupBy"
