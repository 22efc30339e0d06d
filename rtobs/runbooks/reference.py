"""The reference table of all SLOs: what is promised, why, and from which facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.model.number import percent_text
from rtobs.model.slo import ResolvedService, ResolvedSlo
from rtobs.runbooks.markdown import plain, table

__all__ = ["reference_page"]

_HEADINGS: Final = ("service", "SLO", "objective", "window", "why", "facts", "verified")


def reference_page(services: Sequence[ResolvedService], sources: Mapping[str, str]) -> str:
    """The page as Markdown.

    Args:
        services: all services.
        sources: by component, where its facts were read.
    """
    count = sum(len(service.slos) for service in services)
    sections = [
        "# All SLOs",
        f"<!-- {names.GENERATED_BY} -->",
        (
            f"{count} SLOs of {len(services)} services. An SLO that is not verified reads a metric"
            " that nobody has seen on the wire yet; it warns and never pages. A star marks the SLO"
            " that stands for what the users of its domain see."
        ),
    ]
    for domain in names.Domain:
        inside = sorted((s for s in services if s.domain is domain), key=lambda s: s.name)
        rows = [_row(slo, sources) for service in inside for slo in service.slos]
        if rows:
            sections.append(f"## {domain.capitalize()}\n\n{table(_HEADINGS, rows)}")
    return "\n\n".join(sections) + "\n"


def _row(slo: ResolvedSlo, sources: Mapping[str, str]) -> tuple[str, ...]:
    page = f"../runbooks/{slo.slo_id}.md"
    star = f" {plain('*')}" if slo.speaks_for_domain else ""
    each = f" for each {plain(', '.join(slo.group_by))}" if slo.group_by else ""
    return (
        plain(slo.service),
        f"[{plain(slo.name)}]({page}){star}",
        f"{percent_text(slo.objective)}{each}",
        str(slo.window),
        plain(slo.rationale),
        plain(sources.get(slo.component, "")),
        "yes" if slo.verified else "no",
    )
