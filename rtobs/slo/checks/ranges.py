"""Ranges of expressions: `{{window}}` where rtobs sets them, enough samples elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtobs.conventions import EXPORT_INTERVAL_SECONDS
from rtobs.model.duration import Duration
from rtobs.model.indicator import WINDOW_PLACEHOLDER
from rtobs.problems import Level, Problem
from rtobs.promql.expression import Expression
from rtobs.slo.checks.subject import Role, Subject, Text

__all__ = ["check"]

_FEWEST_SAMPLES: Final = 4
_SHORTEST: Final = Duration(_FEWEST_SAMPLES * EXPORT_INTERVAL_SECONDS)


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with the ranges of expressions."""
    for text, expression in subject.expressions():
        if text.role.is_windowed:
            yield from _windowed(subject, text, expression)
        else:
            yield from _fixed(subject, text, expression)


def _windowed(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    windowed = [shown for shown, _ in expression.ranges if WINDOW_PLACEHOLDER in shown]
    if not windowed:
        message = f"the expression has no {WINDOW_PLACEHOLDER}"
        hint = f"write it as the range, rate(x[{WINDOW_PLACEHOLDER}]): rtobs reads many windows"
        place = subject.within(text, 0, len(text.text))
        yield Problem("missing-window", message, place, hint=hint)
    # A ratio that is averaged by a subquery has a short range inside of the window.
    averaged = text.role is Role.RAW and any(":" in shown for shown in windowed)
    for shown, offset in expression.ranges if windowed and not averaged else ():
        if WINDOW_PLACEHOLDER not in shown:
            message = f'the range "{shown}" is fixed, and the windows of an SLO are not'
            place = subject.within(text, offset, len(shown))
            yield Problem("wrong-window", message, place, hint=f"write [{WINDOW_PLACEHOLDER}]")


def _fixed(subject: Subject, text: Text, expression: Expression) -> Iterator[Problem]:
    for shown, offset in expression.ranges:
        place = subject.within(text, offset, len(shown))
        if WINDOW_PLACEHOLDER in shown:
            message = f"a {text.role} expression is read once a minute, not over a window"
            hint = "write a fixed range such as [5m]"
            yield Problem("wrong-window", message, place, hint=hint)
        elif _is_short(shown):
            message = f'a range of "{shown}" holds fewer than {_FEWEST_SAMPLES} samples'
            hint = f"at one sample each {EXPORT_INTERVAL_SECONDS}s write at least [{_SHORTEST}]"
            yield Problem("wrong-window", message, place, Level.WARNING, hint)


def _is_short(shown: str) -> bool:
    try:
        return Duration.parse(shown.partition(":")[0]) < _SHORTEST
    except ValueError:
        return shown.endswith("ms")
