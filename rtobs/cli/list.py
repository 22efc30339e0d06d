"""`rtobs list`: the SLOs of the platform in a table."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Final

from rtobs.cli.choice import add_domain, chosen_services
from rtobs.cli.exits import FINE
from rtobs.cli.tables import columns
from rtobs.conventions import Severity
from rtobs.model.indicator import (
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    TimesliceIndicator,
)
from rtobs.model.number import percent_text
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import load_fleet

__all__ = ["configure", "kind_of", "run"]

_HEADINGS: Final = ("SLO", "domain", "kind", "objective", "window", "pages", "tickets", "owner")


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    add_domain(parser)
    parser.add_argument("--service", default="", help="only this service")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format")


def run(options: Namespace) -> int:
    """Print the SLOs."""
    fleet = load_fleet(options.slo_dir, options.site)
    services = chosen_services(fleet.services, options.domain, options.service)
    slos = [slo for service in services for slo in service.slos]
    if options.format == "json":
        print(json.dumps([_plain(slo) for slo in slos], indent=2))
        return FINE
    print(columns(_HEADINGS, [_row(slo) for slo in slos], right={3, 4}))
    print(f"\n{len(slos)} SLOs of {len(services)} services", file=sys.stderr)
    return FINE


def kind_of(indicator: Indicator) -> str:
    """The word of the definition for the kind of an indicator."""
    match indicator:
        case EventsIndicator():
            return "events"
        case LatencyIndicator():
            return "latency"
        case TimesliceIndicator():
            return "probe" if indicator.probe else "timeslice"
        case _:
            return "raw"


def _row(slo: ResolvedSlo) -> tuple[str, ...]:
    pages, tickets = (
        " ".join(tier.name for tier in slo.tiers if tier.severity is severity) or "-"
        for severity in (Severity.CRITICAL, Severity.WARNING)
    )
    objective, window = percent_text(slo.objective), str(slo.window)
    kind = kind_of(slo.indicator)
    return slo.slo_id, slo.domain, kind, objective, window, pages, tickets, slo.owner


def _plain(slo: ResolvedSlo) -> dict[str, object]:
    return {
        "slo_id": slo.slo_id,
        "service": slo.service,
        "component": slo.component,
        "domain": str(slo.domain),
        "owner": slo.owner,
        "kind": kind_of(slo.indicator),
        "group_by": list(slo.group_by),
        "objective": str(slo.objective),
        "window": str(slo.window),
        "tiers": {tier.name: str(tier.severity) for tier in slo.tiers},
        "verified": slo.verified,
        "description": slo.description,
        "source": f"{slo.source}:{slo.line}",
    }
