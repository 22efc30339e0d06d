"""`rtobs show SLO`: what an SLO means, in minutes and events, and the final expressions."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from rtobs.cli.choice import chosen
from rtobs.cli.exits import FINE
from rtobs.cli.list import kind_of
from rtobs.cli.tables import columns
from rtobs.model.number import decimal_text, percent_text
from rtobs.model.slo import ResolvedSlo
from rtobs.rules import slo_groups
from rtobs.rules.text import plain_groups
from rtobs.runbooks.numbers import counts_minutes, smallest_fault, smallest_outage, span
from rtobs.slo.fleet import load_fleet

__all__ = ["configure", "run"]

_PARTIAL: Final = Fraction(1, 10)
_TIERS: Final = (
    *("tier", "asks for", "windows", "burn rate", "bad above", "budget spent"),
    *("sees an outage of", "a 10% fault after", "fewest bad"),
)


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("slo", metavar="SLO", help="slo_id, as `rtobs list` prints it")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format")


def run(options: Namespace) -> int:
    """Print one SLO."""
    fleet = load_fleet(options.slo_dir, options.site)
    (slo,) = chosen(fleet.slos, [options.slo])
    groups = plain_groups(slo_groups(slo, fleet.setting.site))
    if options.format == "json":
        print(json.dumps(_plain(slo, groups), indent=2))
    else:
        print("\n".join((*_meaning(slo), "", *_tiers(slo), "", *_expressions(groups))))
    return FINE


def _meaning(slo: ResolvedSlo) -> Iterator[str]:
    budget, window = slo.error_budget, slo.window
    whole = span(budget * window.seconds)
    yield f"{slo.slo_id}: {slo.description}"
    yield ""
    yield f"defined in    {slo.source}:{slo.line} ({kind_of(slo.indicator)}, owner {slo.owner})"
    each = f", for each {' and '.join(slo.group_by)}" if slo.group_by else ""
    yield f"objective     {percent_text(slo.objective)} over {window.words()}{each}"
    if counts_minutes(slo.indicator):
        yield f"error budget  {percent_text(budget)} of all minutes: {whole} in {window.words()}"
    else:
        per_million = decimal_text(budget * 1_000_000)
        yield (
            f"error budget  {percent_text(budget)} of all events: {per_million} of a million,"
            f" or {whole} of total outage in {window.words()}"
        )
    yield f"without data  {slo.missing_data}, presence {slo.presence}"
    if slo.rationale:
        yield f"reason        {slo.rationale}"
    if not slo.verified:
        yield "unverified    it reads a metric that was never seen on the wire, so it never pages"


def _tiers(slo: ResolvedSlo) -> Iterator[str]:
    yield columns(_TIERS, [_tier_row(slo, index) for index in range(len(slo.tiers))])
    for dropped in slo.dropped_tiers:
        yield f"no {dropped.name}: {dropped.reason}"


def _tier_row(slo: ResolvedSlo, index: int) -> tuple[str, ...]:
    tier = slo.tiers[index]
    fault = None if counts_minutes(slo.indicator) else smallest_fault(tier, _PARTIAL)
    return (
        tier.name,
        tier.severity,
        f"{tier.long}/{tier.short}",
        decimal_text(tier.factor),
        percent_text(tier.threshold),
        percent_text(tier.budget_share),
        span(smallest_outage(tier, slo.indicator)),
        "-" if fault is None else span(fault),
        str(tier.min_bad),
    )


def _expressions(groups: list[dict[str, Any]]) -> Iterator[str]:
    for group in groups:
        yield f"group {group['name']}, every {group['interval']}"
        for rule in group["rules"]:
            labels = rule["labels"]
            name = rule.get("record") or f"{rule['alert']} {labels.get('tier', '')}".rstrip()
            yield f"  {name}"
            yield f"    {rule['expr']}"
        yield ""


def _plain(slo: ResolvedSlo, groups: list[dict[str, Any]]) -> dict[str, Any]:
    tiers = [
        {
            "name": tier.name,
            "severity": str(tier.severity),
            "long": str(tier.long),
            "short": str(tier.short),
            "factor": decimal_text(tier.factor),
            "threshold": decimal_text(tier.threshold),
            "budget_share": decimal_text(tier.budget_share),
            "smallest_outage_seconds": float(smallest_outage(tier, slo.indicator)),
            "min_bad": tier.min_bad,
        }
        for tier in slo.tiers
    ]
    return {
        "slo_id": slo.slo_id,
        "description": slo.description,
        "kind": kind_of(slo.indicator),
        "objective": str(slo.objective),
        "error_budget": decimal_text(slo.error_budget),
        "window": str(slo.window),
        "group_by": list(slo.group_by),
        "missing_data": str(slo.missing_data),
        "presence": str(slo.presence),
        "verified": slo.verified,
        "tiers": tiers,
        "dropped_tiers": {tier.name: tier.reason for tier in slo.dropped_tiers},
        "groups": groups,
    }
