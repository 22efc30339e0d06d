"""The promtool tests of one service: three files, as text.

Cost decides the cut. Promtool evaluates every rule at one interval and pays for each evaluation, so
what needs minutes is tested for ninety of them (fine), what needs hours every five minutes (edges,
with the slices),
and what needs days in single evaluations over supplied recordings (history).

ALERTS is asked with promql_expr_test. There is no alert_rule_test: it demands the complete list of
alerts with the full text of every annotation, so each change of a sentence would fail hundreds of
tests that are about something else. That the annotations expand is checked once, by `rtobs prove`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rtobs import conventions as names
from rtobs.model.indicator import is_sliced
from rtobs.proof import edges, fine
from rtobs.proof.causes import cause_scenarios
from rtobs.proof.flows import Group
from rtobs.proof.history import evaluation_interval, history_scenarios
from rtobs.proof.places import KnownValues
from rtobs.proof.samples import matches
from rtobs.proof.series import groups_of, reads_of
from rtobs.proof.slices import slices_part
from rtobs.proof.testfile import Scenario, TestFile, file_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rtobs.catalogue.facts import CauseAlert
    from rtobs.model.site import Site
    from rtobs.model.slo import ResolvedService, ResolvedSlo
    from rtobs.proof.fine import Part

__all__ = ["rule_tests"]

_RAW_INTERVAL: Final = {"fine": "15s", "edges": "1m", "slices": "1m"}


def rule_tests(
    service: ResolvedService,
    causes: tuple[CauseAlert, ...],
    site: Site,
    known: KnownValues | None = None,
) -> tuple[TestFile, ...]:
    """The generated tests of a service's rules.

    Args:
        service: the service with its SLOs.
        causes: cause alerts that its rules contain.
        site: where it runs; cause proofs get its prefix and matchers.
        known: closed lists of label values, by (metric, label).

    Raises:
        DefinitionError: an SLO has no derivable proof and gives none.
    """
    proven = [(slo, groups_of(slo, known)) for slo in service.slos]
    order = tuple(
        group
        for slo in service.slos
        for group in (names.fast_group(slo.slo_id), names.long_group(slo.slo_id))
    )
    rules = f"../../../{names.ALERTS_DIR}/{service.domain}/{service.name}.yaml"
    stem = f"{names.RULE_TESTS_DIR}/{service.domain}/{service.name}"
    raw = {
        "fine": (fine.INTERVAL, fine.fine_part),
        "edges": (edges.INTERVAL, edges.edges_part),
    }
    built = [
        (name, interval, _raw_scenarios(name, proven, build))
        for name, (interval, build) in raw.items()
    ]
    built.append(("history", evaluation_interval(service.slos), history_scenarios(proven)))
    sliced = [(slo, groups) for slo, groups in proven if is_sliced(slo.indicator)]
    extra = {
        "fine": cause_scenarios(service, causes, _prefix(service, site)),
        "edges": _raw_scenarios("slices", sliced, slices_part),
    }
    files = []
    for name, interval, scenarios in built:
        found = scenarios + extra.get(name, ())
        text = file_text(rules, interval, order, found)
        files.append(TestFile(f"{stem}.{name}.test.yaml", text, rules, interval, order, found))
    return tuple(files)


def _prefix(service: ResolvedService, site: Site) -> str:
    deployed = site.components.get(service.component)
    return deployed.prefix if deployed else ""


def _raw_scenarios(
    name: str,
    proven: Sequence[tuple[ResolvedSlo, tuple[Group, ...]]],
    build: Callable[[ResolvedSlo, tuple[Group, ...]], Part],
) -> tuple[Scenario, ...]:
    """As few scenarios as possible: SLOs that read each other's series stand in different ones."""
    return tuple(
        _scenario(name, [build(slo, groups) for slo, groups in together])
        for together in _apart(proven)
    )


def _scenario(name: str, parts: Sequence[Part]) -> Scenario:
    ids = ", ".join(part.slo.slo_id for part in parts)
    inputs = tuple(item for part in parts for item in part.inputs)
    checks = tuple(check for part in parts for check in part.checks)
    return Scenario(f"{name}: {ids}", _RAW_INTERVAL[name], inputs, checks)


_Proven = tuple["ResolvedSlo", tuple[Group, ...]]


def _apart(proven: Sequence[_Proven]) -> list[list[_Proven]]:
    together: list[list[_Proven]] = []
    for item in proven:
        for others in together:
            if not any(_disturbs(item, other) or _disturbs(other, item) for other in others):
                others.append(item)
                break
        else:
            together.append([item])
    return together


def _disturbs(one: _Proven, other: _Proven) -> bool:
    """Whether the rules of `other` read a series that the story of `one` writes."""
    read = reads_of(other[0].indicator)
    return any(
        flow.metric == selector.metric and matches(dict(flow.labels), selector.matchers)
        for group in one[1]
        for flow in group.flows
        for selector in read
    )
