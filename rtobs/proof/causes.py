"""Tests of cause alerts: each fires on the series of its proof, and stays silent on its others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtobs.errors import DefinitionError
from rtobs.model.selector import Matcher, Selector
from rtobs.problems import Location, Problem
from rtobs.promql.text import quote, selector_text
from rtobs.proof.algebra import NotDerivableError, parse, selectors_of
from rtobs.proof.samples import satisfies, values_for
from rtobs.proof.testfile import Check, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rtobs.catalogue.facts import CauseAlert, InputSeries
    from rtobs.model.slo import ResolvedService

__all__ = ["cause_scenarios"]

_Inputs = dict[str, str]


def cause_scenarios(
    service: ResolvedService, causes: Sequence[CauseAlert], prefix: str
) -> tuple[Scenario, ...]:
    """Scenarios in which every cause alert fires, and such in which it does not.

    Args:
        service: whose matchers the series must meet.
        causes: the alerts.
        prefix: what the deployment puts before every metric name.
    """
    return (
        *_scenarios(service, causes, prefix, fires=True),
        *_scenarios(service, causes, prefix, fires=False),
    )


def _scenarios(
    service: ResolvedService, causes: Sequence[CauseAlert], prefix: str, *, fires: bool
) -> Iterator[Scenario]:
    """Causes that read the same metrics stand in different scenarios."""
    together: list[tuple[list[CauseAlert], _Inputs, set[str]]] = []
    for cause in causes:
        given = cause.proof.fires if fires else cause.proof.silent
        inputs = dict(_placed(service, cause, series, prefix) for series in given)
        metrics = {series.partition("{")[0] for series in inputs}
        for members, shared, taken in together:
            if not metrics & taken:
                members.append(cause)
                shared.update(inputs)
                taken.update(metrics)
                break
        else:
            together.append(([cause], inputs, metrics))
    for members, shared, _ in together:
        checks = tuple(_check(service, cause, fires=fires) for cause in members)
        name = f"causes {'fire' if fires else 'stay silent'}: {', '.join(c.name for c in members)}"
        yield Scenario(name, "1m", tuple(shared.items()), checks)


def _check(service: ResolvedService, cause: CauseAlert, *, fires: bool) -> Check:
    labels = [("alertname", cause.name), ("alertstate", "firing")]
    if fires:
        own = dict(cause.proof.labels)
        labels += ((name, value) for name, value in _met(service, own).items() if name in own)
    matchers = ",".join(f"{name}={quote(value)}" for name, value in labels)
    why = f"{cause.name} {'fires' if fires else 'stays silent'}"
    samples = (((), "1"),) if fires else ()
    return Check(why, f"group(ALERTS{{{matchers}}})", cause.proof.after.seconds, samples)


def _placed(
    service: ResolvedService, cause: CauseAlert, given: InputSeries, prefix: str
) -> tuple[str, str]:
    """A series of a proof as this deployment has it: with its prefix and its matchers met."""
    try:
        (selector, _), *_ = selectors_of(parse(given.series))
    except NotDerivableError as error:
        message = f'"{given.series}" in the proof of {cause.name} is no series: {error}'
        problem = Problem("unprovable-cause", message, Location(service.source))
        raise DefinitionError([problem]) from error
    labels = _met(service, {matcher.label: matcher.value for matcher in selector.matchers})
    matchers = tuple(Matcher(name, "=", value) for name, value in labels.items() if value)
    return selector_text(Selector(f"{prefix}{selector.metric}", matchers)), given.values


def _met(service: ResolvedService, labels: dict[str, str]) -> dict[str, str]:
    """Labels of a proof, changed where they would not meet the service's matchers."""
    met = dict(labels)
    for label, op, value in service.select:
        matcher = Matcher(label, op, value)  # type: ignore[arg-type]  # checked when it was read
        if not satisfies(met.get(label, ""), matcher):
            met[label] = next(values_for((matcher,)), "")
    return met
