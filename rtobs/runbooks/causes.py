"""The page of a service's cause alerts: known faults that have an action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.catalogue.facts import CauseAlert
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService
from rtobs.runbooks.markdown import bullets, fence, link, plain
from rtobs.runbooks.silence import silence

__all__ = ["causes_page"]

_ASKS: Final = {
    names.Severity.CRITICAL: "It pages.",
    names.Severity.WARNING: "It opens a ticket.",
    names.Severity.INFO: "It is for information.",
}


def causes_page(service: ResolvedService, causes: Sequence[CauseAlert], site: Site) -> str:
    """The page as Markdown; each alert has a heading, so its anchor is its name in lower case."""
    slos = [f"[{plain(slo.slo_id)}]({slo.slo_id}.md)" for slo in service.slos]
    sections = [
        f"# Cause alerts of {plain(service.name)}",
        f"<!-- {names.GENERATED_BY} -->",
        (
            "An alert of this page names a known cause. Whether users suffer is what the SLOs of"
            f" the service say:\n\n{bullets(slos)}"
        ),
        *(_section(cause, service) for cause in causes),
    ]
    if site.grafana_url:
        sections.append(link("Overview in Grafana", site.dashboard(names.FLEET_UID)))
    return "\n\n".join(sections) + "\n"


def _section(cause: CauseAlert, service: ResolvedService) -> str:
    unsure = (
        ()
        if cause.verified
        else (
            "**Note:** it reads a metric that nobody has seen on the wire yet, so it never pages.",
        )
    )
    matchers = (("alertname", cause.name), (names.SERVICE, service.name))
    return "\n\n".join(
        (
            f"## {cause.name}",
            f"**Do:** {plain(cause.action)}",
            f"**What is broken:** {plain(cause.summary)} **Impact:** {plain(cause.impact)}",
            *unsure,
            f"{_ASKS[cause.severity]} It fires when this holds for {cause.hold.words()}:",
            fence(cause.expression, "promql"),
            "Silence while you work on it:",
            fence(silence(matchers, "incident or change number"), "sh"),
        )
    )
