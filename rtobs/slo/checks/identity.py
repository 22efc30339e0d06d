"""What a definition is about: its component, domain, place, names, and what must be unique."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from rtobs import conventions as names
from rtobs.catalogue.facts import Component
from rtobs.problems import Location, Problem
from rtobs.slo.checks.words import did_you_mean, listed
from rtobs.slo.reading import Setting, Source
from rtobs.slo.resolve import component_of, domain_of, slo_id_of

__all__ = ["check", "check_fleet"]

# Matchers that every selector of the service would get; these two mean something to rtobs.
_NOT_SELECTABLE: Final = frozenset({"le", "quantile"})


def check(source: Source, setting: Setting) -> Iterator[Problem]:
    """Problems of a definition as a whole."""
    yield from _names(source)
    for label in source.definition.select:
        if label in _NOT_SELECTABLE:
            message = f'"{label}" cannot be a condition of a whole service'
            place = source.document.locate(("select", label), key=True)
            hint = "it tells the buckets of a histogram apart; select by job or namespace"
            yield Problem("reserved-label", message, place, hint=hint)
    component = component_of(source.definition, setting)
    if component is None:
        yield _unknown_component(source, setting)
        return
    yield from _place(source, component)
    yield from _shared_names(source, component, setting)
    yield from _causes(source, component)


def _unknown_component(source: Source, setting: Setting) -> Problem:
    definition, known = source.definition, sorted(setting.catalogue.components)
    name = definition.component or definition.service
    key = "component" if definition.component else "service"
    message = f'there is no component "{name}" in the catalogue'
    otherwise = f'say which it is with "component:" ({listed(known)}), or describe it in a file of '
    hint = did_you_mean(name, known, otherwise + "slo/catalogue/")
    return Problem("unknown-component", message, source.document.locate((key,)), hint=hint)


def _place(source: Source, component: Component) -> Iterator[Problem]:
    definition = source.definition
    domain = domain_of(definition, component)
    if domain is None:
        message = f'the component "{component.key}" belongs to no domain of its own'
        place = source.document.locate(("component",) if definition.component else ("service",))
        hint = f'add "domain:" with one of {", ".join(names.Domain)}'
        yield Problem("unknown-domain", message, place, hint=hint)
        return
    expected = f"{domain}/{definition.service}.yaml"
    actual = "/".join(PurePosixPath(source.path).parts[-2:])
    if actual != expected:
        message = f'the definition of "{definition.service}" does not belong here'
        hint = f'move it to "{expected}" below the folder of the definitions'
        place = source.document.locate(("service",))
        yield Problem("misplaced-file", message, place, hint=hint)


def _shared_names(source: Source, component: Component, setting: Setting) -> Iterator[Problem]:
    """Services of one component that belong to any domain tell themselves apart by a matcher."""
    deployed = setting.site.components.get(component.key)
    if component.domain is not None or source.definition.select or (deployed and deployed.select):
        return
    service = source.definition.service
    message = f'every service of "{component.key}" has these metrics, and nothing selects this one'
    hint = f"add select: {{job: {names.DEFAULT_NAMESPACE}/{service}}}, or what tells it apart"
    yield Problem("shared-names", message, source.document.locate(("service",)), hint=hint)


def _causes(source: Source, component: Component) -> Iterator[Problem]:
    known = [cause.name for cause in component.causes]
    for index, name in enumerate(source.definition.causes.mute):
        if name not in known:
            message = f'the component "{component.key}" has no cause alert "{name}"'
            otherwise = f"it has {listed(known)}" if known else "it has none; remove the line"
            place = source.document.locate(("causes", "mute", index))
            yield Problem(
                "unknown-cause", message, place, hint=did_you_mean(name, known, otherwise)
            )


def _names(source: Source) -> Iterator[Problem]:
    seen: dict[str, Location] = {}
    for index, entry in enumerate(source.definition.slos):
        place = source.document.locate(("slos", index, "name"))
        if entry.name in seen:
            message = f'the SLO "{entry.name}" is defined twice'
            hint = f"the first is at {seen[entry.name]}; give each a name of its own"
            yield Problem("duplicate-slo", message, place, hint=hint)
        seen.setdefault(entry.name, place)


# --- what spans files -----------------------------------------------------------------------------
def check_fleet(sources: Sequence[Source]) -> list[Problem]:
    """Problems that no file has alone: services, SLO ids and speakers that are there twice."""
    services: dict[str, Source] = {}
    ids: dict[str, tuple[Source, Location]] = {}
    speakers: dict[str, Location] = {}
    problems: list[Problem] = []
    for source in sources:
        service = source.definition.service
        place = source.document.locate(("service",))
        if service in services:
            message = f'the service "{service}" has a second definition'
            hint = f"the first is {services[service].path}; one service is one file"
            problems.append(Problem("duplicate-service", message, place, hint=hint))
            continue
        services[service] = source
        problems += _ids(source, ids)
        problems += _speakers(source, speakers)
    return problems


def _ids(source: Source, seen: dict[str, tuple[Source, Location]]) -> Iterator[Problem]:
    """Two services can make one id: `a` with `b-c`, and `a-b` with `c`."""
    for index, entry in enumerate(source.definition.slos):
        slo_id = slo_id_of(source.definition, entry)
        place = source.document.locate(("slos", index, "name"))
        other, first = seen.setdefault(slo_id, (source, place))
        if other is not source:
            message = f'the id "{slo_id}" is taken by another service'
            hint = f"it is that of {first}; rename one of the two SLOs"
            yield Problem("duplicate-slo", message, place, hint=hint)


def _speakers(source: Source, seen: dict[str, Location]) -> Iterator[Problem]:
    domain = PurePosixPath(source.path).parent.name
    for index, entry in enumerate(source.definition.slos):
        if not entry.speaks_for_domain:
            continue
        place = source.document.locate(("slos", index, "speaksForDomain"))
        first = seen.setdefault(domain, place)
        if first != place:
            message = f'two SLOs speak for the domain "{domain}"'
            hint = f"the other is at {first}; a domain has one voice"
            yield Problem("domain-speaker", message, place, hint=hint)
