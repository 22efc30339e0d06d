"""The checks of `rtobs validate`: pure functions from definitions to problems.

A definition without errors can be resolved; warnings leave the decision to its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from rtobs.problems import Problem
from rtobs.slo.checks import (
    alerting,
    availability,
    buckets,
    conditions,
    expressions,
    groups,
    identity,
    labels,
    metrics,
    proofs,
    ranges,
    results,
    sides,
)
from rtobs.slo.checks.identity import check_fleet
from rtobs.slo.checks.subject import Subject, subject_of
from rtobs.slo.reading import Setting, Source
from rtobs.slo.resolve import component_of
from rtobs.slo.scope import scope_of

__all__ = ["check", "check_fleet"]

_CHECKS: Final[tuple[Callable[[Subject], Iterator[Problem]], ...]] = (
    alerting.check,
    buckets.check,
    conditions.check,
    expressions.check,
    groups.check,
    labels.check,
    metrics.check,
    proofs.check,
    ranges.check,
    results.check,
    sides.check,
    availability.check_source,
)


def check(source: Source, setting: Setting) -> list[Problem]:
    """Every problem of one definition, in the order of the file."""
    problems = list(identity.check(source, setting))
    component = component_of(source.definition, setting)
    if component is None:
        return problems
    problems += availability.check(source)
    scope = scope_of(source.definition, component, setting)
    for index in range(len(source.definition.slos)):
        subject = subject_of(source, setting, scope, index)
        for one in _CHECKS:
            problems += one(subject)
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.sort_key)
