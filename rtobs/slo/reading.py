"""The files of `slo/`: which there are, and what they hold, with the place of every value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtobs import conventions as names
from rtobs.catalogue.facts import Catalogue
from rtobs.documents import Document, decode, read
from rtobs.errors import ConfigurationError, DefinitionError
from rtobs.model.alerting import AlertPolicy
from rtobs.model.site import Site
from rtobs.problems import Level, Location, Problem
from rtobs.slo.schema import Definition

__all__ = ["Setting", "Source", "read_definitions"]

SUFFIX: Final = ".yaml"
_WRONG_SUFFIX: Final = ".yml"
_SETTINGS: Final = ("policy.yaml", "site.yaml", "pipeline.yaml")


@dataclass(frozen=True, slots=True)
class Source:
    """One definition file.

    Attributes:
        path: the file as the user would type it, "/" separated.
        document: its data with the place of every value.
        definition: its content.
    """

    path: str
    document: Document
    definition: Definition


@dataclass(frozen=True, slots=True)
class Setting:
    """What definitions are checked against and resolved with.

    Attributes:
        catalogue: what exists on the wire.
        site: where the SLOs run.
        policies: alert policies by name.
        default_policy: name of the policy of an SLO that names none.
    """

    catalogue: Catalogue
    site: Site
    policies: Mapping[str, AlertPolicy]
    default_policy: str


def read_definitions(folder: Path) -> tuple[tuple[Source, ...], tuple[Problem, ...]]:
    """Every definition below `folder`, by domain and name, and what is wrong with the others.

    Definitions are the YAML files in the folders of the domains; `policy.yaml`, `site.yaml` and
    `catalogue/` are read elsewhere.

    Raises:
        ConfigurationError: there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigurationError(
            f"there is no folder {folder}; run it where slo/ is, or name the folder with --slo-dir"
        )
    sources, problems = [], list(_strays(folder))
    for path in _files(folder):
        name = path.as_posix()
        try:
            document = read(path, name)
        except DefinitionError as error:
            problems += error.problems
            continue
        definition, found = decode(document, Definition)
        problems += found
        if definition is not None:
            sources.append(Source(name, document, definition))
    if not sources and not problems:
        message = "there is no definition in it"
        hint = "write one as <domain>/<service>.yaml; docs/tutorials/first-slo.md shows how"
        place = Location(folder.as_posix())
        problems.append(Problem("no-definitions", message, place, Level.WARNING, hint))
    return tuple(sources), tuple(problems)


def _files(folder: Path) -> Iterator[Path]:
    for domain in names.Domain:
        inside = folder / domain
        if inside.is_dir():
            yield from (path for path in _sorted(inside) if path.suffix == SUFFIX)


def _strays(folder: Path) -> Iterator[Problem]:
    """Files and folders that nobody would ever read; most likely a slip of the pen."""
    domains = ", ".join(names.Domain)
    for path in _sorted(folder):
        if path.is_dir() and path.name not in (*names.Domain, "catalogue", "dashboards"):
            message = f'"{path.name}" is no domain'
            hint = f"the domains are {domains}"
            yield Problem("unknown-domain", message, Location(path.as_posix()), hint=hint)
        elif path.suffix in (SUFFIX, _WRONG_SUFFIX) and path.name not in _SETTINGS:
            message = f'"{path.name}" is not read: only {", ".join(_SETTINGS)} stand here'
            hint = "definitions are files named <service>.yaml in the folder of a domain"
            yield Problem("misplaced-file", message, Location(path.as_posix()), hint=hint)
    for domain in names.Domain:
        for path in _sorted(folder / domain) if (folder / domain).is_dir() else ():
            if path.suffix == _WRONG_SUFFIX or path.is_dir():
                message = "definitions are files named <service>.yaml in the folder of a domain"
                yield Problem("misplaced-file", message, Location(path.as_posix()))


def _sorted(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
