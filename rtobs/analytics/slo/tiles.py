"""Tiles of five minutes, as the rules record them: `300 * rate`, so that tiles never overlap."""

from __future__ import annotations

from typing import Final

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, TILES, check, empty
from rtobs.analytics.slo.histories import Histories, histories, table
from rtobs.analytics.slo.schedule import Schedule

__all__ = ["tiles", "tiles_of"]

_ALWAYS: Final = Schedule()


def tiles(
    minutes: pl.DataFrame, *, schedule: Schedule = _ALWAYS, dialect: Dialect = Dialect.V3
) -> pl.DataFrame:
    """What the five-minute rules record of the minutes.

    Args:
        minutes: MINUTES of any number of SLOs.
        schedule: when the five-minute group ran. Without an end, a tile that was made after the
            last minute is left out.
        dialect: whether a sample that is exactly five minutes old is still read.

    Returns:
        TILES: a row where the newest minute has a value.

    Raises:
        FrameError: the frame is no MINUTES.
    """
    parts = [
        tiles_of(slo_id, histories(own, slo_id, dialect=dialect, schedule=schedule))
        for (slo_id,), own in sorted(
            check(minutes, MINUTES).partition_by("slo_id", as_dict=True).items()
        )
    ]
    return pl.concat([empty(TILES), *parts])


def tiles_of(slo_id: str, series: Histories) -> pl.DataFrame:
    """The tiles of one SLO as TILES."""
    total, bad = series.total_tiles.samples, series.bad_tiles.samples
    keep = total.present | bad.present
    return table(slo_id, series.groups, keep, {"total": total, "bad": bad})
