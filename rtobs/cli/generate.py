"""`rtobs generate`: write every artefact, or say how they differ from what is committed."""

from __future__ import annotations

import difflib
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from rtobs import conventions as names
from rtobs.cli.choice import add_domain, chosen_services
from rtobs.cli.exits import FINDINGS, FINE, USAGE
from rtobs.cli.problems import show_problems
from rtobs.cli.tables import columns
from rtobs.documents import read_text
from rtobs.generate import Artefact, Change, Inputs, Kind, Plan, artefacts, plan, write
from rtobs.model.slo import ResolvedService
from rtobs.slo.fleet import Fleet, load_fleet

__all__ = ["configure", "run"]

_PATCHES_DIR: Final = "dashboards"
_DIFF_LINES: Final = 12
_HEADINGS: Final = ("domain", "service", "SLOs", "pages", "tickets", "causes", "rules", "source")


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when files differ")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path(), help="output directory (default: here)"
    )
    add_domain(parser)
    parser.add_argument("--only", metavar="SERVICE", default="", help="only this service")
    parser.add_argument(
        "--force", action="store_true", help="overwrite what was edited by hand or is not listed"
    )


def run(options: Namespace) -> int:
    """Generate.

    Returns:
        0 when all is written (or the same), 1 on drift or findings, 2 on wrong usage.
    """
    fleet = load_fleet(options.slo_dir, options.site)
    show_problems(fleet.problems, sys.stderr)
    chosen = _chosen(fleet, options)
    if chosen is not None and not chosen:
        print(f"rtobs generate: there is no service in domain {options.domain}", file=sys.stderr)
        return USAGE
    inputs = Inputs(fleet, _notes(options.out), _patches(options.slo_dir))
    made = artefacts(inputs, None if chosen is None else [service.name for service in chosen])
    planned = plan(made, options.out, whole=chosen is None)
    if options.check:
        return _check(planned)
    write(planned, force=options.force)
    print(_summary(fleet.services if chosen is None else chosen, made, planned))
    if chosen is not None:
        print("the index and the fleet's files were left as they are", file=sys.stderr)
    return FINE


def _chosen(fleet: Fleet, options: Namespace) -> list[ResolvedService] | None:
    if not options.only and not options.domain:
        return None
    return chosen_services(fleet.services, options.domain, options.only)


def _notes(out: Path) -> Mapping[str, str]:
    folder = out / names.RUNBOOK_NOTES_DIR
    return {path.stem: read_text(path) for path in sorted(folder.glob("*.md"))}


def _patches(slo_dir: Path) -> Mapping[str, str]:
    folder = slo_dir / _PATCHES_DIR
    return {path.as_posix(): read_text(path) for path in sorted(folder.glob("*.libsonnet"))}


def _check(planned: Plan) -> int:
    if not planned.drift:
        print(f"{len(planned.changes)} files are as generated")
        return FINE
    for change in planned.drift:
        print(f"{change.path}: {change.kind}")
        for line in _difference(change):
            print(f"   {line}")
    advice = "move that work into slo/, or run `rtobs generate --force`"
    advice = advice if planned.blocked else "run `rtobs generate`"
    print(f"{len(planned.drift)} of {len(planned.changes)} files differ; {advice}")
    return FINDINGS


def _difference(change: Change) -> Iterable[str]:
    """The first lines of what would change."""
    if change.artefact is None or change.kind in {Kind.NEW, Kind.DELETED}:
        return ()
    after = change.artefact.text.splitlines()
    lines = list(difflib.unified_diff(change.before.splitlines(), after, n=0, lineterm=""))[2:]
    shown = [line[:160] for line in lines[:_DIFF_LINES]]
    rest = len(lines) - len(shown)
    return [*shown, f"... and {rest} more lines"] if rest else shown


def _summary(services: Iterable[ResolvedService], made: Iterable[Artefact], planned: Plan) -> str:
    texts = {artefact.path: artefact.text for artefact in made}
    rows = [_row(service, texts) for service in services]
    kinds = Counter(change.kind for change in planned.changes)
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in Kind if kinds[kind])
    table = columns(_HEADINGS, rows, right={2, 3, 4, 5, 6})
    return f"{table}\n\n{len(planned.changes)} files: {counted}"


def _row(service: ResolvedService, texts: Mapping[str, str]) -> tuple[str, ...]:
    rules = texts[f"{names.ALERTS_DIR}/{service.domain}/{service.name}.yaml"]
    tiers = Counter(tier.severity for slo in service.slos for tier in slo.tiers)
    causes = rules.count(f"causes-{service.name}.md#")
    counts = (
        len(service.slos),
        tiers[names.Severity.CRITICAL],
        tiers[names.Severity.WARNING],
        causes,
        rules.count("  expr: "),
    )
    return (service.domain, service.name, *(str(count) for count in counts), service.source)
