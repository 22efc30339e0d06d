"""Values of time slices: what makes a minute good, and what makes it bad."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

import promql_parser as parser

from rtobs.model.indicator import TimesliceIndicator
from rtobs.proof.algebra import NotDerivableError, Steady, parse, value_of
from rtobs.proof.flows import Flow

__all__ = ["Series", "memory_of", "minute_flows"]

# Metric, labels, and whether it is a counter.
Series = tuple[str, tuple[tuple[str, str], ...], bool]

_PROOF_TIME: Final = 86_400.0  # seconds; no proof of raw series takes longer
_ONE, _NONE = Fraction(1), Fraction(0)
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
_MARGIN: Final = Fraction(1, 100)  # of the bound: how far a good and a bad value are from it
_TRIES: Final = tuple(
    Fraction(sign * digit) * Fraction(10) ** power
    for power in range(-3, 12)
    for digit in (1, 5)
    for sign in (1, -1)
)


def minute_flows(indicator: TimesliceIndicator, series: Sequence[Series]) -> tuple[Flow, ...]:
    """The series of an expression with a value for good and for bad minutes.

    One series changes while the others stand at 1. Values close to the bound are tried first.

    Raises:
        NotDerivableError: no values make the minute good, or none make it bad.
    """
    tree = parse(indicator.expression)
    for subject in range(len(series)):
        values = _slice_values(indicator, tree, series, subject)
        if values is not None:
            return tuple(
                Flow(
                    metric, labels, *(values if index == subject else (_ONE, _ONE)), counter=counter
                )
                for index, (metric, labels, counter) in enumerate(series)
            )
    raise NotDerivableError("no values were found that make a minute good, or bad")


def _slice_values(
    indicator: TimesliceIndicator, tree: parser.Expr, series: Sequence[Series], subject: int
) -> tuple[Fraction, Fraction] | None:
    """Value of one series in a good and in a bad minute, the others standing at 1."""

    def outcome(value: Fraction, now: float) -> float | None:
        world = [
            Steady({"__name__": metric, **dict(labels)}, float(value) if i == subject else 1.0)
            for i, (metric, labels, _) in enumerate(series)
        ]
        result = value_of(tree, world, now)
        return result[0][1] if len(result) == 1 else None

    compare, bound = _COMPARE[indicator.comparison], float(indicator.bound)

    def verdict(value: Fraction) -> bool | None:
        """True for good, False for bad, None when it depends on the time or is no value."""
        results = [outcome(value, now) for now in (0.0, _PROOF_TIME)]
        if any(result is None or result != result for result in results):  # noqa: PLR0124  # NaN
            return None
        verdicts = {compare(result, bound) for result in results if result is not None}
        return verdicts.pop() if len(verdicts) == 1 else None

    candidates = (*_near(indicator, outcome), *_TRIES)
    good = next((value for value in candidates if verdict(value) is True), None)
    bad = next((value for value in candidates if verdict(value) is False), None)
    return (good, bad) if good is not None and bad is not None else None


def _near(
    indicator: TimesliceIndicator, outcome: Callable[[Fraction, float], float | None]
) -> tuple[Fraction, ...]:
    """Values on both sides of the bound, as close as a proof of the bound needs."""
    if indicator.probe and indicator.bound == 1:
        return (_ONE, _NONE)
    at_zero, at_one = outcome(_NONE, 0.0), outcome(_ONE, 0.0)
    if at_zero is None or at_one is None or at_one == at_zero:
        return ()
    slope = Fraction(at_one - at_zero).limit_denominator(10**9)
    offset = Fraction(at_zero).limit_denominator(10**9)
    if not slope:
        return ()
    exact = Fraction(indicator.bound)
    step = max(abs(exact), Fraction(1, 10)) * _MARGIN
    targets = [exact, exact - step, exact + step]
    return tuple((target - offset) / slope for target in targets)


def memory_of(expression: str) -> int:
    """How long the expression looks back at most, in whole minutes: ranges inside others add up."""
    return _memory(parse(expression))


def _memory(node: object) -> int:
    span = getattr(node, "range", None)
    own = int(-(-span.total_seconds() // 60)) if span is not None else 0
    children = [getattr(node, name, None) for name in ("expr", "lhs", "rhs")]
    children += getattr(node, "args", ())
    return own + max((_memory(child) for child in children if child is not None), default=0)
