"""What an export will ask, before it asks: the requests, and how much will come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.source.chunks import Chunk, series_shards, span_for, time_chunks
from rtobs.analytics.source.questions import Question
from rtobs.analytics.source.volume import Volume, measure
from rtobs.analytics.store.about import Mode
from rtobs.errors import ExportError
from rtobs.prometheus import Client, Server

__all__ = ["Plan", "plan"]

BUDGET: Final = 350_000  # samples of one answer: about 8 MB of JSON
_BYTES_A_ROW: Final = 2.5  # of Parquet, measured on counters and rates
_FEW_POINTS: Final = 200  # fewer points a series and the labels would be most of the answer
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """An export that can be carried out, and carried on.

    Attributes:
        source: address of the server, without credentials.
        tenant: tenant that is asked, "" for none.
        server: what the server says it is.
        dialect: how it reads a range.
        questions: what is asked.
        start: first instant, UTC.
        end: last instant, UTC.
        mode: raw samples or a grid.
        step: distance of grid points; None for raw samples.
        chunks: the requests, in order.
        series: estimated series of each question.
        rows: estimated samples.
        warnings: what whoever reads the export should know.
        until_now: whether the end is the moment of planning, so a resumed export keeps the old.
    """

    source: str
    tenant: str
    server: Server
    dialect: Dialect
    questions: tuple[Question, ...]
    start: datetime
    end: datetime
    mode: Mode
    step: timedelta | None
    chunks: tuple[Chunk, ...]
    series: tuple[int, ...]
    rows: int
    warnings: tuple[str, ...] = ()
    until_now: bool = False

    @property
    def bytes(self) -> int:
        """Estimated size of the files."""
        return int(self.rows * _BYTES_A_ROW)

    def request(self) -> dict[str, Any]:
        """What was asked for, as plain words; two plans with the same request can be one export."""
        return {
            "source": self.source,
            "tenant": self.tenant,
            "mode": self.mode,
            "step_ms": None if self.step is None else self.step // _MILLISECOND,
            "dialect": str(self.dialect),
            "start": self.start.isoformat(),
            "end": "now" if self.until_now else self.end.isoformat(),
            "questions": [
                {
                    "query": q.query,
                    "record": q.record,
                    "labels": dict(sorted(q.labels.items())),
                    "step_ms": None if q.step is None else q.step // _MILLISECOND,
                }
                for q in self.questions
            ],
        }

    @property
    def digest(self) -> str:
        """Names the request; for an end of "now", whenever that was."""
        return hashlib.sha256(json.dumps(self.request(), sort_keys=True).encode()).hexdigest()


def plan(  # noqa: PLR0913  # what an export is made of; all but three by name
    client: Client,
    questions: Sequence[Question],
    start: datetime,
    end: datetime | None = None,
    *,
    step: timedelta | None = None,
    dialect: Dialect | None = None,
    budget: int = BUDGET,
) -> Plan:
    """Plan an export; asks the server for its version and for counts, not for samples.

    Args:
        client: of the server.
        questions: what to export. Without a step each must be a selector.
        start: first instant, aware. A grid begins at the multiple of the step before it.
        end: last instant, aware, included; None for now.
        step: distance of grid points; None for raw samples with the times of their scrapes.
        dialect: how the server reads a range; default what its version says.
        budget: samples of one request, about.

    Raises:
        ExportError: the question or the times make no sense.
        ServerError: the server fails.
    """
    if not questions:
        raise ExportError("nothing is asked for; name a selector or an SLO")
    first, last = _edges(start, end, step)
    for question in questions:
        if step is None and not question.is_selector:
            raise ExportError(
                f"{question.query} is no plain selector, so it has no raw samples;"
                " give a step (--step 1m)"
            )
    server = client.server()
    spoken, warnings = _dialect(server, dialect)
    made = Plan(
        source=client.connection.url,
        tenant=client.connection.tenant,
        server=server,
        dialect=spoken,
        questions=tuple(questions),
        start=first,
        end=last,
        mode="raw" if step is None else "grid",
        step=step,
        chunks=(),
        series=(),
        rows=0,
        warnings=warnings,
        until_now=end is None,
    )
    return _cut(client, made, budget)


def _edges(
    start: datetime, end: datetime | None, step: timedelta | None
) -> tuple[datetime, datetime]:
    """Both instants in UTC, on the grid or in whole milliseconds."""
    last = datetime.now(UTC) if end is None else end
    if start.tzinfo is None or last.tzinfo is None:
        raise ExportError("start and end need a time zone")
    if step is not None and (step < timedelta(seconds=1) or step % timedelta(seconds=1)):
        raise ExportError("the step of a grid is a whole number of seconds")
    unit = 1 if step is None else step // _MILLISECOND
    first_ms, last_ms = (milliseconds(instant) // unit * unit for instant in (start, last))
    if last_ms < first_ms:
        ends = (f"{edge.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" for edge in (last, start))
        raise ExportError("the export would end ({}) before it starts ({})".format(*ends))
    return instant_of(first_ms), instant_of(last_ms)


def _dialect(server: Server, given: Dialect | None) -> tuple[Dialect, tuple[str, ...]]:
    if given is not None:
        return given, ()
    if server.software == "Prometheus":
        try:
            if not server.version.startswith("0."):  # Thanos does not say its name
                return Dialect.of_version(server.version), ()
        except ValueError:
            pass
    said = f"{server} does not say which Prometheus it evaluates like; v3 is assumed"
    return Dialect.V3, (said,)


def _cut(client: Client, made: Plan, budget: int) -> Plan:
    chunks: list[Chunk] = []
    series: list[int] = []
    rows = 0
    for index, question in enumerate(made.questions):
        volume = measure(client, question, made.start, made.end, step_of(made, question))
        chunks += _chunks(client, made, index, volume, budget)
        series.append(volume.series)
        rows += volume.rows
    return replace(made, chunks=tuple(chunks), series=tuple(series), rows=rows)


def _chunks(client: Client, made: Plan, index: int, volume: Volume, budget: int) -> list[Chunk]:
    question = made.questions[index]
    step = step_of(made, question)
    most = max(1, budget // _FEW_POINTS)  # series of one request
    queries = [question.query]
    if volume.series > most and question.is_selector:
        labels = client.series([question.query], made.start, made.end).value
        queries = series_shards(question.expression, labels, -(-len(labels) // most))
    span = span_for(
        volume.rate / len(queries), None if step is None else step // _MILLISECOND, budget
    )
    first, behind = milliseconds(made.start), milliseconds(made.end) + 1
    return [
        Chunk(index, query, start, end)
        for start, end in time_chunks(first, behind, span)
        for query in queries
    ]


def step_of(made: Plan, question: Question) -> timedelta | None:
    """Distance of the grid points of one question."""
    return question.step if made.step is not None and question.step is not None else made.step


def milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND


def instant_of(ms: int) -> datetime:
    """The instant of milliseconds since 1970, UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + ms * _MILLISECOND
