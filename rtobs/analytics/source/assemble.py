"""From the chunks that are done to the files of an export: the last step, and a repeatable one."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.source.chunks import Chunk
from rtobs.analytics.source.planning import Plan, milliseconds
from rtobs.analytics.source.work import Done, Piece, Work
from rtobs.analytics.store.about import About, Hole
from rtobs.analytics.store.labels import LabelSet, canonical, series_frame
from rtobs.analytics.store.write import Writer, parts_of

__all__ = ["assemble"]

Ids = np.ndarray[tuple[int], np.dtype[np.uint32]]

_IDS: Final = "series_id"


def assemble(
    work: Work, plan: Plan, done: Sequence[Done], holes: Iterable[Hole], types: Mapping[str, str]
) -> None:
    """Write the export; the same chunks give the same bytes, in whatever order they came.

    Args:
        work: where the chunks are, and where the export will be.
        plan: what was asked.
        done: all chunks that came.
        holes: what did not come.
        types: type of each metric that the server knows.
    """
    # Chunks share the labels of a series, so each is handled once.
    distinct = {id(labels): labels for chunk in done for labels in chunk.labels}
    series = series_frame(distinct.values())
    ids = {
        (("__name__", metric), *((pair["name"], pair["value"]) for pair in labels)): number
        for number, metric, labels in series.select(_IDS, "metric", "labels").iter_rows()
    }
    numbers = {key: _id_of(labels, ids) for key, labels in distinct.items()}
    known = {
        chunk.number: np.array([numbers[id(labels)] for labels in chunk.labels], dtype=np.uint32)
        for chunk in done
    }
    pieces: dict[tuple[str, date], list[tuple[Done, Piece]]] = defaultdict(list)
    for chunk in sorted(done, key=lambda chunk: chunk.number):
        for piece in chunk.pieces:
            pieces[piece.metric, piece.day].append((chunk, piece))
    writer = Writer(work.place)
    for (metric, day), own in sorted(pieces.items()):
        spans = parts_of(day, sum(piece.rows for _, piece in own))
        for number, span in enumerate(spans):
            found = [
                _piece(work, chunk, piece, (known[chunk.number], span))
                for chunk, piece in own
                if _overlaps(plan.chunks[chunk.number], span)
            ]
            if any(part.height for part in found):
                writer.add_part(metric, day, _merged(found), number)
    writer.finish(series, _about(plan, done, holes, _types(series, types)))


def _id_of(labels: Mapping[str, str], ids: Mapping[LabelSet, int]) -> int:
    rest = (pair for pair in canonical(labels) if pair[0] != "__name__")
    return ids[("__name__", labels.get("__name__", "")), *rest]


def _overlaps(chunk: Chunk, span: tuple[datetime, datetime]) -> bool:
    start, end = (milliseconds(edge) for edge in span)
    return chunk.start < end and chunk.end > start


def _merged(pieces: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Pieces as one; where two questions asked for one series, what came first stays."""
    merged = pl.concat(pieces).sort(SAMPLES.key, maintain_order=True)
    repeated = (merged[_IDS] == merged[_IDS].shift()) & (merged["ts"] == merged["ts"].shift())
    return merged.filter(~repeated.fill_null(value=False)) if repeated.any() else merged


def _piece(
    work: Work, chunk: Done, piece: Piece, what: tuple[Ids, tuple[datetime, datetime]]
) -> pl.DataFrame:
    """The samples of a piece within a span, with their ids in the export."""
    known, (start, end) = what
    with pq.ParquetFile(io.BytesIO(work.samples_of(chunk))) as file:
        frame = pl.DataFrame(file.read_row_groups(list(piece.groups)))
    ids = pl.Series(_IDS, known[frame[_IDS].to_numpy()])
    own = pl.col("ts").is_between(start, end, closed="left")
    return frame.with_columns(ids).filter(own)


def _types(series: pl.DataFrame, types: Mapping[str, str]) -> dict[str, str]:
    """Types of the metrics of the export; a bucket or a count has that of its histogram."""
    found = {}
    for metric in series["metric"].unique():
        base = metric
        for suffix in ("_bucket", "_count", "_sum"):
            base = base.removesuffix(suffix) if metric not in types else base
        if kind := types.get(base, ""):
            found[metric] = kind
    return found


def _about(
    plan: Plan, done: Sequence[Done], holes: Iterable[Hole], types: Mapping[str, str]
) -> About:
    said = {text: None for chunk in done for text in chunk.warnings}
    return About(
        source=plan.source,
        server_version=str(plan.server),
        dialect=plan.dialect,
        start=plan.start,
        end=plan.end,
        mode=plan.mode,
        step=plan.step,
        queries=tuple(question.query for question in plan.questions),
        tenant=plan.tenant,
        warnings=(*plan.warnings, *sorted(said)),
        holes=tuple(holes),
        histograms_skipped=sum(chunk.histograms for chunk in done),
        types=types,
    )
