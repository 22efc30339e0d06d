"""Tiles of one group of an SLO as arrays on a regular grid of time.

Statistics of a time series need to know which tiles are absent. Absent ones hold no events here and
are marked as not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.frames import TILES, check
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

__all__ = ["TILE", "Floats", "Timeline", "tiles_in", "timeline", "timelines"]

Floats = npt.NDArray[np.float64]

TILE: Final = Duration.parse("5m")


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Tiles of one group, one after the other.

    Attributes:
        slo_id: the SLO.
        group: the group of its groupBy.
        first: end of the first step (aware, UTC).
        step: length of a step.
        bad: bad events in each step.
        total: events in each step.
        seen: share of each step that has data: 0 or 1 for a tile.
    """

    slo_id: str
    group: str
    first: datetime
    step: Duration
    bad: Floats
    total: Floats
    seen: Floats

    def __len__(self) -> int:
        return len(self.total)

    @property
    def last(self) -> datetime:
        """End of the last step."""
        return self.at(len(self) - 1)

    @property
    def counts(self) -> tuple[float, float]:
        """Bad and all events of all steps.

        They are of different scrapes, and more bad events than events are one of those.
        """
        total = float(self.total.sum())
        return min(max(float(self.bad.sum()), 0.0), total), total

    def at(self, index: int) -> datetime:
        """End of a step; later than the last one when the index is beyond."""
        return self.first + timedelta(seconds=index * self.step.seconds)

    def until(self, count: int) -> Timeline:
        """The first `count` steps."""
        return self._with(self.first, self.step, slice(0, count))

    def coarser(self, step: Duration) -> Timeline:
        """Longer steps that end with the last one; what does not fill the oldest is dropped.

        Raises:
            ValueError: the new step is no multiple of the old one.
        """
        size = tiles_in(step, self.step)
        skip = len(self) % size
        whole = self._with(self.at(skip + size - 1), step, slice(skip, None))
        bad, total, seen = (
            values.reshape(-1, size) for values in (whole.bad, whole.total, whole.seen)
        )
        summed = (bad.sum(axis=1), total.sum(axis=1), seen.mean(axis=1))
        return Timeline(self.slo_id, self.group, whole.first, step, *summed)

    def _with(self, first: datetime, step: Duration, part: slice) -> Timeline:
        arrays = (self.bad[part], self.total[part], self.seen[part])
        return Timeline(self.slo_id, self.group, first, step, *arrays)


def tiles_in(length: Duration, step: Duration = TILE) -> int:
    """How many steps make a length.

    Raises:
        ValueError: not a whole number, or none.
    """
    count, rest = divmod(length.seconds, step.seconds)
    if rest or count == 0:
        raise ValueError(f"{length} is no multiple of {step}")
    return count


def timelines(tiles: pl.DataFrame) -> Iterator[Timeline]:
    """One timeline for each SLO and group of TILES, sorted by both; groups without rows: none."""
    rows = check(tiles, TILES).drop_nulls(["total", "bad"]).sort(TILES.key)
    for part in rows.partition_by("slo_id", "group", maintain_order=True):
        yield _on_grid(part)


def timeline(tiles: pl.DataFrame) -> Timeline:
    """The timeline of TILES that hold one group of one SLO.

    Raises:
        FrameError: they hold none or several.
    """
    found = list(timelines(tiles))
    if len(found) != 1:
        raise FrameError(
            f"these tiles hold {len(found)} groups, not one; filter them by slo_id and group"
        )
    return found[0]


def _on_grid(rows: pl.DataFrame) -> Timeline:
    start = rows["ts"][0]
    # An evaluation that came late belongs to the tile that it is nearest to.
    seconds = rows.select((pl.col("ts") - start).dt.total_milliseconds() / 1000).to_series()
    place = np.rint(seconds.to_numpy() / TILE.seconds).astype(np.int64)
    size = int(place[-1]) + 1
    bad, total, seen = np.zeros(size), np.zeros(size), np.zeros(size)
    np.add.at(bad, place, rows["bad"].to_numpy())
    np.add.at(total, place, rows["total"].to_numpy())
    seen[place] = 1.0
    return Timeline(rows["slo_id"][0], rows["group"][0], start, TILE, bad, total, seen)
