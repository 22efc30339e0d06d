"""What `rtobs export` prints: the plan, how far it is, and what came."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from rtobs.analytics.source import Plan, Progress
from rtobs.analytics.store import Export
from rtobs.cli.tables import columns
from rtobs.errors import ServerError
from rtobs.model.duration import Duration

__all__ = ["Trouble", "plan_lines", "show_progress", "summary"]

_SHOWN: Final = 40
_WIDEST: Final = 100  # characters of a query
_THOUSAND: Final = 1_000


def plan_lines(made: Plan) -> Iterator[str]:
    """What an export would ask, and how much would come."""
    mode = (
        "samples as they were scraped" if made.step is None else f"a grid of {_duration(made.step)}"
    )
    yield f"server    {made.server} at {made.source} (dialect {made.dialect})"
    yield f"time      {made.start:%Y-%m-%d %H:%M:%S} to {made.end:%Y-%m-%d %H:%M:%S} UTC, {mode}"
    requests = "1 request" if len(made.chunks) == 1 else f"{len(made.chunks):,} requests"
    size = _size(made.bytes)
    yield f"estimate  {sum(made.series):,} series, {made.rows:,} samples, {size}, {requests}"
    for warning in made.warnings:
        yield f"note      {warning}"
    yield ""
    rows = [
        (str(sum(c.question == n for c in made.chunks)), f"{made.series[n]:,}", _cut(q.query))
        for n, q in enumerate(made.questions)
        if made.series[n]
    ]
    if rows:
        yield columns(("requests", "series", "query"), rows[:_SHOWN], right=(0, 1))
    if len(rows) > _SHOWN:
        yield f"and {len(rows) - _SHOWN} more queries"
    if hidden := len(made.questions) - len(rows):
        yield f"{hidden} {'query' if hidden == 1 else 'queries'} without a series not shown"


def _duration(step: timedelta) -> Duration:
    return Duration(int(step.total_seconds()))


def _cut(query: str) -> str:
    """The beginning of a long query, in one line."""
    line = " ".join(query.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def show_progress(progress: Progress) -> None:
    """Replace the line of a terminal."""
    failed = f", {progress.failed} failed" if progress.failed else ""
    text = f"{progress.done}/{progress.chunks} requests, {progress.rows:,} samples{failed}"
    print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)


@dataclass(slots=True)
class Trouble:
    """Says on a terminal why nothing happens for a while; each reason once."""

    said: set[str] = field(default_factory=set)

    def __call__(self, error: ServerError) -> None:
        """A request failed and is sent again after a pause."""
        if str(error) not in self.said:
            self.said.add(str(error))
            print(f"\r{error}; trying again…", file=sys.stderr, flush=True)


def summary(export: Export, where: str) -> Iterator[str]:
    """What is in an export, what the server remarked, and what is missing."""
    facts = export.metric_facts
    rows = [
        (
            metric,
            f"{series:,}",
            f"{samples:,}",
            *(f"{ts:%Y-%m-%d %H:%M}" if ts else "-" for ts in ends),
        )
        for metric, series, samples, *ends in facts.iter_rows()
    ]
    headings = ("metric", "series", "samples", "first", "last")
    if rows:
        yield columns(headings, rows[:_SHOWN], right=(1, 2))
    if len(rows) > _SHOWN:
        yield f"and {len(rows) - _SHOWN} more metrics"
    yield ""
    about = export.about
    samples, series = (int(facts[name].sum()) for name in ("samples", "series"))
    yield f"{samples:,} samples of {series:,} series, {_size(export.size)}, in {where}"
    if about.histograms_skipped:
        yield f"left out: {about.histograms_skipped:,} answers with native histograms"
    for warning in about.warnings:
        yield f"the server remarks: {warning}"
    for hole in about.holes:
        start, end = (f"{edge:%Y-%m-%d %H:%M:%S}" for edge in (hole.start, hole.end))
        yield f"missing: {_cut(hole.query)} from {start} to {end} UTC: {hole.reason}"
    if about.holes:
        yield "run the same command again to fetch what is missing"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _THOUSAND or unit == "GB":
            break
        value /= _THOUSAND
    return f"{value:.3g} {unit}" if unit != "B" else f"{count} B"
