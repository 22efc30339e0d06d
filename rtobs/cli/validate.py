"""`rtobs validate`: everything that is wrong with the definitions, in one run."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from rtobs.cli.exits import FINDINGS, FINE, USAGE
from rtobs.cli.problems import FORMATS, problems_text, summary
from rtobs.errors import DefinitionError
from rtobs.problems import Level, has_errors
from rtobs.slo.checks.explanations import EXPLANATIONS
from rtobs.slo.fleet import load_fleet

__all__ = ["configure", "run"]


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="output format")
    parser.add_argument("--strict", action="store_true", help="warnings fail as errors do")
    parser.add_argument("--explain", metavar="ID", default="", help="explain one kind of problem")


def run(options: Namespace) -> int:
    """Print the problems.

    Returns:
        0 without errors, 1 with errors (or warnings, when strict), 2 for an unknown id.

    Raises:
        ConfigurationError: there is no such folder.
    """
    if options.explain:
        return _explain(options.explain)
    try:
        fleet = load_fleet(options.slo_dir, options.site)
        problems, slos = fleet.problems, len(fleet.slos)
    except DefinitionError as error:
        problems, slos = error.problems, 0
    if problems or options.format != "text":
        print(problems_text(problems, options.format))
    counted = f"{slos} SLOs: " if slos else ""
    print(f"{counted}{summary(problems)}", file=sys.stderr)
    warned = options.strict and any(problem.level is Level.WARNING for problem in problems)
    return FINDINGS if has_errors(problems) or warned else FINE


def _explain(wanted: str) -> int:
    if wanted not in EXPLANATIONS:
        print(f'rtobs validate: no problem has the id "{wanted}"', file=sys.stderr)
        return USAGE
    print(EXPLANATIONS[wanted])
    return FINE
