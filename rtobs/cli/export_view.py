"""What `rtobs export` prints: the plan, how far it is, and what came."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from rtobs.analytics.source import Plan, Progress
from rtobs.analytics.store import Export
from rtobs.cli.tables import columns

__all__ = ["plan_lines", "show_progress", "summary"]

_SHOWN: Final = 40
_THOUSAND: Final = 1_000


def plan_lines(made: Plan) -> Iterator[str]:
    """What an export would ask, and how much would come."""
    mode = "samples as they were scraped" if made.step is None else f"a grid of {made.step}"
    yield f"server    {made.server} at {made.source} (dialect {made.dialect})"
    yield f"time      {made.start:%Y-%m-%d %H:%M:%S} to {made.end:%Y-%m-%d %H:%M:%S} UTC, {mode}"
    requests = "1 request" if len(made.chunks) == 1 else f"{len(made.chunks):,} requests"
    size = _size(made.bytes)
    yield f"estimate  {sum(made.series):,} series, {made.rows:,} samples, {size}, {requests}"
    for warning in made.warnings:
        yield f"note      {warning}"
    yield ""
    rows = [
        (str(sum(chunk.question == n for chunk in made.chunks)), f"{made.series[n]:,}", q.query)
        for n, q in enumerate(made.questions)
    ]
    yield columns(("requests", "series", "query"), rows[:_SHOWN], right=(0, 1))
    if len(rows) > _SHOWN:
        yield f"and {len(rows) - _SHOWN} more queries"


def show_progress(progress: Progress) -> None:
    """Replace the line of a terminal."""
    failed = f", {progress.failed} failed" if progress.failed else ""
    text = f"{progress.done}/{progress.chunks} requests, {progress.rows:,} samples{failed}"
    print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)


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
    yield columns(headings, rows[:_SHOWN], right=(1, 2))
    if len(rows) > _SHOWN:
        yield f"and {len(rows) - _SHOWN} more metrics"
    if not rows:
        yield "nothing matched in that time"
    yield ""
    about = export.about
    samples, series = (int(facts[name].sum()) for name in ("samples", "series"))
    yield f"{samples:,} samples of {series:,} series, {_size(export.size)}, in {where}"
    if about.histograms_skipped:
        yield f"left out: {about.histograms_skipped:,} answers with native histograms"
    for warning in about.warnings:
        yield f"the server remarks: {warning}"
    for hole in about.holes:
        yield f"missing: {hole.query} from {hole.start} to {hole.end}: {hole.reason}"
    if about.holes:
        yield "run the same command again to fetch what is missing"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _THOUSAND or unit == "GB":
            break
        value /= _THOUSAND
    return f"{value:.3g} {unit}" if unit != "B" else f"{count} B"
