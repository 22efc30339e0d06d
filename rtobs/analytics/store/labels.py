"""Series as a frame: their labels in one order, their ids, and a name that every export shares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from rtobs.analytics.frames import SERIES

__all__ = ["METRIC_NAME", "LabelSet", "canonical", "fingerprint", "series_frame"]

METRIC_NAME: Final = "__name__"
_DIGEST_BYTES: Final = 8

LabelSet = tuple[tuple[str, str], ...]


def canonical(labels: Mapping[str, str]) -> LabelSet:
    """(name, value) sorted by name, without labels that are empty: Prometheus has none of those."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def fingerprint(labels: Mapping[str, str]) -> str:
    """16 hexadecimal digits that depend on the labels only, `__name__` among them.

    BLAKE2b of the sorted names and values, each with its length, so no two label sets read alike.
    """
    words = (word.encode() for pair in canonical(labels) for word in pair)
    text = b"".join(b"%d:%b" % (len(word), word) for word in words)
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()


def series_frame(label_sets: Iterable[Mapping[str, str]]) -> pl.DataFrame:
    """A SERIES frame of distinct label sets; ids count from 0 in the order of metric and labels.

    Args:
        label_sets: labels with `__name__` for the metric; one that repeats is taken once.
    """
    distinct = {canonical(labels): labels for labels in label_sets}
    ordered = sorted((dict(key).get(METRIC_NAME, ""), key) for key in distinct)
    rows = {
        "series_id": range(len(ordered)),
        "fingerprint": [fingerprint(dict(key)) for _, key in ordered],
        "metric": [metric for metric, _ in ordered],
        "labels": [
            [{"name": name, "value": value} for name, value in key if name != METRIC_NAME]
            for _, key in ordered
        ],
    }
    return pl.DataFrame(rows, schema=dict(SERIES.columns))
