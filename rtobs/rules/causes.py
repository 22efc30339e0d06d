"""Cause alerts: a known fault of a component, and what to do about it."""

from __future__ import annotations

from typing import Final

from rtobs import conventions as names
from rtobs.catalogue.facts import CauseAlert
from rtobs.conventions import Severity
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService
from rtobs.rules.groups import Alert
from rtobs.rules.templates import literal

__all__ = ["cause_rule"]

# The labels that the expression leaves: which instance, which model.
_WHERE: Final = (
    '{{ $comma := "" }}{{ range $label, $text := $labels }}'
    '{{ $comma }}{{ $label }}={{ $text }}{{ $comma = ", " }}{{ else }}everywhere{{ end }}'
)


def cause_rule(service: ResolvedService, cause: CauseAlert, site: Site) -> Alert:
    """The alert; one that reads an unverified metric opens a ticket at the most."""
    pages = cause.severity is Severity.CRITICAL and cause.verified
    severity = Severity.CRITICAL if pages else min(cause.severity, Severity.WARNING, key=_rank)
    return Alert(
        cause.name,
        cause.expression,
        {
            names.SERVICE: service.name,
            names.COMPONENT: service.component,
            names.DOMAIN: str(service.domain),
            names.OWNER: literal(service.owner),
            names.SEVERITY: str(severity),
        },
        {
            "summary": f"{service.name}: {literal(cause.summary)}",
            "impact": literal(cause.impact),
            "action": literal(cause.action),
            "where": _WHERE,
            "runbook_url": f"{site.runbook(f'causes-{service.name}')}#{cause.name.lower()}",
        },
        hold=str(cause.hold),
    )


def _rank(severity: Severity) -> int:
    return [Severity.INFO, Severity.WARNING, Severity.CRITICAL].index(severity)
