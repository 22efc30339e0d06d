"""The two sides of an events SLI must look at the same events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtobs.model.selector import Matcher, Selector
from rtobs.problems import Problem
from rtobs.promql.expression import Expression
from rtobs.promql.rewriting import one_line
from rtobs.promql.text import selector_text
from rtobs.slo.checks.subject import Role, Subject, Text

__all__ = ["check"]

# Each bucket counts what the ones below it count, so the last one demands nothing.
_ALL: Final = Matcher("le", "=", "+Inf")


def check(subject: Subject) -> Iterator[Problem]:
    """Problems between the total and the bad or good side."""
    yield from _without_condition(subject)
    texts = {text.role: (text, expression) for text, expression in subject.expressions()}
    if Role.TOTAL not in texts:
        return
    total, whole = texts.pop(Role.TOTAL)
    for text, part in texts.values():
        if one_line(text.text) == one_line(total.text):
            yield _same(subject, text)
        else:
            yield from _wider(subject, text, part, whole)


def _without_condition(subject: Subject) -> Iterator[Problem]:
    events = subject.entry.sli.events
    if events is None:
        return
    for key, side, metric in (
        ("bad", events.bad, events.bad_metric),
        ("good", events.good, events.good_metric),
    ):
        if side == {} and metric is None:
            message = f'"{key}" has no condition, so every event is {key}'
            hint = f"name the label that tells them apart, or a counter of its own: {key}Metric"
            place = subject.at("sli", "events", key)
            yield Problem("same-sides", message, place, hint=hint)


def _same(subject: Subject, text: Text) -> Problem:
    message = f'"{text.role}" and "total" are one expression, so every event is {text.role}'
    hint = "add the condition that tells them apart"
    return Problem("same-sides", message, subject.within(text, 0, len(text.text)), hint=hint)


def _wider(subject: Subject, text: Text, part: Expression, whole: Expression) -> Iterator[Problem]:
    """A selector of the part that lacks a condition of the total counts events beyond it."""
    for found in part.selectors:
        metric = found.selector.metric
        totals = [one.selector for one in whole.selectors if one.selector.metric == metric]
        lacking = [_lacking(found.selector, one) for one in totals]
        if not lacking or not all(lacking):
            continue
        missing = min(lacking, key=len)
        shown = selector_text(Selector("x", missing)).removeprefix("x")
        message = f'"{text.role}" reads "{metric}" without {shown}, which "total" demands'
        hint = "both sides must select the same events; write the condition on both or on none"
        place = subject.within(text, found.start, found.end - found.start)
        yield Problem("sides-select-differently", message, place, hint=hint)


def _lacking(part: Selector, total: Selector) -> tuple[Matcher, ...]:
    """Conditions of the total that the part does not imply."""
    exact = {m.label for m in part.matchers if m.op == "="}
    return tuple(
        m
        for m in total.matchers
        if m not in part.matchers and m != _ALL and not (m.op != "=" and m.label in exact)
    )
