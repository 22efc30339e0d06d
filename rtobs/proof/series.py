"""From a resolved SLO to the raw series that its rules read, in good and in bad times.

The rules must be proven with series that really match the definition's selectors. They are
derived: label values from the matchers, what a series counts from its place in the indicator.
For an expression the derivation is checked with `rtobs.proof.algebra`: with good events only the
error ratio must be 0, with bad ones only 1, and a mix must give the mix. Where no derivation
passes, the definition has to name the series (`proof:`), and says so in an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Final

import promql_parser as parser

from rtobs.errors import DefinitionError
from rtobs.model.indicator import (
    WINDOW_PLACEHOLDER,
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
)
from rtobs.model.selector import Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.problems import Location, Problem
from rtobs.promql.text import selector_text
from rtobs.proof.algebra import NotDerivableError, Steady, parse, selectors_of, value_of
from rtobs.proof.flows import BUSY, Flow, Group
from rtobs.proof.given import given_groups
from rtobs.proof.minutes import Series, memory_of, minute_flows
from rtobs.proof.places import KnownValues, Place, group_labels
from rtobs.proof.surroundings import aliens, doubled, is_plain, replicated

__all__ = ["groups_of", "reads_of", "selectors_of_indicator", "unprovable"]

_INFINITE: Final = "+Inf"
_SUFFIXES: Final = ("_bucket", "_count")


def unprovable(slo: ResolvedSlo, reason: str) -> DefinitionError:
    """The error for an SLO whose series cannot be derived."""
    message = f'no proof can be made for "{slo.slo_id}": {reason}'
    hint = (
        'add "proof: {good: {...}, bad: {...}}" to the SLO: each series with all its labels, '
        "and its value (gauge) or increase a minute (counter) in a good and in a bad minute"
    )
    return DefinitionError(
        [Problem("unprovable-sli", message, Location(slo.source, slo.line), hint=hint)]
    )


def groups_of(slo: ResolvedSlo, known: KnownValues | None = None) -> tuple[Group, ...]:
    """The groups of an SLO, two where it has `groupBy`, each with its raw series.

    Args:
        slo: the SLO.
        known: closed lists of label values.

    Raises:
        DefinitionError: the series cannot be derived; the hint says what to add.
    """
    try:
        if slo.proof is not None:
            return given_groups(slo)
        return _derived(slo, known or {})
    except NotDerivableError as error:
        raise unprovable(slo, str(error)) from error


def _derived(slo: ResolvedSlo, known: KnownValues) -> tuple[Group, ...]:
    indicator = slo.indicator
    selectors = selectors_of_indicator(indicator)
    memory = 0
    groups = []
    for number, labels in enumerate(group_labels(slo.group_by, selectors, known)):
        place = Place(dict(labels), known)
        if isinstance(indicator, LatencyIndicator):
            flows = _latency(indicator, place, number)
        elif isinstance(indicator, TimesliceIndicator):
            flows = _shown_twice(
                indicator, minute_flows(indicator, _pool(place, [parse(indicator.expression)]))
            )
            memory = memory_of(indicator.expression)
        elif isinstance(indicator, RatioIndicator):
            flows = _busy(_searched(place, _expression(indicator.expression), None))
        elif indicator.total.selector and indicator.counted.selector:
            flows = _events(indicator, indicator.total.selector, indicator.counted.selector, place)
        else:
            flows = _event_expressions(indicator, place)
        others = () if number else aliens(indicator, flows, reads_of(indicator), dict(labels))
        spread = replicated(flows) if is_plain(indicator) else flows
        groups.append(Group(labels, (*spread, *others), memory))
    return tuple(groups)


# --- selectors ----------------------------------------------------------------------------------
def selectors_of_indicator(indicator: Indicator) -> tuple[Selector, ...]:
    """Every selector of an indicator."""
    if isinstance(indicator, LatencyIndicator):
        return (indicator.histogram,)
    if isinstance(indicator, EventsIndicator):
        sources = (indicator.total, indicator.counted)
        plain = [source.selector for source in sources if source.selector]
        texts = [source.expression for source in sources if not source.selector]
    else:
        plain, texts = [], [indicator.expression]
    parsed = [s for text in texts for s, _ in selectors_of(parse(_expression(text)))]
    return (*plain, *parsed)


# --- one function for each kind of indicator ------------------------------------------------------
_ONE: Final = Fraction(1)
_NONE: Final = Fraction(0)


def reads_of(indicator: Indicator) -> tuple[Selector, ...]:
    """Every selector of an indicator with the names of the series that it reads."""
    found = selectors_of_indicator(indicator)
    if not isinstance(indicator, LatencyIndicator):
        return found
    (histogram,) = found
    return tuple(
        Selector(f"{histogram.metric}{suffix}", histogram.matchers) for suffix in _SUFFIXES
    )


def _events(
    indicator: EventsIndicator, total: Selector, counted: Selector, place: Place
) -> tuple[Flow, ...]:
    bad_form = indicator.counts == "bad"
    weights = (_NONE, _ONE) if bad_form else (_ONE, _NONE)
    role = indicator.counts  # it may be missing until its first event
    both = Selector(total.metric, total.matchers).where(*counted.matchers)
    if total.metric != counted.metric:
        return (
            Flow(total.metric, place.labels(total), _ONE, _ONE),
            Flow(counted.metric, place.labels(counted), *weights, role),
        )
    other_weights = (_ONE, _NONE) if bad_form else (_NONE, _ONE)
    return (
        Flow(total.metric, place.labels(total, counted.matchers), *other_weights),
        Flow(total.metric, place.labels(both), *weights, role),
    )


def _latency(indicator: LatencyIndicator, place: Place, number: int) -> tuple[Flow, ...]:
    histogram = indicator.histogram
    labels = place.labels(Selector(histogram.metric, histogram.matchers))
    spelling = indicator.le[number % len(indicator.le)]

    def bucket(bound: str, bad: Fraction, role: str) -> Flow:
        all_labels = tuple(sorted((*labels, ("le", bound))))
        return Flow(f"{histogram.metric}_bucket", all_labels, _ONE, bad, role)

    return (
        Flow(f"{histogram.metric}_count", labels, _ONE, _ONE),
        bucket(spelling, _NONE, "threshold"),
        bucket(_INFINITE, _ONE, "base"),
    )


def _event_expressions(indicator: EventsIndicator, place: Place) -> tuple[Flow, ...]:
    total, counted = (_source_text(source) for source in (indicator.total, indicator.counted))
    return _searched(place, _expression(counted), _expression(total), indicator.counts)


def _source_text(source: RateSource) -> str:
    """A source as an expression, its selector summed."""
    if source.selector is None:
        return source.expression
    return f"sum(rate({selector_text(source.selector, WINDOW_PLACEHOLDER)}))"


def _expression(text: str) -> str:
    return text.replace(WINDOW_PLACEHOLDER, "5m")


def _busy(flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """Series that count many events for each minute of a story."""
    return tuple(replace(flow, good=flow.good * BUSY, bad=flow.bad * BUSY) for flow in flows)


_COUNTS: Final = ((_ONE, _NONE), (_NONE, _ONE), (_ONE, _ONE), (_NONE, _NONE))
_MIXES: Final = ((_ONE, _NONE), (_NONE, _ONE), (Fraction(3, 4), Fraction(1, 4)))
_SEARCH_LIMIT: Final = 6

_Weights = Sequence[tuple[Fraction, Fraction]]


def _searched(
    place: Place, counted: str, total: str | None, counts: str = "bad"
) -> tuple[Flow, ...]:
    """Series for expressions: what each of them counts is found by trying.

    `counted` is the rate of bad (or good) events beside `total`, or an error ratio without it.
    """
    trees = [parse(text) for text in (counted, total) if text]
    series = _pool(place, trees)
    if len(series) > _SEARCH_LIMIT:
        raise NotDerivableError(f"it reads {len(series)} different series")
    for weights in product(_COUNTS, repeat=len(series)):
        if _fits(trees, series, weights, counts):
            flows = tuple(
                Flow(metric, labels, good, bad, counter=counter)
                for (metric, labels, counter), (good, bad) in zip(series, weights, strict=True)
                if good or bad
            )
            spread = replicated(flows)
            return _born_late(trees, spread if _flows_fit(trees, spread, counts) else flows)
    raise NotDerivableError("it is not clear which of its series count good and which bad events")


def _pool(place: Place, trees: Sequence[parser.Expr]) -> list[Series]:
    """One series for each selector, as far as possible read by that selector alone."""
    found = dict.fromkeys(item for tree in trees for item in selectors_of(tree))
    selectors = list(found)
    pool: dict[Series, None] = {}
    for selector, counter in selectors:
        rivals = [s for s, _ in selectors if s.metric == selector.metric and s != selector]
        labels = _apart(place, selector, rivals)
        pool[selector.metric, labels, counter] = None
    return list(pool)


def _apart(
    place: Place, selector: Selector, rivals: Sequence[Selector]
) -> tuple[tuple[str, str], ...]:
    for rival in rivals:
        try:
            return place.labels(selector, rival.matchers)
        except NotDerivableError:
            continue
    return place.labels(selector)


def _fits(
    trees: Sequence[parser.Expr], series: Sequence[Series], weights: _Weights, counts: str
) -> bool:
    """Whether the expressions mean the error share, for good, bad and mixed events."""
    totals = []
    for mix in _MIXES:
        values = [_steady(tree, series, weights, mix) for tree in trees]
        counted, total = values[0], values[-1] if len(values) > 1 else 1.0
        share = float(mix[1] if counts == "bad" else mix[0])
        if counted is None or not total or not _close(counted / total, share):
            return False
        totals.append(total)
    return _close(min(totals) / max(totals), 1.0)


def _born_late(trees: Sequence[parser.Expr], flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """Series of bad events only may be missing at first, unless the total is missing without."""
    without = [flow for flow in flows if flow.good]
    if len(trees) == 1 or _value(trees[1], without, _MIXES[0]) is None:
        return flows
    return tuple(flow if flow.good else replace(flow, role="bad") for flow in flows)


def _shown_twice(indicator: TimesliceIndicator, flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """The series of a time slice under two replicas, where that changes no value."""
    tree, twice = parse(indicator.expression), doubled(flows)
    same = all(
        _value(tree, twice, mix) == _value(tree, flows, mix) is not None for mix in _MIXES[:2]
    )
    return twice if same else flows


def _value(
    tree: parser.Expr, flows: Sequence[Flow], mix: tuple[Fraction, Fraction]
) -> float | None:
    series = [(flow.metric, flow.labels, flow.counter) for flow in flows]
    return _steady(tree, series, [(flow.good, flow.bad) for flow in flows], mix)


def _flows_fit(trees: Sequence[parser.Expr], flows: Sequence[Flow], counts: str) -> bool:
    series = [(flow.metric, flow.labels, flow.counter) for flow in flows]
    return _fits(trees, series, [(flow.good, flow.bad) for flow in flows], counts)


def _steady(
    tree: parser.Expr, series: Sequence[Series], weights: _Weights, mix: tuple[Fraction, Fraction]
) -> float | None:
    """The one value of an expression under a mix of good and bad events."""
    world = [
        Steady({"__name__": metric, **dict(labels)}, float(good * mix[0] + bad * mix[1]))
        for (metric, labels, _), (good, bad) in zip(series, weights, strict=True)
        if good or bad
    ]
    values = value_of(tree, world)
    return values[0][1] if len(values) == 1 else None


def _close(value: float, wanted: float) -> bool:
    return abs(value - wanted) < 1e-9  # noqa: PLR2004  # rounding of floats
