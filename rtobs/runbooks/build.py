"""The pages of a service and the index of all pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rtobs import conventions as names
from rtobs.catalogue.facts import CauseAlert
from rtobs.errors import GenerationError
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService
from rtobs.runbooks.causes import causes_page
from rtobs.runbooks.index import index_page
from rtobs.runbooks.page import slo_page
from rtobs.runbooks.reference import reference_page

__all__ = ["Page", "build", "build_index", "build_reference"]

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Page:
    """A generated page.

    Attributes:
        path: file, relative to the output directory, with "/" separators.
        text: Markdown with one final newline.
    """

    path: str
    text: str


def build(
    service: ResolvedService,
    causes: tuple[CauseAlert, ...],
    site: Site,
    notes: Mapping[str, str] | None = None,
    expressions: Mapping[str, str] | None = None,
) -> tuple[Page, ...]:
    """One page for each SLO of a service, and one for its cause alerts if it has any.

    Args:
        service: the service.
        causes: cause alerts of its component.
        site: where it runs.
        notes: Markdown by slo_id, written by the team; it stands at the end of the page.
        expressions: PromQL by "<slo_id>/<title>" for the page of that SLO, or by a title alone
            for every page of the service.

    Raises:
        GenerationError: a name cannot be a file name.
    """
    wanted = tuple(cause for cause in causes if cause.name not in service.muted_causes)
    breaking = tuple(cause for cause in wanted if not cause.blinds)
    pages = []
    for slo in service.slos:
        own = _of(slo.slo_id, service, expressions or {})
        note = (notes or {}).get(slo.slo_id, "")
        pages.append(_page(slo.slo_id, slo_page(slo, breaking, site, own, note)))
    if wanted:
        pages.append(_page(f"causes-{service.name}", causes_page(service, wanted, site)))
    return tuple(pages)


def build_index(
    services: Sequence[ResolvedService], causes: Mapping[str, Sequence[CauseAlert]], site: Site
) -> Page:
    """The page that leads to all others.

    Args:
        services: all services.
        causes: cause alerts by component.
        site: where they run.
    """
    with_causes = {
        service.name
        for service in services
        if any(c.name not in service.muted_causes for c in causes.get(service.component, ()))
    }
    return _page("README", index_page(services, with_causes, site))


def build_reference(services: Sequence[ResolvedService], sources: Mapping[str, str]) -> Page:
    """The table of all SLOs.

    Args:
        services: all services.
        sources: by component, where its facts were read.
    """
    return Page(names.SLO_TABLE, reference_page(services, sources))


def _page(name: str, text: str) -> Page:
    if _FILE_NAME.fullmatch(name) is None:
        raise GenerationError(f"{name!r} cannot be the name of a runbook page")
    return Page(f"{names.RUNBOOKS_DIR}/{name}.md", text)


def _of(slo_id: str, service: ResolvedService, expressions: Mapping[str, str]) -> dict[str, str]:
    """Expressions of one SLO by title, in the given order."""
    others = tuple(f"{slo.slo_id}/" for slo in service.slos if slo.slo_id != slo_id)
    return {
        key.removeprefix(f"{slo_id}/"): expression
        for key, expression in expressions.items()
        if not key.startswith(others)
    }
