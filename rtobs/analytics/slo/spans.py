"""Stretches of time that are treated apart: maintenance, incidents, outages that might be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs import conventions as names
from rtobs.analytics.frames import INCIDENTS, check, utc
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

__all__ = ["Span", "overlap", "spans_of"]

Floats = npt.NDArray[np.float64]

_TILE: Final = Duration.parse(names.LONG_INTERVAL)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time.

    Attributes:
        start: its beginning, aware.
        end: its end, aware.
        slo_id: the one SLO that it concerns; None for all.
        group: the one group that it concerns; None for all.

    Raises:
        FrameError: a moment has no time zone, or the end is before the start.
    """

    start: datetime
    end: datetime
    slo_id: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, utc(getattr(self, name)))  # frozen
        if self.end < self.start:
            raise FrameError(f"a stretch of time cannot end ({self.end}) before {self.start}")

    def concerns(self, slo_id: str, group: str) -> bool:
        """Whether it is about a group of an SLO."""
        return self.slo_id in {None, slo_id} and self.group in {None, group}


def spans_of(incidents: pl.DataFrame) -> tuple[Span, ...]:
    """The stretches of time of INCIDENTS, each of its SLO and group; without a group: of all.

    Raises:
        FrameError: the frame is no INCIDENTS.
    """
    rows = check(incidents, INCIDENTS).select("start", "end", "slo_id", "group").rows()
    return tuple(Span(start, end, slo_id, group or None) for start, end, slo_id, group in rows)


def overlap(tiles: pl.DataFrame, spans: Sequence[Span]) -> pl.Series:
    """Which share of each tile lies in at least one of the spans that concern it.

    Args:
        tiles: TILES.
        spans: any; those that overlap count once.

    Returns:
        Shares in [0, 1], a row for each tile.
    """
    keys = tiles.select("slo_id", "group").unique().sort("slo_id", "group").rows()
    concerned = {key: frozenset(span for span in spans if span.concerns(*key)) for key in keys}
    sets = list(dict.fromkeys(concerned.values()))
    names_of_sets = pl.DataFrame(
        [(*key, sets.index(own)) for key, own in concerned.items()],
        schema={"slo_id": pl.String, "group": pl.String, "nth": pl.Int64},
        orient="row",
    )
    nth = (
        tiles.select("slo_id", "group")
        .join(names_of_sets, on=["slo_id", "group"], how="left", maintain_order="left")["nth"]
        .to_numpy()
    )
    ends = tiles["ts"].dt.timestamp("ms").to_numpy().astype(np.float64)
    shares = np.zeros(tiles.height)
    for number, own in enumerate(sets):
        shares[nth == number] = _share(ends[nth == number], _merged(own))
    return pl.Series("share", shares)


def _merged(spans: Iterable[Span]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span.end))
        else:
            merged.append((span.start, span.end))
    return merged


def _share(ends: Floats, spans: Sequence[tuple[datetime, datetime]]) -> Floats:
    """From the time within spans that passed until the end of each tile, less until its start."""
    if not spans:
        return np.zeros(len(ends))
    moments = [1000 * moment.timestamp() for span in spans for moment in span]
    lengths = [(end - start).total_seconds() * 1000 for start, end in spans]
    passed = np.repeat(np.cumsum([0.0, *lengths]), 2)[1:-1]
    tile = 1000.0 * _TILE.seconds
    until, since = (np.interp(at, moments, passed) for at in (ends, ends - tile))
    share: Floats = (until - since) / tile
    return share
