"""Series of a proof that the definition itself gives."""

from __future__ import annotations

from fractions import Fraction

from rtobs.model.indicator import RatioIndicator, TimesliceIndicator
from rtobs.model.slo import ProofSeries, ResolvedSlo
from rtobs.proof.algebra import NotDerivableError, parse, selectors_of
from rtobs.proof.flows import BUSY, Flow, Group
from rtobs.proof.minutes import memory_of

__all__ = ["given_groups"]


def given_groups(slo: ResolvedSlo) -> tuple[Group, ...]:
    """The groups of an SLO with the series of its definition.

    Counters are scaled so that the largest grows by one for each good event: a proof gives
    increases a minute, a story gives events. A series without the labels of a group, as one side of
    a join may be, is there for all groups; it goes through the story of the first.

    Raises:
        NotDerivableError: good and bad name different series, or none has the labels of a group.
    """
    proof = slo.proof or ProofSeries((), ())
    bad = dict(proof.bad)
    odd = set(bad) ^ {text for text, _ in proof.good}
    if odd:
        raise NotDerivableError(f"{min(odd)} stands on one side of its proof only")
    indicator = slo.indicator
    counters = (
        _counters(indicator.expression) if isinstance(indicator, TimesliceIndicator) else None
    )
    scale = _scale(slo, proof)
    groups: dict[tuple[tuple[str, str], ...], list[Flow]] = {}
    shared: list[Flow] = []
    for text, good in proof.good:
        (selector, _), *_ = selectors_of(parse(text))
        labels = {matcher.label: matcher.value for matcher in selector.matchers}
        flow = Flow(
            selector.metric,
            tuple(sorted(labels.items())),
            Fraction(good) * scale,
            Fraction(bad[text]) * scale,
            counter=counters is None or selector.metric in counters,
        )
        key = tuple((label, labels.get(label, "")) for label in slo.group_by)
        own = groups.setdefault(key, []) if all(value for _, value in key) else shared
        own.append(flow)
    if not groups:
        raise NotDerivableError(f"no series of its proof has the label {', '.join(slo.group_by)}")
    memory = memory_of(indicator.expression) if isinstance(indicator, TimesliceIndicator) else 0
    first, *_ = groups
    groups[first] += shared
    return tuple(Group(key, tuple(flows), memory) for key, flows in groups.items())


def _scale(slo: ResolvedSlo, proof: ProofSeries) -> Fraction:
    """What turns the increases that a proof gives into those for one event of a story."""
    if isinstance(slo.indicator, TimesliceIndicator):
        return Fraction(1)
    largest = Fraction(max((abs(value) for _, value in proof.good), default=1)) or Fraction(1)
    return (BUSY if isinstance(slo.indicator, RatioIndicator) else 1) / largest


def _counters(expression: str) -> frozenset[str]:
    """Metrics that an expression rates."""
    found = selectors_of(parse(expression))
    return frozenset(selector.metric for selector, counter in found if counter)
