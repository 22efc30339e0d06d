"""`rtobs doctor`: what telemetry would do in this environment, and whether it arrives."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from rtobs.cli.diagnosis.finding import Finding, State
from rtobs.cli.diagnosis.packages import extra_findings, instrumentation_findings
from rtobs.cli.diagnosis.receiver import signal_findings
from rtobs.cli.diagnosis.roundtrip import Backends, round_trip
from rtobs.cli.diagnosis.settings import decide, setting_findings, unknown_variables
from rtobs.cli.exits import FINDINGS, FINE
from rtobs.cli.tables import columns
from rtobs.errors import ConfigurationError
from rtobs.telemetry import readers
from rtobs.telemetry.options import Options

__all__ = ["configure", "run"]

_HEADINGS: Final = ("about", "state", "found", "from", "do")
_ASKED: Final = ("tempo", "loki", "prometheus")


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument("--service", help="what the code gives to rtobs.init as its service")
    parser.add_argument("--endpoint", type=_url, help="what it gives as endpoint")
    parser.add_argument(
        "--timeout", type=_seconds, default=2.0, help="seconds for one receiver (default: 2)"
    )
    parser.add_argument(
        "--round-trip", action="store_true", help="send a trace, a log and a metric, and find them"
    )
    for name in _ASKED:
        parser.add_argument(f"--{name}", type=_url, help=f"URL of {name.title()}")
    parser.add_argument(
        "--wait", type=_seconds, default=15.0, help="seconds until they are there (default: 15)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format")


def run(options: Namespace) -> int:
    """Print the findings.

    Raises:
        ConfigurationError: the options contradict each other, or an argument is wrong.
    """
    asked = [getattr(options, name) for name in _ASKED]
    if options.round_trip != any(asked):
        raise ConfigurationError(
            "--round-trip goes with --tempo, --loki and --prometheus, one of them at least"
        )
    findings = list(_findings(options))
    if options.format == "json":
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        rows = [(one.about, one.state, one.text, one.origin, one.hint) for one in findings]
        print(columns(_HEADINGS, rows))
    return FINDINGS if any(one.state is State.BROKEN for one in findings) else FINE


def _findings(options: Namespace) -> Iterator[Finding]:
    given: Options = {}
    if options.endpoint is not None:
        given["endpoint"] = options.endpoint
    decided = decide(options.service, given, os.environ)
    yield from setting_findings(decided)
    yield from decided.faults
    yield from unknown_variables(os.environ)
    yield from extra_findings()
    yield from instrumentation_findings()
    yield from signal_findings(decided, options.timeout)
    if options.round_trip and not decided.faults:
        backends = Backends(*(getattr(options, name) or "" for name in _ASKED))
        yield from round_trip(decided.settings, given, backends, options.wait)


def _url(text: str) -> str:
    try:
        return readers.url(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        return readers.seconds(60.0)(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
