"""A condition on a ratio that no value, or every value, meets is a slip of the scale."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rtobs.problems import Problem
from rtobs.promql.expression import Expression
from rtobs.slo.checks.subject import Subject

__all__ = ["check"]

_RATIO_UNITS: Final = frozenset({"ratio", "bool"})
# What leaves values of 0 to 1 between 0 and 1.
_KEEPS_SCALE: Final = frozenset(
    {
        *("avg", "max", "min", "quantile", "topk", "bottomk"),
        *("avg_over_time", "max_over_time", "min_over_time", "last_over_time"),
        *("quantile_over_time", "sort", "sort_desc"),
    }
)
_CONDITION: Final = re.compile(r"(<=|<|>=|>) *(-?[0-9.]+)")
_ONE: Final = Decimal(1)


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with `goodWhen` of a time slice."""
    timeslice = subject.entry.sli.timeslice
    if timeslice is None or not all(_is_ratio(subject, e) for _, e in subject.expressions()):
        return
    match = _CONDITION.fullmatch(timeslice.good_when)
    if match is None or not subject.reads:
        return
    verdict = _verdict(match[1], Decimal(match[2]))
    if verdict:
        message = f'every value of a ratio is {verdict} under "{timeslice.good_when}"'
        hint = "a ratio lies between 0 and 1: write 0.95 for 95%"
        place = subject.at("sli", "timeslice", "goodWhen")
        yield Problem("condition-decided", message, place, hint=hint)


def _is_ratio(subject: Subject, expression: Expression) -> bool:
    """Whether all values lie between 0 and 1, as far as the text shows."""
    metrics = [subject.metric(found.selector.metric) for found in expression.selectors]
    return (
        not expression.layout.operators
        and all(call.name in _KEEPS_SCALE for call in expression.calls)
        and all(metric is not None and metric.unit in _RATIO_UNITS for metric in metrics)
    )


def _verdict(operator: str, bound: Decimal) -> str:
    """What a condition says of everything between 0 and 1: "good", "bad" or ""."""
    lowest, highest = _holds(Decimal(0), operator, bound), _holds(_ONE, operator, bound)
    if lowest != highest:
        return ""
    return "good" if lowest else "bad"


def _holds(value: Decimal, operator: str, bound: Decimal) -> bool:
    return {
        "<=": value <= bound,
        "<": value < bound,
        ">=": value >= bound,
        ">": value > bound,
    }[operator]
