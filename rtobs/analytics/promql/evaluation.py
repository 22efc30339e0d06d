"""From SAMPLES to WINDOWED: part by part, window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import TIME, WINDOWED, empty
from rtobs.analytics.promql import compiled, counters
from rtobs.analytics.promql.counters import Extrapolation, resets_of
from rtobs.analytics.promql.grid import Engine, Grid, Query, lengths
from rtobs.analytics.promql.index import Window, windows_of
from rtobs.analytics.promql.parts import SERIES_A_PART, Part, part_of, partitions
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

__all__ = ["Samples", "extrapolate", "over_stretches"]

Samples: TypeAlias = pl.DataFrame | pl.LazyFrame
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Evaluate: TypeAlias = Callable[[Window], Floats]

_MS: Final = 1000
_WORTH_COMPILING: Final = 5_000_000  # evaluations of a whole part
_ROWS: Final = 1_500_000  # of a result at once: its columns find the memory of the last one
_POINTS: Final = 100_000  # evaluations of one window at once


def extrapolate(
    samples: Samples, windows: Sequence[Duration], query: Query, how: Extrapolation
) -> pl.DataFrame:
    """WINDOWED of `increase`, `rate` or `delta` on SAMPLES."""
    fast = _takes_numba(query, len(windows))

    def kernel(part: Part, grid: Grid) -> Evaluate:
        resets, ends = resets_of(part), grid.times
        zero_first = grid.dialect.limits_to_zero_first
        engine = compiled.extrapolated if fast else counters.extrapolated
        return lambda window: engine(part, resets, window, ends, how, zero_first=zero_first)

    return _evaluate(samples, windows, query, kernel, at_least=2)


def _takes_numba(query: Query, windows: int) -> bool:
    """Whether numba computes: where it is asked for, or repays the second that its start takes."""
    engine = query.get("engine", "auto")
    if engine not in get_args(Engine):
        raise FrameError(f'"{engine}" is none of the engines {", ".join(get_args(Engine))}')
    if engine != "auto":
        return engine == "numba"
    long = Grid.of(query).points * windows * SERIES_A_PART >= _WORTH_COMPILING
    return long and compiled.installed()


def over_stretches(
    samples: Samples,
    windows: Sequence[Duration],
    query: Query,
    kernel: Callable[[Part], Callable[[Ints, Ints], Floats]],
    *,
    at_least: int = 1,
    markers: bool = False,
) -> pl.DataFrame:
    """WINDOWED of a function of the stretches from `low` to below `high` in the columns of a part.

    Args:
        samples: SAMPLES.
        windows: lengths, each once.
        query: see `Query`.
        kernel: from a part to the function; it is asked only where there are enough samples.
        at_least: how many samples are enough.
        markers: whether staleness markers are samples.
    """

    def at(part: Part, _: Grid) -> Evaluate:
        stretch = kernel(part)

        def evaluate(window: Window) -> Floats:
            there = window.high - window.low >= at_least
            value = np.full(there.shape, np.nan)
            with np.errstate(all="ignore"):  # samples of Inf and NaN
                value[there] = stretch(window.low[there], window.high[there])
            return value

        return evaluate

    return _evaluate(samples, windows, query, at, at_least=at_least, markers=markers)


def _evaluate(
    samples: Samples,
    windows: Sequence[Duration],
    query: Query,
    kernel: Callable[[Part, Grid], Evaluate],
    *,
    at_least: int,
    markers: bool = False,
) -> pl.DataFrame:
    grid, spans = Grid.of(query), lengths(windows)
    each = max(1, _ROWS // (grid.points * len(spans)))
    done = [
        _frame(part if markers else part.without_stale(), grid, spans, kernel, at_least)
        for part in _parts(samples, each)
    ]
    return pl.concat([empty(WINDOWED), *done])


def _parts(samples: Samples, each: int) -> Iterator[Part]:
    """Parts of so many series; what is stored is read by more of them at once."""
    lazy = isinstance(samples, pl.LazyFrame)
    frames = partitions(samples, max(each, SERIES_A_PART)) if lazy else [samples]
    for frame in frames:
        yield from map(part_of, partitions(frame, each))


def _frame(
    part: Part,
    grid: Grid,
    spans: Sequence[int],
    kernel: Callable[[Part, Grid], Evaluate],
    at_least: int,
) -> pl.DataFrame:
    """WINDOWED of a part; every column is a cube of series, windows and points before the cut."""
    shape = (len(part.ids), len(spans), grid.points)
    value = np.empty(shape)
    count = np.zeros(shape, dtype=np.uint32)
    covered = np.zeros(shape, dtype=np.float32)
    # A few series at a time: what lies between two steps of a kernel then stays in the cache.
    each = max(1, _POINTS // grid.points)
    for begin in range(0, len(part.ids), each):
        some = slice(begin, begin + each)
        few = part.only(some)
        if not len(few.ts):  # they held nothing but staleness markers
            continue
        evaluate = kernel(few, grid)
        for nth, window in enumerate(windows_of(few, grid, spans)):
            value[some, nth] = evaluate(window)
            count[some, nth] = window.high - window.low
            covered[some, nth] = few.time_between(window.low, window.high - 1) / window.length
    there = count >= at_least
    seconds = np.array([span // _MS for span in spans], dtype=np.int32)
    columns: dict[str, NDArray[Any]] = {
        "series_id": np.broadcast_to(part.ids[:, None, None], shape),
        "ts": np.broadcast_to(grid.times, shape),
        "window_s": np.broadcast_to(seconds[:, None], shape),
        "value": value,
        "samples": count,
        "coverage": covered,
    }
    flat = {name: column.reshape(-1) for name, column in columns.items()}
    made = pl.DataFrame(flat).with_columns(pl.col("ts").cast(TIME))
    return made if there.all() else made.filter(pl.Series(there.reshape(-1)))
