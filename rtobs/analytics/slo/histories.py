"""What the rules of one SLO recorded, as arrays with running sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, TILES, TIME, check
from rtobs.analytics.slo.schedule import TILE, Schedule
from rtobs.analytics.slo.windows import History, Mask, Reading, Times

__all__ = ["Histories", "histories", "moments", "table"]

Index = npt.NDArray[np.intp]

_ALWAYS: Final = Schedule()


@dataclass(frozen=True, slots=True)
class Histories:
    """The recorded series of one SLO.

    Attributes:
        groups: groups of the SLO, sorted; the rows of every array.
        dialect: how ranges are read.
        total: rate of what is counted, every minute.
        bad: rate of what is bad, every minute.
        hour: error ratio of the last hour from raw series, every minute.
        slices: 0 or 1 for each minute of a time slice.
        total_tiles: what was counted, every five minutes.
        bad_tiles: what was bad, every five minutes.
    """

    groups: tuple[str, ...]
    dialect: Dialect
    total: History
    bad: History
    hour: Reading
    slices: Reading
    total_tiles: History
    bad_tiles: History

    @property
    def fast(self) -> Times:
        """When the one-minute group ran."""
        return self.total.samples.times

    @property
    def long(self) -> Times:
        """When the five-minute group ran."""
        return self.total_tiles.samples.times


def histories(
    minutes: pl.DataFrame,
    slo_id: str,
    *,
    dialect: Dialect,
    tiles: pl.DataFrame | None = None,
    schedule: Schedule = _ALWAYS,
) -> Histories:
    """The recorded series of one SLO.

    Args:
        minutes: MINUTES; rows of other SLOs are left out.
        slo_id: the SLO.
        dialect: how ranges are read.
        tiles: TILES that were recorded; without them they are made from the minutes.
        schedule: when the rules ran.

    Raises:
        FrameError: a frame is no MINUTES or no TILES.
    """
    own = _own(check(minutes, MINUTES), slo_id)
    recorded = None if tiles is None else _own(check(tiles, TILES), slo_id)
    names = own["group"] if recorded is None else pl.concat([own["group"], recorded["group"]])
    groups = names.unique().sort()
    fast = schedule.fast(moments(own["ts"]))
    total, bad, hour, slices = (
        _reading(own, column, groups, fast) for column in ("total", "bad", "error_1h", "slice_bad")
    )
    if recorded is None:
        nothing = np.array([], dtype=np.int64)
        long = schedule.long(fast, nothing)
        pair = [s.newest(long, dialect).scaled(TILE.seconds) for s in (total, bad)]
    else:
        long = schedule.long(fast, moments(recorded["ts"]))
        pair = [_reading(recorded, column, groups, long) for column in ("total", "bad")]
    sums = [History.of(samples) for samples in (total, bad, *pair)]
    return Histories(tuple(groups), dialect, sums[0], sums[1], hour, slices, sums[2], sums[3])


def moments(ts: pl.Series) -> Times:
    """The distinct moments of a column, ascending, in milliseconds."""
    times: Times = ts.unique().sort().cast(TIME).dt.timestamp("ms").to_numpy()
    return times


def _own(frame: pl.DataFrame, slo_id: str) -> pl.DataFrame:
    return frame.filter(pl.col("slo_id") == slo_id)


def _reading(frame: pl.DataFrame, column: str, groups: pl.Series, times: Times) -> Reading:
    """One column of a frame as an array; null is absent, NaN is a value."""
    given = frame.filter(pl.col(column).is_not_null())
    when = given["ts"].dt.timestamp("ms").to_numpy()
    index = np.searchsorted(times, when)
    inside = (index < len(times)) & (times[np.minimum(index, len(times) - 1)] == when)
    rows = groups.search_sorted(given["group"]).to_numpy() if len(given) else index
    values = np.zeros((len(groups), len(times)))
    present = np.zeros(values.shape, dtype=np.bool_)
    values[rows[inside], index[inside]] = given[column].to_numpy()[inside]
    present[rows[inside], index[inside]] = True
    return Reading(times, values, present)


def table(
    slo_id: str, groups: tuple[str, ...], keep: Mask, columns: Mapping[str, Reading]
) -> pl.DataFrame:
    """Arrays as a frame, sorted by group and moment.

    Args:
        slo_id: the SLO.
        groups: names of the rows.
        keep: groups x moments, which become rows of the frame.
        columns: readings at the same moments by column; null where they are absent.

    Returns:
        slo_id, group, ts and the columns.
    """
    row, moment = np.nonzero(keep)
    times = next(iter(columns.values())).times
    return pl.DataFrame(
        {
            "slo_id": pl.repeat(slo_id, len(row), dtype=pl.String, eager=True),
            "group": pl.Series(groups, dtype=pl.String).gather(row),
            "ts": pl.Series(times[moment], dtype=pl.Int64).cast(TIME),
            **{name: _column(reading, row, moment) for name, reading in columns.items()},
        }
    )


def _column(reading: Reading, row: Index, moment: Index) -> pl.Series:
    values = pl.Series(reading.values[row, moment], dtype=pl.Float64)
    absent = ~reading.present[row, moment]
    return values.set(pl.Series(absent), None) if absent.any() else values
