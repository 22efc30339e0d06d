"""Everything below `slo/`, read, checked and resolved in one step."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rtobs.catalogue.facts import CauseAlert
from rtobs.errors import DefinitionError
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService, ResolvedSlo
from rtobs.problems import Level, Location, Problem, has_errors
from rtobs.slo.checks import check, check_fleet
from rtobs.slo.reading import Setting, Source, read_definitions
from rtobs.slo.resolve import component_of, resolve
from rtobs.slo.scope import scope_of
from rtobs.slo.settings import SITE_FILE, read_setting

__all__ = ["Fleet", "KnownValues", "load_fleet", "no_such_service", "no_such_slo"]

KnownValues = Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fleet:
    """All services of a site.

    Attributes:
        setting: what they were resolved with.
        services: each with its SLOs, sorted by file.
        causes: by service, the cause alerts of its component as they are deployed here.
        known: by (series, label), the closed list of values that the label can have.
        problems: warnings and hints; there are no errors in a fleet.
    """

    setting: Setting
    services: tuple[ResolvedService, ...]
    causes: Mapping[str, tuple[CauseAlert, ...]]
    known: KnownValues
    problems: tuple[Problem, ...] = ()

    @property
    def slos(self) -> tuple[ResolvedSlo, ...]:
        """Every SLO of every service."""
        return tuple(slo for service in self.services for slo in service.slos)


def load_fleet(folder: Path, environment: str = "") -> Fleet:
    """Read, check and resolve a folder of definitions.

    Args:
        folder: the folder `slo/`.
        environment: environment of the site, "" for its default.

    Raises:
        ConfigurationError: there is no such folder.
        DefinitionError: with every problem of every file, warnings included.
    """
    sources, unreadable = read_definitions(folder)
    problems = list(unreadable)
    try:
        setting = read_setting(folder, environment)
    except DefinitionError as error:
        raise DefinitionError(sorted([*problems, *error.problems], key=_order)) from error
    problems += check_fleet(sources)
    for source in sources:
        problems += check(source, setting)
    if has_errors(problems):
        raise DefinitionError(sorted(problems, key=_order))
    services = tuple(resolve(source, setting) for source in sources)
    problems += _unknown_objectives(services, setting.site, folder)
    return Fleet(
        setting,
        services,
        {s.definition.service: _causes(s, setting) for s in sources},
        _known_values(sources, setting),
        tuple(sorted(problems, key=_order)),
    )


def no_such_slo(slo_id: str, known: Collection[str]) -> str:
    """A sentence for an id that no SLO has: which are called alike, or where to find them."""
    return _no_such("SLO", slo_id, known)


def no_such_service(name: str, known: Collection[str]) -> str:
    """The same for the name of a service."""
    return _no_such("service", name, known)


def _no_such(kind: str, name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(close)}?" if close else "`rtobs list` shows them"
    return f'there is no {kind} "{name}"; {hint}'


def _unknown_objectives(
    services: tuple[ResolvedService, ...], site: Site, folder: Path
) -> Iterator[Problem]:
    """Objectives of the environment for SLOs that are not there, or no longer of that name."""
    known = [slo.slo_id for service in services for slo in service.slos]
    for slo_id in site.objectives:
        if slo_id not in known:
            message = (
                f'the environment "{site.name}" has an objective for "{slo_id}", which is no SLO'
            )
            close = difflib.get_close_matches(slo_id, known, n=1)
            hint = f'did you mean "{close[0]}"?' if close else "rename it, or remove the line"
            place = Location((folder / SITE_FILE).as_posix())
            yield Problem("unknown-slo", message, place, Level.WARNING, hint)


def _order(problem: Problem) -> tuple[str, int, int, str, str]:
    return problem.sort_key


def _causes(source: Source, setting: Setting) -> tuple[CauseAlert, ...]:
    """The component's cause alerts that the service wants, over its own series."""
    component = component_of(source.definition, setting)
    if component is None:
        return ()
    scope = scope_of(source.definition, component, setting)
    return tuple(
        replace(cause, expression=scope.expression(cause.expression))
        for cause in component.causes
        if cause.name not in source.definition.causes.mute
    )


def _known_values(sources: tuple[Source, ...], setting: Setting) -> KnownValues:
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    for source in sources:
        component = component_of(source.definition, setting)
        if component is None:
            continue
        prefix = scope_of(source.definition, component, setting).deployed.prefix
        for metric in component.metrics.values():
            for label in metric.labels:
                if label.values:
                    known |= {(f"{prefix}{s}", label.name): label.values for s in metric.series}
    return known
