"""Series for the proof: complete, readable, and the same for good and bad."""

from __future__ import annotations

from collections.abc import Iterator

from rtobs.model.selector import Selector
from rtobs.problems import Problem
from rtobs.promql.expression import ExpressionError, parse
from rtobs.slo.checks.subject import Subject

__all__ = ["check"]


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with the series of `proof`."""
    proof = subject.entry.proof
    if proof is None:
        return
    named: dict[str, set[Selector]] = {}
    for side, series in (("good", proof.good), ("bad", proof.bad)):
        named[side] = set()
        for text in series:
            try:
                named[side].add(_series(text))
            except ExpressionError as error:
                place = subject.at("proof", side, text, key=True)
                hint = 'write name{label="value"}, with every label'
                yield Problem("proof-series", error.message, place, hint=hint)
                return
    if named["good"] != named["bad"]:
        message = '"good" and "bad" must name the same series'
        hint = "the same series has one value in a good minute and another in a bad one"
        yield Problem("proof-series", message, subject.at("proof", "bad"), hint=hint)


def _series(text: str) -> Selector:
    """A series with all its labels, their order without meaning.

    Raises:
        ExpressionError: the text is anything else.
    """
    expression = parse(text)
    found = expression.selectors[0] if len(expression.selectors) == 1 else None
    if found is None or text.strip() != text[found.start : found.end]:
        raise ExpressionError(f'"{text}" is no series')
    if not found.selector.metric:
        raise ExpressionError(f'"{text}" names no metric')
    if any(matcher.op != "=" for matcher in found.selector.matchers):
        raise ExpressionError(f'"{text}" selects several series')
    ordered = sorted(found.selector.matchers, key=lambda matcher: matcher.label)
    return Selector(found.selector.metric, tuple(ordered))
