"""Series of a proof that the definition itself gives."""

from __future__ import annotations

from fractions import Fraction

from rtobs.model.indicator import TimesliceIndicator
from rtobs.model.slo import ProofSeries, ResolvedSlo
from rtobs.proof.algebra import NotDerivableError, parse, selectors_of
from rtobs.proof.flows import Flow, Group
from rtobs.proof.minutes import memory_of

__all__ = ["given_groups"]


def given_groups(slo: ResolvedSlo) -> tuple[Group, ...]:
    """The groups of an SLO with the series of its definition.

    Counters are scaled so that the largest grows by one for each good event: a proof gives
    increases a minute, a story gives events.

    Raises:
        NotDerivableError: good and bad name different series, or a group's label is missing.
    """
    proof = slo.proof or ProofSeries((), ())
    bad = dict(proof.bad)
    odd = set(bad) ^ {text for text, _ in proof.good}
    if odd:
        raise NotDerivableError(f"{min(odd)} stands on one side of its proof only")
    indicator = slo.indicator
    minutes = isinstance(indicator, TimesliceIndicator)
    scale = Fraction(1) if minutes else _largest(proof)
    counters = (
        _counters(indicator.expression) if isinstance(indicator, TimesliceIndicator) else None
    )
    groups: dict[tuple[tuple[str, str], ...], list[Flow]] = {}
    for text, good in proof.good:
        (selector, _), *_ = selectors_of(parse(text))
        labels = {matcher.label: matcher.value for matcher in selector.matchers}
        key = tuple((label, labels.get(label, "")) for label in slo.group_by)
        if any(not value for _, value in key):
            raise NotDerivableError(f"{text} has no label {', '.join(slo.group_by)}")
        flow = Flow(
            selector.metric,
            tuple(sorted(labels.items())),
            Fraction(good) / scale,
            Fraction(bad[text]) / scale,
            counter=counters is None or selector.metric in counters,
        )
        groups.setdefault(key, []).append(flow)
    memory = memory_of(indicator.expression) if isinstance(indicator, TimesliceIndicator) else 0
    return tuple(Group(key, tuple(flows), memory) for key, flows in groups.items())


def _largest(proof: ProofSeries) -> Fraction:
    return Fraction(max((abs(value) for _, value in proof.good), default=1)) or Fraction(1)


def _counters(expression: str) -> frozenset[str]:
    """Metrics that an expression rates."""
    found = selectors_of(parse(expression))
    return frozenset(selector.metric for selector, counter in found if counter)
