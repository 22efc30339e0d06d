"""Series around those that an SLO reads: replicas of the service, and series that are not its.

Without them a rule that forgets to add up replicas, or drops a matcher, would pass every test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from rtobs.model.indicator import EventsIndicator, Indicator, LatencyIndicator
from rtobs.model.selector import Matcher, Selector
from rtobs.proof.flows import Flow
from rtobs.proof.samples import matches, satisfies, values_for

__all__ = ["aliens", "doubled", "is_plain", "replicated"]

_REPLICA: Final = "replica"
_REPLICAS: Final = ("0", "1")
_ELSEWHERE: Final = "elsewhere"


def replicated(flows: Sequence[Flow]) -> tuple[Flow, ...]:
    """The flows spread over two replicas of the service."""
    if any(_REPLICA in dict(flow.labels) for flow in flows):
        return tuple(flows)
    return tuple(
        replace(
            flow,
            labels=tuple(sorted((*flow.labels, (_REPLICA, name)))),
            good=flow.good / len(_REPLICAS),
            bad=flow.bad / len(_REPLICAS),
        )
        for flow in flows
        for name in _REPLICAS
    )


def doubled(flows: Sequence[Flow]) -> tuple[Flow, ...]:
    """Gauges that two replicas show with the same value."""
    return tuple(
        replace(flow, labels=_with(dict(flow.labels), _REPLICA, name))
        for flow in flows
        for name in (_REPLICAS if not flow.counter and _REPLICA not in dict(flow.labels) else ("",))
    )


def is_plain(indicator: Indicator) -> bool:
    """Whether rtobs writes the selectors and their sum itself, not the user in an expression."""
    return isinstance(indicator, LatencyIndicator) or (
        isinstance(indicator, EventsIndicator)
        and indicator.total.selector is not None
        and indicator.counted.selector is not None
    )


def aliens(
    indicator: Indicator,
    flows: Sequence[Flow],
    reads: Sequence[Selector],
    group: Mapping[str, str],
) -> tuple[Flow, ...]:
    """Series with errors that miss one condition each, or a group's label.

    Args:
        indicator: whose series they are.
        flows: series that the SLO reads.
        reads: its selectors.
        group: labels of the group; a series without one of them is not of any group.
    """
    if not is_plain(indicator):
        group = {label: value for label, value in group.items() if _asks_for(label, reads)}
    found: dict[str, Flow] = {}
    for flow in flows:
        if not _tempts(flow):
            continue
        for labels in _misses(flow, reads, group):
            for alien in _intruders(flow, labels):
                if not any(_is_read(alien, selector, group) for selector in reads):
                    found[alien.series] = alien
    return tuple(found.values())


def _tempts(flow: Flow) -> bool:
    """Whether a series like it would show if it were read: good buckets hide, bad counts alarm."""
    if "le" in dict(flow.labels):
        return flow.role == "threshold"
    return bool(flow.bad) or not flow.counter


def _asks_for(label: str, reads: Sequence[Selector]) -> bool:
    """Whether every selector refuses a series without the label."""
    return all(
        any(m.label == label and not satisfies("", m) for m in selector.matchers)
        for selector in reads
    )


def _intruders(flow: Flow, labels: tuple[tuple[str, str], ...]) -> Iterator[Flow]:
    """A counter of bad events; or a gauge that looks bad, and one that looks good and hides it."""
    if flow.counter:
        yield replace(flow, labels=labels, role="alien", good=Fraction(1), bad=Fraction(1))
        return
    for name, value in zip(_REPLICAS, (flow.bad, flow.good), strict=True):
        own = _with(dict(labels), _REPLICA, name)
        yield replace(flow, labels=own, role="alien", good=value, bad=value)


def _is_read(alien: Flow, selector: Selector, group: Mapping[str, str]) -> bool:
    labels = dict(alien.labels)
    in_a_group = all(label in labels for label in group)
    return in_a_group and alien.metric == selector.metric and matches(labels, selector.matchers)


def _misses(
    flow: Flow, reads: Sequence[Selector], group: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], ...]]:
    labels = dict(flow.labels)
    for selector in reads:
        if selector.metric != flow.metric:
            continue
        for matcher in selector.matchers:
            value = _missing(matcher)
            if value is not None and matcher.label not in group:
                yield _with(labels, matcher.label, value)
    for label in group:
        yield _with(labels, label, "")


def _missing(matcher: Matcher) -> str | None:
    """A value that a condition refuses."""
    if matcher.op == "!=":
        return matcher.value
    if matcher.op == "!~":
        return next(values_for((Matcher(matcher.label, "=~", matcher.value),)), None)
    return _ELSEWHERE if not satisfies(_ELSEWHERE, matcher) else None


def _with(labels: Mapping[str, str], label: str, value: str) -> tuple[tuple[str, str], ...]:
    changed = {**labels, label: value}
    return tuple(sorted((name, text) for name, text in changed.items() if text))
