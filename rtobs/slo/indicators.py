"""The SLI of a definition becomes an indicator with every matcher in place."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, get_args

from rtobs.catalogue.le import bound, spellings
from rtobs.model.indicator import (
    Comparison,
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
)
from rtobs.model.selector import Matcher, Selector
from rtobs.promql.expression import parse_template
from rtobs.promql.text import aggregate, selector_text
from rtobs.slo.matchers import matchers
from rtobs.slo.schema import EventsSli, LatencySli, ProbeSli, SloEntry, TimesliceSli
from rtobs.slo.scope import Scope

__all__ = ["resolve_indicator"]

_CONDITION: Final = re.compile(r"(<=|<|>=|>) *(-?[0-9.]+)")
_ALIVE: Final = Decimal(1)


def resolve_indicator(entry: SloEntry, scope: Scope) -> tuple[Indicator, bool]:
    """The indicator, and whether every metric of the component that it reads is verified."""
    indicator = _indicator(entry, scope)
    return indicator, all(_is_verified(name, scope) for name in _metrics(indicator))


def _indicator(entry: SloEntry, scope: Scope) -> Indicator:
    sli = entry.sli
    groups = tuple(entry.group_by)
    if sli.events is not None:
        return _events(sli.events, groups, scope)
    if sli.latency is not None:
        return _latency(sli.latency, scope)
    if sli.timeslice is not None:
        return _timeslice(sli.timeslice, groups, scope)
    if sli.probe is not None:
        return _probe(sli.probe, groups, scope)
    assert sli.raw is not None  # noqa: S101  # the schema says: exactly one
    return RatioIndicator(scope.expression(sli.raw.error_ratio, groups))


def _events(sli: EventsSli, groups: tuple[str, ...], scope: Scope) -> EventsIndicator:
    bad = sli.bad is not None or sli.bad_metric is not None
    side, own_metric = (sli.bad, sli.bad_metric) if bad else (sli.good, sli.good_metric)
    counts = "bad" if bad else "good"
    if sli.metric is None:
        total, counted = (
            RateSource(expression=scope.expression(text, groups))
            for text in (sli.total or "", str(side))
        )
        return EventsIndicator(total, counted, counts)  # type: ignore[arg-type]
    shared = matchers(sli.select)
    conditions = matchers(side) if isinstance(side, dict) else ()
    return EventsIndicator(
        RateSource(scope.selector(sli.metric, *shared)),
        RateSource(scope.selector(own_metric or sli.metric, *shared, *conditions)),
        counts,  # type: ignore[arg-type]
    )


def _latency(sli: LatencySli, scope: Scope) -> LatencyIndicator:
    metric = scope.metric(sli.histogram)
    if metric is None:
        raise ValueError(f"{sli.histogram} was not checked")
    text = next(t for t in scope.buckets(metric) if bound(t) == sli.threshold.number)
    return LatencyIndicator(
        scope.selector(metric.name, *matchers(sli.select)),
        sli.threshold.number,
        metric.unit,
        spellings(text),
    )


def _timeslice(sli: TimesliceSli, groups: tuple[str, ...], scope: Scope) -> TimesliceIndicator:
    match = _CONDITION.fullmatch(sli.good_when)
    if match is None:
        raise ValueError(f"{sli.good_when} was not checked")
    comparison: Comparison = next(op for op in get_args(Comparison) if op == match[1])
    return TimesliceIndicator(scope.expression(sli.expr, groups), comparison, Decimal(match[2]))


def _probe(sli: ProbeSli, groups: tuple[str, ...], scope: Scope) -> TimesliceIndicator:
    """Alive as soon as one prober, or one instance, sees it alive."""
    if sli.expr is not None:
        return TimesliceIndicator(scope.expression(sli.expr, groups), ">=", _ALIVE, probe=True)
    site = scope.site
    if sli.target is not None:
        target = Matcher(site.probe_label, "=", sli.target)
        selector = Selector(site.probe_metric, (target,)).where(*site.select)
    else:
        selector = Selector("up", matchers(sli.up or {})).where(*scope.select)
    named = selector.where(*(Matcher(label, "!=", "") for label in groups))
    expression = aggregate("max", groups, selector_text(named))
    return TimesliceIndicator(expression, ">=", _ALIVE, probe=True)


def _metrics(indicator: Indicator) -> set[str]:
    """Names of the metrics that an indicator reads."""
    if isinstance(indicator, LatencyIndicator):
        return {indicator.histogram.metric}
    if isinstance(indicator, EventsIndicator):
        sources = (indicator.total, indicator.counted)
        plain = {source.selector.metric for source in sources if source.selector}
        texts = [source.expression for source in sources if source.expression]
    else:
        plain, texts = set(), [indicator.expression]
    found = {one.selector.metric for text in texts for one in parse_template(text).selectors}
    return plain | found


def _is_verified(name: str, scope: Scope) -> bool:
    metric = scope.metric(name.removeprefix(scope.deployed.prefix))
    return metric is None or metric.verified
