"""The entry point: parses the words, calls the verb, turns errors into exit codes.

0 is fine, 1 findings or drift, 2 wrong usage or an internal error. Verbs are imported when they
are called, so a verb works when the extras of the others are not installed.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rtobs.cli.exits import FINDINGS, FINE, INTERRUPTED, USAGE
from rtobs.cli.problems import show_problems
from rtobs.errors import DefinitionError, GenerationError, MissingExtraError, RtobsError

__all__ = ["main"]

_DEBUG: Final = "RTOBS_DEBUG"


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of the command line.

    Attributes:
        name: the word.
        help: what it does, for the list of verbs.
        extra: extra of the package that it needs, "" for none.
    """

    name: str
    help: str
    extra: str


VERBS: Final = (
    Verb("validate", "say everything that is wrong with the definitions", "definitions"),
    Verb("generate", "write rules, tests, dashboards and runbooks", "generate"),
    Verb("list", "list the SLOs", "definitions"),
    Verb("show", "explain one SLO in minutes, events and expressions", "definitions"),
    Verb("prove", "run the generated tests and compare with the predictions", "definitions"),
    Verb("catalogue", "look up components and their metrics", "definitions"),
    Verb("schema", "print a JSON Schema for editors", "definitions"),
    Verb("export", "fetch metrics of a Prometheus as Parquet files", "analytics"),
    Verb("backtest", "say what the alerts would have done over an export", "analytics"),
    Verb("report", "report on the SLOs of a week or a month, from an export", "analytics"),
    Verb("doctor", "say what telemetry would do here, and whether it arrives", ""),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: words after the program's name, default those of the process.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _parse(words)
        code = int(options.run(options))
        sys.stdout.flush()  # a reader that left shows here at the latest, not when Python ends
    except DefinitionError as error:
        show_problems(error.problems, sys.stderr)
        return FINDINGS
    except RtobsError as error:
        return _fail(error, FINDINGS if isinstance(error, GenerationError) else USAGE)
    except BrokenPipeError:
        # The reader left (`| head`). Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last line of defence: no traceback for users
        return _internal(error)
    else:
        return code


def _internal(error: Exception) -> int:
    if os.environ.get(_DEBUG):
        traceback.print_exc()
    return _fail(f"internal error: {error!r} (set {_DEBUG}=1 for the traceback)", USAGE)


def _fail(error: object, code: int) -> int:
    print(f"rtobs: {error}", file=sys.stderr)
    return code


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="rtobs",
        description="SLOs for an AI platform: one definition becomes rules, proofs and dashboards.",
        epilog="Documentation: docs/ of the repository. `rtobs VERB --help` explains a verb.",
    )
    parser.add_argument("--version", action="version", version=f"rtobs {version('rtobs')}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True, dest="verb")
    called = next((word for word in words if not word.startswith("-")), "")
    for verb in VERBS:
        about = f"{verb.help[:1].upper()}{verb.help[1:]}."
        sub = verbs.add_parser(verb.name, help=verb.help, description=about)
        if verb.name == called:
            _configure(verb, sub)
    return parser.parse_args(words)


def _configure(verb: Verb, parser: argparse.ArgumentParser) -> None:
    """Load the verb that is called, and only that."""
    try:
        module = import_module(f"rtobs.cli.{verb.name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("rtobs"):
            raise
        raise MissingExtraError(verb.extra, f"rtobs {verb.name}") from error
    _common(parser)
    module.configure(parser)
    parser.set_defaults(run=module.run)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--slo-dir",
        metavar="DIR",
        type=Path,
        default=Path("slo"),
        help="definitions (default: slo)",
    )
    parser.add_argument(
        "--site", metavar="ENV", default="", help="environment of site.yaml (default: its default)"
    )
