"""The index of all runbook pages."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from rtobs import conventions as names
from rtobs.model.number import percent_text
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService
from rtobs.runbooks.markdown import bullets, link, plain, table

__all__ = ["index_page"]


def index_page(
    services: Sequence[ResolvedService], with_causes: AbstractSet[str], site: Site
) -> str:
    """The page as Markdown.

    Args:
        services: all services.
        with_causes: names of those that have a page of cause alerts.
        site: where they run.
    """
    fleet = f"{site.grafana_url}/d/{names.FLEET_UID}"
    sections = [
        "# Runbooks",
        f"<!-- {names.GENERATED_BY} -->",
        (
            f"One page for each SLO; the alert that woke you links to its page. "
            f"{link('Overview in Grafana', fleet)}."
        ),
    ]
    for domain in names.Domain:
        inside = sorted((s for s in services if s.domain is domain), key=lambda s: s.name)
        if inside:
            sections.append(_domain(domain, inside, with_causes))
    return "\n\n".join(sections) + "\n"


def _domain(
    domain: names.Domain, services: Sequence[ResolvedService], with_causes: AbstractSet[str]
) -> str:
    rows = [
        (
            f"[{plain(slo.slo_id)}]({slo.slo_id}.md)",
            plain(slo.description),
            f"{percent_text(slo.objective)} over {slo.window.words()}",
            plain(slo.owner),
        )
        for service in services
        for slo in service.slos
    ]
    causes = [
        f"[Cause alerts of {plain(service.name)}](causes-{service.name}.md)"
        for service in services
        if service.name in with_causes
    ]
    parts = [
        f"## {domain.capitalize()}",
        table(("SLO", "what it promises", "objective", "owner"), rows),
    ]
    if causes:
        parts.append(bullets(causes))
    return "\n\n".join(parts)
