"""Definitions become artefacts: every file of every output, as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from rtobs import conventions as names
from rtobs import dashboards, runbooks
from rtobs.generate.files import Artefact
from rtobs.model.slo import ResolvedService
from rtobs.proof.promtool import rule_tests
from rtobs.rules import platform_groups, rules_text, service_groups
from rtobs.slo.fleet import Fleet

__all__ = ["PLATFORM_RULES", "Inputs", "artefacts"]

PLATFORM_RULES: Final = f"{names.ALERTS_DIR}/platform.yaml"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is generated from.

    Attributes:
        fleet: resolved definitions.
        notes: the teams' own runbook notes by slo_id, Markdown.
        patches: jsonnet of `slo/dashboards/` by path.
    """

    fleet: Fleet
    notes: Mapping[str, str] = field(default_factory=dict)
    patches: Mapping[str, str] = field(default_factory=dict)


def artefacts(inputs: Inputs, services: Iterable[str] | None = None) -> tuple[Artefact, ...]:
    """Every generated file, sorted by path.

    Args:
        inputs: what it is made from.
        services: only the files of these services; None for everything, dashboards and the files
            of the platform included.

    Raises:
        DefinitionError: an SLO has no derivable proof, or a dashboard patch is wrong.
        MissingExtraError: jsonnet is not installed.
    """
    fleet = inputs.fleet
    chosen = fleet.services
    if services is not None:
        wanted = set(services)
        chosen = tuple(service for service in chosen if service.name in wanted)
    made = [artefact for service in chosen for artefact in _of_service(service, inputs)]
    if services is None:
        made += _of_platform(inputs)
    return tuple(sorted(made, key=lambda artefact: artefact.path))


def _of_service(service: ResolvedService, inputs: Inputs) -> Iterator[Artefact]:
    fleet = inputs.fleet
    site, causes = fleet.setting.site, fleet.causes.get(service.name, ())
    groups = service_groups(service, causes, site)
    comments = (f"Source: {service.source}", *_dropped(service))
    path = f"{names.ALERTS_DIR}/{service.domain}/{service.name}.yaml"
    yield Artefact(path, rules_text(groups, comments))
    for test in rule_tests(service, causes, site, fleet.known):
        yield Artefact(test.path, test.text)
    for page in runbooks.build(service, causes, site, inputs.notes):
        yield Artefact(page.path, page.text)


def _dropped(service: ResolvedService) -> Iterator[str]:
    """Tiers of the policy that are not among the alerts, so that nobody looks for them."""
    for slo in service.slos:
        for tier in slo.dropped_tiers:
            yield f"{slo.slo_id} has no tier {tier.name}: {tier.reason}"


def _of_platform(inputs: Inputs) -> Iterator[Artefact]:
    fleet = inputs.fleet
    site = fleet.setting.site
    yield Artefact(PLATFORM_RULES, rules_text(platform_groups(site)))
    for board in dashboards.build(fleet.services, site, inputs.patches):
        yield Artefact(board.path, board.json_text)
    by_component = {s.component: fleet.causes.get(s.name, ()) for s in fleet.services}
    index = runbooks.build_index(fleet.services, by_component, site)
    components = fleet.setting.catalogue.components
    sources = {
        service.component: components[service.component].source for service in fleet.services
    }
    table = runbooks.build_reference(fleet.services, sources)
    yield from (Artefact(page.path, page.text) for page in (index, table))
