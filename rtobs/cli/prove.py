"""`rtobs prove`: put every prediction about the alerts to promtool.

The verb runs the committed tests in `tests/rules/` over the committed rules in `alerts/` and prints
for each tier of each SLO when it fires after a step and when it resets after the recovery, as the
independent evaluator predicts it and as promtool measured it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rtobs.cli.choice import add_domain, add_slos, chosen
from rtobs.cli.exits import FINDINGS, FINE, USAGE
from rtobs.cli.tables import columns
from rtobs.proof.prover import Proof, Report, prove
from rtobs.proof.runner import find_promtool
from rtobs.slo.fleet import Fleet, load_fleet

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from rtobs.catalogue.facts import CauseAlert
    from rtobs.model.slo import ResolvedService

__all__ = ["Load", "configure", "run"]


Load = Callable[[Path, str], Fleet]

_HEADINGS: Final = ("SLO", "tier", "fires after", "seen", "resets after", "seen", "")


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    add_slos(parser)
    add_domain(parser)
    parser.add_argument(
        "--promtool",
        metavar="PATH",
        default="",
        help="the promtool to use (default: $RTOBS_PROMTOOL, then PATH, then .parts/)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format")


def run(options: Namespace, load: Load = load_fleet) -> int:
    """Prove the selected services.

    Args:
        options: the options above, and those that all verbs have.
        load: reads the definitions.

    Returns:
        0 when every check holds, 1 when one does not, 2 when nothing could be run.
    """
    promtool = find_promtool(options.promtool)
    if promtool is None:
        named = f'"{options.promtool}" is no program' if options.promtool else "found no promtool"
        return _usage(f"{named}; name one with --promtool or $RTOBS_PROMTOOL, or run `make parts`")
    fleet = load(options.slo_dir, options.site)
    wanted = _wanted(fleet, options)
    if not wanted:
        none = "none of these SLOs is" if options.slo else "there is no SLO"
        return _usage(none + (f" in domain {options.domain}" if options.domain else ""))
    report = prove(_services(fleet, wanted), fleet.setting.site, promtool, Path(), fleet.known)
    proofs = [proof for proof in report.proofs if proof.slo_id in wanted]
    print(_json(proofs, report) if options.format == "json" else _text(proofs, report))
    return FINDINGS if report.findings else FINE


def _usage(message: str) -> int:
    print(f"rtobs prove: {message}", file=sys.stderr)
    return USAGE


def _wanted(fleet: Fleet, options: Namespace) -> set[str]:
    """Ids of the SLOs that the options select."""
    slos = chosen(fleet.slos, options.slo)
    return {slo.slo_id for slo in slos if options.domain in (None, slo.domain)}


def _services(
    fleet: Fleet, wanted: Collection[str]
) -> tuple[tuple[ResolvedService, tuple[CauseAlert, ...]], ...]:
    """The services of these SLOs; an SLO is proven with its whole service."""
    return tuple(
        (service, fleet.causes[service.name])
        for service in fleet.services
        if any(slo.slo_id in wanted for slo in service.slos)
    )


def _text(proofs: list[Proof], report: Report) -> str:
    lines = [columns(_HEADINGS, [_row(proof) for proof in proofs], right={2, 3, 4, 5})]
    lines += ["", *(str(finding) for finding in report.findings)] if report.findings else []
    slos = len({proof.slo_id for proof in proofs})
    ending = f"{len(report.findings)} do not hold" if report.findings else "all hold"
    lines += ["", f"{len(proofs)} tiers of {slos} SLOs; {report.checks} checks, {ending}"]
    return "\n".join(lines)


def _row(proof: Proof) -> tuple[str, ...]:
    times = (proof.fires, proof.fires_seen, proof.resets, proof.resets_seen)
    verdict = "ok" if proof.passed else "DIFFERS"
    return (proof.slo_id, proof.tier, *(_minutes(time) for time in times), verdict)


def _minutes(time: int | str | None) -> str:
    if time is None:
        return "never"
    return f"{time} min" if str(time)[-1].isdigit() else str(time)


def _json(proofs: list[Proof], report: Report) -> str:
    content = {
        "proofs": [asdict(proof) for proof in proofs],
        "findings": [asdict(finding) for finding in report.findings],
        "checks": report.checks,
    }
    return json.dumps(content, indent=2)
