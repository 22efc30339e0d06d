"""A matrix of the API as a frame, without one Python object per sample.

The samples of a series stay JSON text. Brackets and quotes are cut away, what is left is CSV, and
polars reads that: two to eight times as fast as a JSON library, in a quarter of the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import polars as pl

from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.source.questions import Question
from rtobs.analytics.store.labels import canonical
from rtobs.prometheus import Matrix

__all__ = ["Parsed", "parse_matrix"]

_BATCH_BYTES: Final = 2_000_000  # text that is handled at once; bounds the copies
_EMPTY: Final = len(b"[]")
_CSV: Final = {"ts": pl.Float64, "value": pl.Float64}
_TIME: Final = SAMPLES.columns["ts"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """An answer.

    Attributes:
        labels: of each series, `__name__` among them; a sample's series_id is the index here.
        samples: SAMPLES, sorted.
        histograms: series with native histograms, which were left out.
    """

    labels: tuple[Mapping[str, str], ...]
    samples: pl.DataFrame
    histograms: int


def parse_matrix(matrix: Matrix, question: Question) -> Parsed:
    """Read the samples of an answer.

    Args:
        matrix: the answer.
        question: what was asked; gives names and labels to the series.
    """
    named = [(question.named(found.metric), found) for found in matrix.result]
    kept = [pair for pair in named if len(memoryview(pair[1].values)) > _EMPTY]
    kept.sort(key=lambda pair: _order(pair[0]))
    texts = [found.values for _, found in kept]
    frames = [_read(texts, batch) for batch in _batches(texts)]
    samples = pl.concat(frames) if frames else pl.DataFrame(schema=dict(SAMPLES.columns))
    histograms = sum(bool(bytes(found.histograms)) for found in matrix.result)
    return Parsed(tuple(labels for labels, _ in kept), samples, histograms)


def _order(labels: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return labels.get("__name__", ""), canonical(labels)


def _batches(texts: Sequence[msgspec.Raw]) -> Iterator[range]:
    start = size = 0
    for index, text in enumerate(texts):
        size += len(memoryview(text))
        if size >= _BATCH_BYTES:
            yield range(start, index + 1)
            start, size = index + 1, 0
    if start < len(texts):
        yield range(start, len(texts))


def _read(texts: Sequence[msgspec.Raw], batch: range) -> pl.DataFrame:
    chosen = [bytes(texts[index]) for index in batch]  # views until now, so copies are few
    counts = np.array([text.count(b"],[") + 1 for text in chosen])
    rows = b"\n".join(text[2:-2] for text in chosen).replace(b"],[", b"\n").replace(b'"', b"")
    if b" " in rows or b"[" in rows:  # not the compact JSON of the usual servers
        return pl.concat([_slowly(text, index) for text, index in zip(chosen, batch, strict=True)])
    frame = pl.read_csv(rows, has_header=False, schema=_CSV, quote_char=None)
    ids = pl.Series("series_id", np.repeat(np.array(batch, dtype=np.uint32), counts))
    return _framed(frame.insert_column(0, ids))


def _slowly(text: bytes, index: int) -> pl.DataFrame:
    pairs = msgspec.json.decode(text, type=list[tuple[float, str]])
    columns = {
        "series_id": pl.repeat(index, len(pairs), dtype=pl.UInt32, eager=True),
        "ts": [ts for ts, _ in pairs],
        "value": [float(value) for _, value in pairs],
    }
    return _framed(pl.DataFrame(columns, schema_overrides=_CSV))


def _framed(frame: pl.DataFrame) -> pl.DataFrame:
    """Seconds as floats become milliseconds, exactly: they came from whole milliseconds."""
    ts = (pl.col("ts") * 1000).round().cast(pl.Int64).cast(_TIME)
    return frame.select("series_id", ts, "value")
