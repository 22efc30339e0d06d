"""The state of an export under way, so that a killed one goes on where it was.

`work/plan.json` is the plan. A chunk that is done has `work/<n>.parquet` with its samples and then
`work/<n>.json`, which says what they are: without the second, the first counts for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.source.chunks import Chunk
from rtobs.analytics.source.fetch import Fetched
from rtobs.analytics.source.planning import Plan, instant_of, milliseconds
from rtobs.analytics.source.questions import Question
from rtobs.analytics.store.labels import LabelSet, canonical
from rtobs.analytics.store.parquet import ROW_GROUP, grouped_samples_bytes
from rtobs.analytics.store.places import Place
from rtobs.analytics.store.write import by_day
from rtobs.errors import ExportError
from rtobs.prometheus import Server

__all__ = ["Done", "Piece", "Work"]

FOLDER: Final = "work"
_PLAN: Final = f"{FOLDER}/plan.json"
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """The samples of one metric and one day within the file of a chunk.

    Attributes:
        metric: name of the metric.
        day: UTC day.
        rows: how many.
        groups: indexes of their row groups in the file.
    """

    metric: str
    day: date
    rows: int
    groups: range


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that is done.

    Attributes:
        number: of the chunk.
        labels: of its series; a series_id in its file is an index here.
        pieces: what its file holds, in order.
        warnings: remarks of the server.
        histograms: native histogram series that were left out.
    """

    number: int
    labels: tuple[Mapping[str, str], ...]
    pieces: tuple[Piece, ...]
    warnings: tuple[str, ...]
    histograms: int


@dataclass(frozen=True, slots=True)
class Work:
    """The work folder of one export."""

    place: Place
    _labels: dict[LabelSet, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def plan(self) -> Plan | None:
        """The plan that is under way; None when there is none."""
        text = self.place.read(_PLAN)
        if text is None:
            return None
        try:
            return _plan_of(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise ExportError(
                f"{self.place}/{_PLAN} is damaged ({error}); remove the folder {FOLDER} and the"
                " export begins anew"
            ) from error

    def begin(self, plan: Plan) -> None:
        """Write the plan down."""
        self.place.write(_PLAN, json.dumps(_plan_words(plan), indent=1).encode())

    def done(self, plan: Plan) -> dict[int, Done]:
        """Chunks that are done, by number."""
        found = {}
        for path in self.place.paths(FOLDER):
            name = path.removeprefix(f"{FOLDER}/")
            if name.endswith(".json") and name.removesuffix(".json").isdecimal():
                words = json.loads(self.place.read(path) or b"{}")
                if words.get("plan") == plan.digest:
                    found[words["number"]] = self._shared(_done_of(words))
        return found

    def put(self, plan: Plan, number: int, fetched: Fetched) -> Done:
        """Write a chunk down; it is done when this returns."""
        pieces, frames = _pieces(fetched)
        done = Done(
            number, fetched.parsed.labels, pieces, fetched.warnings, fetched.parsed.histograms
        )
        if frames:
            self.place.write(f"{FOLDER}/{number}.parquet", grouped_samples_bytes(frames))
        text = json.dumps(_done_words(done, plan.digest), ensure_ascii=False)
        self.place.write(f"{FOLDER}/{number}.json", text.encode())
        return self._shared(done)

    def _shared(self, done: Done) -> Done:
        """The same with labels that all chunks share, so that many chunks take little memory."""
        labels = tuple(self._labels.setdefault(canonical(one), one) for one in done.labels)
        return replace(done, labels=labels)

    def samples_of(self, done: Done) -> bytes:
        """The Parquet file of a chunk.

        Raises:
            ExportError: it is gone.
        """
        content = self.place.read(f"{FOLDER}/{done.number}.parquet")
        if content is None:
            raise ExportError(f"{self.place}/{FOLDER}/{done.number}.parquet is gone")
        return content

    def clear(self) -> None:
        """Remove it all, the plan last: until then the export can be told to be unfinished."""
        paths = self.place.paths(FOLDER)
        for path in sorted(paths, key=lambda path: (path == _PLAN, path)):
            self.place.remove(path)


def _pieces(fetched: Fetched) -> tuple[tuple[Piece, ...], list[pl.DataFrame]]:
    """The samples by metric and day, as they will be merged."""
    labels, samples = fetched.parsed.labels, fetched.parsed.samples
    names = [one.get("__name__", "") for one in labels]  # in order, so those of a metric are a run
    pieces, frames, group, first = [], [], 0, 0
    for metric, members in groupby(names):
        behind = first + len(list(members))
        own = samples.filter(pl.col("series_id").is_between(first, behind, closed="left"))
        first = behind
        for day, rows in by_day(own):
            groups = range(group, group - (-rows.height // ROW_GROUP))
            pieces.append(Piece(metric, day, rows.height, groups))
            frames.append(rows)
            group = groups.stop
    return tuple(pieces), frames


# --- as words -------------------------------------------------------------------------------------
def _done_words(done: Done, digest: str) -> dict[str, Any]:
    return {
        "plan": digest,
        "number": done.number,
        "labels": [dict(labels) for labels in done.labels],
        "pieces": [
            [piece.metric, piece.day.isoformat(), piece.rows, piece.groups.start, piece.groups.stop]
            for piece in done.pieces
        ],
        "warnings": list(done.warnings),
        "histograms": done.histograms,
    }


def _done_of(words: Mapping[str, Any]) -> Done:
    pieces = (
        Piece(metric, date.fromisoformat(day), rows, range(start, stop))
        for metric, day, rows, start, stop in words["pieces"]
    )
    return Done(
        words["number"],
        tuple(words["labels"]),
        tuple(pieces),
        tuple(words["warnings"]),
        words["histograms"],
    )


def _plan_words(plan: Plan) -> dict[str, Any]:
    return {
        "request": plan.request(),
        "server": [plan.server.software, plan.server.version],
        "start": milliseconds(plan.start),
        "end": milliseconds(plan.end),
        "until_now": plan.until_now,
        "chunks": [[c.question, c.query, c.start, c.end] for c in plan.chunks],
        "series": plan.series,
        "rows": plan.rows,
        "warnings": list(plan.warnings),
    }


def _plan_of(words: Mapping[str, Any]) -> Plan:
    request = words["request"]
    return Plan(
        source=request["source"],
        tenant=request["tenant"],
        server=Server(*words["server"]),
        dialect=Dialect(request["dialect"]),
        questions=tuple(
            Question(q["query"], q["record"], q["labels"], _step(q["step_ms"]))
            for q in request["questions"]
        ),
        start=instant_of(words["start"]),
        end=instant_of(words["end"]),
        mode=request["mode"],
        step=_step(request["step_ms"]),
        chunks=tuple(Chunk(*chunk) for chunk in words["chunks"]),
        series=tuple(words["series"]),
        rows=words["rows"],
        warnings=tuple(words["warnings"]),
        until_now=words["until_now"],
    )


def _step(ms: int | None) -> timedelta | None:
    return None if ms is None else ms * _MILLISECOND
