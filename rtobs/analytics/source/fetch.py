"""One chunk: asked for, and asked for in halves where it is too much for the server."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import polars as pl

from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.source.chunks import Chunk, grid_points
from rtobs.analytics.source.parsing import Parsed, parse_matrix
from rtobs.analytics.source.planning import Plan, instant_of, step_of
from rtobs.analytics.store.labels import canonical
from rtobs.errors import ServerError
from rtobs.prometheus import Answer, AnswerError, BodyError, Client, Matrix

__all__ = ["Fetched", "Fetcher"]

_MILLISECOND: Final = timedelta(milliseconds=1)
_SHORTEST: Final = 60_000  # milliseconds; what is too much in a minute is not helped by halves
_TOO_MUCH: Final = ("too many samples", "exceeded maximum resolution", "too many points")
_TIME: Final = SAMPLES.columns["ts"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The samples of a chunk with the remarks of the server."""

    parsed: Parsed
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks for the chunks of a plan; may be used by several threads.

    Attributes:
        client: of the server.
        plan: what is asked.
        turn: held while an answer is read, so that few answers are unfolded at a time.
    """

    client: Client
    plan: Plan
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)

    def fetch(self, chunk: Chunk) -> Fetched:
        """Ask for a chunk.

        Raises:
            ServerError: the server refuses it or fails, also for the smallest part.
        """
        try:
            return self._whole(chunk)
        except ServerError as error:
            if not _is_too_much(error) or chunk.end - chunk.start <= _SHORTEST:
                raise
        middle = (chunk.start + chunk.end) // 2
        early, late = replace(chunk, end=middle), replace(chunk, start=middle)
        return _joined(self.fetch(early), self.fetch(late))

    def _whole(self, chunk: Chunk) -> Fetched:
        answer = self._asked(chunk)
        with self.turn:
            parsed = parse_matrix(answer.value, self.plan.questions[chunk.question])
            # A range of Prometheus 2 holds both of its edges, one of 3 only the right one. Here
            # the chunk decides, so no sample is doubled and none is lost.
            start, end = (pl.lit(ms).cast(_TIME) for ms in (chunk.start, chunk.end))
            own = parsed.samples.filter(pl.col("ts") >= start, pl.col("ts") < end)
        return Fetched(replace(parsed, samples=own), answer.warnings)

    def _asked(self, chunk: Chunk) -> Answer[Matrix]:
        step = step_of(self.plan, self.plan.questions[chunk.question])
        if step is None:
            width = (chunk.end - chunk.start) * _MILLISECOND
            return self.client.raw(chunk.query, instant_of(chunk.end - 1), width)
        points = grid_points(chunk.start, chunk.end, step // _MILLISECOND)
        if points is None:
            return Answer(Matrix([]))
        first, last = points
        return self.client.query_range(chunk.query, instant_of(first), instant_of(last), step)


def _is_too_much(error: ServerError) -> bool:
    if isinstance(error, BodyError):
        return True
    return isinstance(error, AnswerError) and any(words in str(error) for words in _TOO_MUCH)


def _joined(early: Fetched, late: Fetched) -> Fetched:
    """Both halves as one answer; a series of both is one series."""
    keys = {canonical(labels): labels for f in (early, late) for labels in f.parsed.labels}
    ordered = sorted(keys, key=lambda key: (dict(key).get("__name__", ""), key))
    index = {key: number for number, key in enumerate(ordered)}
    frames = [
        f.parsed.samples.with_columns(
            pl.col("series_id").replace_strict(
                {n: index[canonical(labels)] for n, labels in enumerate(f.parsed.labels)},
                return_dtype=pl.UInt32,
            )
        )
        for f in (early, late)
    ]
    parsed = Parsed(
        tuple(keys[key] for key in ordered),
        pl.concat(frames).sort(SAMPLES.key),
        max(early.parsed.histograms, late.parsed.histograms),
    )
    return Fetched(parsed, early.warnings + late.warnings)
