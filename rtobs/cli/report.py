"""`rtobs report`: a week or a month of SLOs as one file, from an export."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.backtest.given import read_incidents
from rtobs.analytics.report import (
    History,
    Period,
    Report,
    as_json,
    histories,
    html,
    markdown,
    period_named,
    summarise,
)
from rtobs.analytics.store import About, open_export
from rtobs.cli.choice import add_incidents, add_slos, chosen
from rtobs.cli.exits import FINE
from rtobs.conventions import TOTAL_TILE
from rtobs.errors import ExportError
from rtobs.generate.files import write_file
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import load_fleet

__all__ = ["configure", "run"]

_FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "html": html,
    "markdown": markdown,
    "json": as_json,
}
_FEW: Final = 5
_HALF: Final = 0.5  # of a month; less is no month


def configure(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        "--export", metavar="DIR", required=True, help="folder or s3:// address of an export"
    )
    parser.add_argument(
        "--period",
        default="month",
        help="week or month (the last one that is complete), 2025-W10, 2025-03 or"
        " 2025-03-03/2025-03-17, which ends before its second day (default: month)",
    )
    add_slos(parser)
    add_incidents(parser)
    parser.add_argument(
        "--zone", default="UTC", help="time zone whose midnight begins a day (default: UTC)"
    )
    parser.add_argument("--format", choices=tuple(_FORMATS), default="html", help="default: html")
    parser.add_argument("--out", metavar="FILE", required=True, type=Path, help="file to write")


def run(options: Namespace) -> int:
    """Write the report; 2 when the export has nothing to say about what was asked."""
    fleet = load_fleet(options.slo_dir, options.site)
    slos = chosen(fleet.slos, options.slo)
    export = open_export(options.export)
    period = _period(options, export.about)
    known = {slo.slo_id for slo in fleet.slos}
    given = options.incidents
    incidents = None if given is None else read_incidents(given, known=known)
    asked = bool(options.slo)
    found = histories(export, slos, incidents=incidents, all_of_them=asked, end=period.end)
    made = summarise(
        _progress(found, len(slos)),
        period,
        site=fleet.setting.site.name,
        source=f"{export.about.source}, {export.about.server_version}",
        notes=_notes(export.about, period, _about_incidents(incidents, slos)),
    )
    made = _complete(made, slos)
    write_file(options.out, _FORMATS[options.format](made))
    count = len(made.sections)
    print(f"{options.out}: {_slos(count)}, {period.name}", file=sys.stderr)
    return FINE


def _period(options: Namespace, about: About) -> Period:
    try:
        period = period_named(options.period, about.end, options.zone)
    except ValueError as error:
        raise ExportError(f"--period and --zone: {error}") from error
    if period.end <= about.start or period.start >= about.end:
        raise ExportError(
            f"the export holds {_span(about)} and nothing of {period.name}; name a period within"
            f" it, such as --period {_days(about)}"
        )
    if options.period == "month" and _covered(about, period) < _HALF:
        raise ExportError(
            f"the export holds {_span(about)}, less than half of {period.name}: add --period week,"
            f" or name the days, such as --period {_days(about)}"
        )
    return period


def _days(about: About) -> str:
    """All its days as a period, which ends with the midnight before its second day."""
    first, last = (edge.astimezone(UTC) for edge in (about.start, about.end))
    behind = max(last - timedelta(microseconds=1), first).date() + timedelta(days=1)
    return f"{first.date()}/{behind}"


def _covered(about: About, period: Period) -> float:
    seen = min(about.end, period.end) - max(about.start, period.start)
    return seen / (period.end - period.start)


def _span(about: About) -> str:
    return f"{about.start:%Y-%m-%d %H:%M} to {about.end:%Y-%m-%d %H:%M} UTC"


def _notes(about: About, period: Period, incidents: str) -> Iterator[str]:
    if about.start > period.start or about.end < period.end:
        yield f"The export holds {_span(about)}, which is not the whole period."
    yield "Alerts are those of today's rules, replayed over the history in the export."
    yield incidents
    yield from (f"The server warned: {warning}" for warning in about.warnings)


def _about_incidents(given: pl.DataFrame | None, slos: Sequence[ResolvedSlo]) -> str:
    """Where they are from."""
    guess = "stretches of time that spent at least 2 % of a budget; their starts are guesses"
    if given is None:
        return f"Incidents are {guess}."
    asked = {slo.slo_id for slo in slos}
    others = given.filter(~pl.col("slo_id").is_in(sorted(asked))).height
    left = f" {others} incident{'s' * (others > 1)} of other SLOs left out." if others else ""
    return (
        "Incidents are those of the file; for SLOs that it does not name they are labelled found:"
        f" {guess}.{left}"
    )


def _slos(count: int) -> str:
    return f"{count} SLO{'' if count == 1 else 's'}"


def _complete(made: Report, slos: Sequence[ResolvedSlo]) -> Report:
    """The report with a note about SLOs that the export does not hold."""
    there = {section.slo.slo_id for section in made.sections}
    absent = [slo.slo_id for slo in slos if slo.slo_id not in there]
    if not there:
        raise ExportError(
            "the export holds no SLO of the definitions: export the series that the rules record"
            f" ({TOTAL_TILE} and the others), or the raw counters"
        )
    if not absent:
        return made
    listed = (
        ", ".join(absent) if len(absent) <= _FEW else f"{_slos(len(absent))} of the definitions"
    )
    note = f"The export does not hold {listed}; this report does not cover them."
    return replace(made, notes=(*made.notes, note))


def _progress(made: Iterable[History], count: int) -> Iterator[History]:
    shown = sys.stderr.isatty()
    for number, history in enumerate(made, start=1):
        if shown:
            print(f"\r{number} of {count} SLOs", end="", file=sys.stderr, flush=True)
        yield history
    if shown:
        print("\r\033[K", end="", file=sys.stderr)
