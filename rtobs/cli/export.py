"""`rtobs export`: samples of a Prometheus as Parquet files, for notebooks and reports."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from urllib3 import disable_warnings
from urllib3.exceptions import InsecureRequestWarning

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.source import (
    Events,
    NothingFoundError,
    Plan,
    Question,
    download,
    plan,
    questions_of,
)
from rtobs.analytics.source.events import GRID, has_counters, has_series
from rtobs.analytics.store import Export
from rtobs.analytics.store.vacancy import refuse_other_files
from rtobs.cli.choice import chosen
from rtobs.cli.exits import FINDINGS, FINE
from rtobs.cli.export_view import Trouble, plan_lines, show_progress, summary
from rtobs.cli.times import duration, instant, instant_or_now
from rtobs.errors import ExportError
from rtobs.model.slo import ResolvedSlo
from rtobs.prometheus import Basic, Client, Connection, Credentials, Token, TokenFile
from rtobs.prometheus.transport import Transport
from rtobs.slo.fleet import load_fleet

__all__ = ["configure", "run"]

TOKEN_VARIABLE: Final = "RTOBS_PROMETHEUS_TOKEN"  # noqa: S105  # the name of a variable
USER_VARIABLE: Final = "RTOBS_PROMETHEUS_USER"
PASSWORD_VARIABLE: Final = "RTOBS_PROMETHEUS_PASSWORD"  # noqa: S105  # the name of a variable
_LISTED: Final = 5


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.epilog = (
        f"A token can stand in {TOKEN_VARIABLE}, a user and a password in {USER_VARIABLE} and"
        f" {PASSWORD_VARIABLE}. docs/how-to/export-metrics.md shows how it is used."
    )
    add = parser.add_argument
    add("--url", required=True, help="address of Prometheus, Mimir, Thanos or VictoriaMetrics")
    add(
        "--from",
        required=True,
        type=instant,
        dest="start",
        metavar="TIME",
        help="first instant: 2026-11-01, 2026-11-01T12:30:00+01:00 (UTC without a zone), now-7d",
    )
    add(
        "--to",
        type=instant_or_now,
        dest="end",
        default=None,
        metavar="TIME",
        help="last instant, included (default: now)",
    )
    add("--out", metavar="DIR", help="folder of the export, or s3://bucket/prefix")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--select",
        action="append",
        metavar="PROMQL",
        help="a selector, or with --step any expression; may repeat",
    )
    what.add_argument(
        "--slo", action="extend", nargs="+", metavar="ID", help="what these SLOs need, by slo_id"
    )
    what.add_argument("--all-slos", action="store_true", help="what all SLOs need")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--step",
        type=duration,
        metavar="1m",
        help="values on a grid; without it, samples with the times of their scrapes",
    )
    how.add_argument("--raw", action="store_true", help="samples as they were scraped (default)")
    add(
        "--events",
        choices=[str(way) for way in Events],
        default=str(Events.RECORDED),
        help="for SLOs: the series that the rules recorded, what they would have recorded as the"
        " server computes it now, or the raw counters (default: recorded)",
    )
    add("--plan", action="store_true", help="say what would be asked, and stop")
    add(
        "--dialect",
        choices=[str(one) for one in Dialect],
        help="how the server reads a range, where its version does not say",
    )
    _connection_options(parser)


def _connection_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--tenant", default="", help="tenant, sent as X-Scope-OrgID")
    add("--token-file", type=Path, metavar="FILE", help="bearer token; read for each request")
    add("--ca", type=Path, metavar="FILE", help="certificate authority of the server")
    add("--insecure", action="store_true", help="do not check the certificate of the server")
    add("--compress", action="store_true", help="have answers packed: for slow networks only")
    add("--concurrency", type=int, default=4, metavar="N", help="requests at a time (default: 4)")
    add(
        "--resume",
        action=BooleanOptionalAction,
        default=True,
        help="go on where an interrupted export was (default)",
    )


def run(options: Namespace) -> int:
    """Export; 1 when something is missing."""
    if options.concurrency < 1:
        raise ExportError("--concurrency is 1 at least")
    if not options.out and not options.plan:
        raise ExportError("--out says where the export goes")
    slos, questions = _wanted(options)
    if options.out and not options.plan:
        refuse_other_files(options.out)
    with Client(_transport(options)) as client:
        made = plan(
            client,
            questions,
            options.start,
            options.end,
            step=_step(options),
            dialect=None if options.dialect is None else Dialect(options.dialect),
        )
        missing = _unknown(options, slos, made)
        if options.plan:
            print("\n".join(plan_lines(made)))
            return FINE
        try:
            export = _download(options, made, client)
        except NothingFoundError as error:
            print(error)
            return FINDINGS
    print("\n".join(summary(export, options.out)))
    missing += _without_series(options, slos, export)
    whole = not export.about.holes and export.metrics and not missing
    return FINE if whole else FINDINGS


def _download(options: Namespace, made: Plan, client: Client) -> Export:
    on_terminal = sys.stderr.isatty()
    try:
        return download(
            made,
            client,
            options.out,
            concurrency=options.concurrency,
            resume=options.resume,
            report=show_progress if on_terminal else lambda _: None,
        )
    except KeyboardInterrupt:
        print("\nrtobs export: the same command goes on from here", file=sys.stderr)
        raise
    finally:
        if on_terminal:
            print(file=sys.stderr)


# --- what -----------------------------------------------------------------------------------------
def _slos(options: Namespace) -> list[ResolvedSlo]:
    if options.select:
        return []
    if options.step is not None:
        raise ExportError("--step goes with --select; the grid of an SLO is that of its rules")
    return chosen(load_fleet(options.slo_dir, options.site).slos, options.slo or ())


def _wanted(options: Namespace) -> tuple[list[ResolvedSlo], list[Question]]:
    """The SLOs that are exported, and what to ask for them or for selectors."""
    if options.select:
        return [], [Question(query) for query in dict.fromkeys(options.select)]
    way = Events(options.events)
    slos = _slos(options)
    without = [slo for slo in slos if way == Events.COUNTERS and not has_counters(slo)]
    kept = [slo for slo in slos if slo not in without]
    if without:
        said = f"without counters: {_listed(without)}"
        other = "--events recorded and --events expressions have them"
        if not (options.all_slos and kept):
            raise ExportError(f"{said}; leave them out; {other}")
        print(f"rtobs export: {said}; they are left out; {other}", file=sys.stderr)
    questions = (question for slo in kept for question in questions_of(slo, way))
    return kept, list({(q.query, q.record, *q.labels.values()): q for q in questions}.values())


def _listed(slos: Sequence[ResolvedSlo]) -> str:
    listed = ", ".join(slo.slo_id for slo in slos[:_LISTED])
    return listed if len(slos) <= _LISTED else f"{listed} and {len(slos) - _LISTED} more"


def _step(options: Namespace) -> timedelta | None:
    if options.step is not None:
        return timedelta(seconds=options.step.seconds)
    return GRID if not options.select and options.events == Events.EXPRESSIONS else None


def _unknown(options: Namespace, slos: Sequence[ResolvedSlo], made: Plan) -> list[ResolvedSlo]:
    """SLOs that the server has no recorded series of; says what to do."""
    if not slos or options.events != Events.RECORDED:
        return []
    unknown = [slo for slo, series in zip(slos, made.series, strict=True) if not series]
    if not unknown:
        return []
    said = (
        f"there are no recorded series of {_listed(unknown)} in that time, so their rules did not"
        " run on this server; --events expressions has the server compute what they would have"
        " recorded"
    )
    if len(unknown) == len(slos):
        raise ExportError(said)
    print(f"rtobs export: {said}", file=sys.stderr)
    return unknown


def _without_series(
    options: Namespace, slos: Sequence[ResolvedSlo], export: Export
) -> list[ResolvedSlo]:
    """SLOs whose counters or expressions brought nothing; names them."""
    if options.events == Events.RECORDED:
        return []
    way = Events(options.events)
    unknown = [slo for slo in slos if not has_series(export, slo, way)]
    if unknown:
        print(f"rtobs export: no series of {_listed(unknown)} in that time", file=sys.stderr)
    return unknown


# --- where ----------------------------------------------------------------------------------------
def _transport(options: Namespace) -> Transport:
    transport = Transport.to(_connection(options))
    if sys.stderr.isatty():
        transport.on_failure = Trouble()
    return transport


def _connection(options: Namespace) -> Connection:
    if options.insecure:  # it was asked for; a warning for each request says nothing new
        disable_warnings(InsecureRequestWarning)
    return Connection(
        options.url,
        credentials=_credentials(options),
        tenant=options.tenant,
        ca=options.ca,
        verify=not options.insecure,
        compress=options.compress,
    )


def _credentials(options: Namespace) -> Credentials | None:
    if options.token_file is not None:
        return TokenFile(options.token_file)
    if token := os.environ.get(TOKEN_VARIABLE):
        return Token(token)
    if user := os.environ.get(USER_VARIABLE):
        return Basic(user, os.environ.get(PASSWORD_VARIABLE, ""))
    return None
