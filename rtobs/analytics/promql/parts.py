"""Work in parts: whole series, never a month of all of them at once.

A part holds all samples of some series. Functions over ranges know no other series than their own,
so any split into parts gives the same rows, and parts can be computed anywhere, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import SAMPLES, check
from rtobs.errors import FrameError

__all__ = ["SERIES_A_PART", "Part", "map_partitions", "part_of", "partitions"]

SERIES_A_PART: Final = 32

_STALE: Final = np.uint64(0x7FF0000000000002)  # Prometheus' marker: the series has ended here


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The samples of some series as columns of numpy, series after series, each in order of time.

    Attributes:
        ids: series_id of each series.
        offsets: where each series begins in the columns, and where the last one ends.
        ts: milliseconds since 1970.
        values: the samples.
    """

    ids: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    ts: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """For each sample, which of the series it belongs to."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.offsets))

    def only(self, some: slice) -> Part:
        """Some of the series with all their samples."""
        ids = self.ids[some]
        offsets = self.offsets[some.start : some.start + len(ids) + 1]
        samples = slice(offsets[0], offsets[-1])
        return Part(ids, offsets - offsets[0], self.ts[samples], self.values[samples])

    def time_between(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
        """Milliseconds between two samples by position; meaningless where there are none."""
        highest = len(self.ts) - 1
        return self.ts[np.maximum(last, 0)] - self.ts[np.minimum(first, highest)]

    def keep(self, mask: NDArray[np.bool_]) -> Part:
        """The same series with only some of their samples."""
        kept = np.concatenate(([0], np.cumsum(mask)))
        return Part(self.ids, kept[self.offsets], self.ts[mask], self.values[mask])

    def without_stale(self) -> Part:
        """The samples that are no staleness markers; a range never holds markers."""
        stale = stale_markers(self.values)
        return self if stale is None else self.keep(~stale)


def stale_markers(values: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Which samples are staleness markers; None: no sample is."""
    if not np.isnan(values).any():
        return None
    stale: NDArray[np.bool_] = values.view(np.uint64) == _STALE
    return stale if stale.any() else None


def partitions(
    samples: pl.DataFrame | pl.LazyFrame, series_per_part: int = SERIES_A_PART
) -> Iterator[pl.DataFrame]:
    """Split SAMPLES into frames of whole series, in order of series_id.

    A lazy frame is read part by part: what is stored sorted by series is not read twice.

    Args:
        samples: SAMPLES, sorted or not.
        series_per_part: how many series a part holds at most.

    Yields:
        SAMPLES, sorted.

    Raises:
        FrameError: this is no frame of SAMPLES.
    """
    if series_per_part < 1:
        raise FrameError("a part holds at least one series")
    checked = check(samples.lazy(), SAMPLES)
    ids = checked.select(pl.col("series_id").unique().sort()).collect()["series_id"]
    if isinstance(samples, pl.DataFrame):
        checked = _sorted(check(samples, SAMPLES)).lazy()
    for begin in range(0, len(ids), series_per_part):
        chosen = ids.slice(begin, series_per_part)
        between = pl.col("series_id").is_between(chosen[0], chosen[-1])
        yield _sorted(checked.filter(between).collect())


def map_partitions(
    function: Callable[[pl.DataFrame], pl.DataFrame],
    samples: pl.DataFrame | pl.LazyFrame,
    series_per_part: int = SERIES_A_PART,
    *,
    mapper: Callable[..., Iterator[pl.DataFrame]] = map,
) -> pl.DataFrame:
    """Apply a function to each part and put the results under each other.

    Args:
        function: from SAMPLES of whole series to a frame that knows no other series.
        samples: SAMPLES.
        series_per_part: how many series a part holds at most.
        mapper: like the builtin `map`, in order; `ProcessPoolExecutor.map` or Dask's can stand here
            when the function can be pickled (a `functools.partial` of a public function can).

    Raises:
        FrameError: there are no series, so the columns of the result are not known.
    """
    done = list(mapper(function, partitions(samples, series_per_part)))
    return pl.concat(done) if done else function(check(samples.lazy().collect(), SAMPLES))


def _sorted(samples: pl.DataFrame) -> pl.DataFrame:
    ids = samples["series_id"]
    ts = samples["ts"].to_physical()
    same = ids == ids.shift(1)
    in_order = ((same & (ts > ts.shift(1))) | (ids > ids.shift(1))).fill_null(value=True)
    return samples if in_order.all() else samples.sort(SAMPLES.key)


def part_of(samples: pl.DataFrame) -> Part:
    """The columns of SAMPLES.

    Raises:
        FrameError: a value is null, or a series has two samples of one time.
    """
    ordered = _sorted(check(samples, SAMPLES))
    if any(ordered.null_count().row(0)):
        raise FrameError("SAMPLES hold no nulls: a point that is missing has no row")
    ids = ordered["series_id"].to_numpy()
    ts = ordered["ts"].to_physical().to_numpy()
    begins = np.flatnonzero(np.diff(ids, prepend=ids[:1] - np.uint32(1)))
    same_series = np.diff(ids) == 0
    if bool(np.any(same_series & (np.diff(ts) == 0))):
        raise FrameError("a series has two samples of one time: drop one of them first")
    offsets = np.append(begins, len(ids)).astype(np.int64)
    return Part(ids[begins], offsets, ts, ordered["value"].to_numpy())
