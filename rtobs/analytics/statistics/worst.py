"""The worst window of every length: many short outages or one long one?

Source: Hauer, Hoffmann, Lunney, Ardelean and Diwan (2020), "Meaningful Availability", NSDI,
545-557, who call the curve the minimal cumulative ratio (MCR). Here the ratio is of events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from rtobs.analytics.frames import Schema
from rtobs.analytics.statistics.timeline import Timeline, tiles_in, timelines
from rtobs.model.duration import Duration

__all__ = ["WINDOWS", "WORST", "worst_windows"]

WORST: Final = Schema(
    "worst windows",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "window_s": pl.Int32,
        "sli": pl.Float64,  # share of good events in the worst window of this length
        "ts": pl.Datetime("ms", "UTC"),  # end of that window, the first of equals
        "total": pl.Float64,  # events in it
        "bad": pl.Float64,
    },
    ("slo_id", "group", "window_s"),
)

_DAYS: Final = (1, 2, 3, 7, 14, 28, 30, 90)
WINDOWS: Final = tuple(
    Duration.parse(f"{minutes}m")
    for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720, *(1440 * d for d in _DAYS))
)


def worst_windows(tiles: pl.DataFrame, windows: Sequence[Duration] = WINDOWS) -> pl.DataFrame:
    """For each length of window the one with the lowest share of good events.

    The time taken is the number of tiles times the number of windows. A window of a multiple of a
    length is never worse than the worst of that length.

    Args:
        tiles: TILES.
        windows: lengths, multiples of five minutes.

    Returns:
        WORST; no row for a window that is longer than the data, or without events everywhere.

    Raises:
        FrameError: the frame is no TILES.
        ValueError: a window is no multiple of five minutes.
    """
    lengths = sorted(set(windows))
    rows = [row for line in timelines(tiles) for row in _curve(line, lengths)]
    return pl.DataFrame(rows, schema=dict(WORST.columns), orient="row")


def _curve(line: Timeline, windows: Sequence[Duration]) -> Iterator[tuple[object, ...]]:
    bad = np.concatenate([[0.0], np.cumsum(line.bad)])
    total = np.concatenate([[0.0], np.cumsum(line.total)])
    for window in windows:
        size = tiles_in(window)
        if size > len(line):
            continue
        bads = np.maximum(bad[size:] - bad[:-size], 0.0)
        totals = total[size:] - total[:-size]
        if not (totals > 0).any():
            continue
        ratios = np.divide(bads, totals, out=np.full(len(bads), -1.0), where=totals > 0)
        worst = int(ratios.argmax())
        sli = 1.0 - min(float(ratios[worst]), 1.0)
        found = (line.at(worst + size - 1), float(totals[worst]), float(bads[worst]))
        yield (line.slo_id, line.group, window.seconds, sli, *found)
