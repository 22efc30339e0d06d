"""What the rules of an SLO recorded, read from an export: the numbers that the alerts saw.

A label that was renamed (an owner, a component) begins a new series of the same SLO. Generations
are folded by `max` within a group, as every read of the rules does (`rtobs.rules.reads`).
"""

from __future__ import annotations

from functools import reduce
from typing import Final

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.frames import MINUTES, TILES, check
from rtobs.analytics.groups import group
from rtobs.analytics.store import About, Export
from rtobs.errors import ExportError
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["recorded_minutes", "recorded_tiles"]

_MINUTE: Final = Duration.parse(names.FAST_INTERVAL)
_TILE: Final = Duration.parse(names.LONG_INTERVAL)
_MINUTE_SERIES: Final = {
    "total": names.TOTAL_RATE,
    "bad": names.BAD_RATE,
    "error_1h": names.error_ratio("1h"),
    "slice_bad": names.SLICE_BAD,
}
_TILE_SERIES: Final = {"total": names.TOTAL_TILE, "bad": names.BAD_TILE}


def recorded_minutes(export: Export, slo: ResolvedSlo) -> pl.DataFrame:
    """What the rules recorded every minute.

    Args:
        export: holds the recorded series of the SLO, raw or on a grid whose step divides a minute.
        slo: whose.

    Returns:
        MINUTES; events a second. A column is null where its rule gave nothing, as `bad` is of a
        latency SLO without its bucket. A grid shows a value for up to five minutes after the rule
        stopped, because Prometheus does; raw samples end where they end.

    Raises:
        ExportError: the export does not hold the series, or its grid is too coarse.
    """
    return _read(export, slo, _MINUTE_SERIES, _MINUTE).pipe(check, MINUTES).sort(MINUTES.key)


def recorded_tiles(export: Export, slo: ResolvedSlo) -> pl.DataFrame:
    """What the rules recorded every five minutes.

    Args:
        export: holds the tiles of the SLO, raw or on a grid whose step divides five minutes.
        slo: whose.

    Returns:
        TILES; events in five minutes. On a grid, `ts` is up to five minutes late: it is the next
        multiple of five minutes, which sees each tile once.

    Raises:
        ExportError: the export does not hold the series, or its grid is too coarse.
    """
    return _read(export, slo, _TILE_SERIES, _TILE).pipe(check, TILES).sort(TILES.key)


def _read(
    export: Export, slo: ResolvedSlo, series: dict[str, str], every: Duration
) -> pl.DataFrame:
    found = [
        _folded(export, slo, metric, every).rename({"value": column})
        for column, metric in series.items()
    ]
    if found[0].is_empty():
        raise ExportError(
            f"the export has no {series['total']} of {slo.slo_id}: export the recorded series of"
            " the SLO, or count from its raw counters"
        )
    frame = reduce(_beside, found)
    return frame.with_columns(pl.lit(slo.slo_id).alias("slo_id"))


def _beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    return left.join(right, on=["group", "ts"], how="full", coalesce=True)


def _folded(export: Export, slo: ResolvedSlo, metric: str, every: Duration) -> pl.DataFrame:
    """One value a group and moment."""
    series = export.select(metric, slo_id=slo.slo_id)
    members = series.with_columns(group(slo.group_by)).select("series_id", "group")
    samples = (
        export.samples(metric)
        .filter(pl.col("series_id").is_in(members["series_id"].to_list()))
        .collect()
    )
    return (
        _once(samples, export.about, every)
        .join(members, on="series_id")
        .group_by("group", "ts")
        .agg(pl.col("value").max())
    )


def _once(samples: pl.DataFrame, about: About, every: Duration) -> pl.DataFrame:
    """Each recorded value once: as it is, or of a finer grid the points that stand apart enough."""
    if about.step is None:
        return samples
    step = round(about.step.total_seconds())
    if every.seconds % step:
        raise ExportError(
            f"a grid with a step of {Duration(step)} does not show what is recorded every {every}:"
            f" export raw samples, or with a step that divides {every}"
        )
    return samples.filter(pl.col("ts").dt.epoch("s") % every.seconds == 0)
