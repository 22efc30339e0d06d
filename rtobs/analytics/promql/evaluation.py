"""From SAMPLES to WINDOWED: part by part, window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import TIME, WINDOWED, empty
from rtobs.analytics.promql import compiled, counters
from rtobs.analytics.promql.counters import Extrapolation
from rtobs.analytics.promql.grid import Engine, Grid, Query, lengths
from rtobs.analytics.promql.index import Cells, Window, windows_of
from rtobs.analytics.promql.parts import SERIES_A_PART, Part, part_of, partitions
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

__all__ = ["Samples", "extrapolate", "over_stretches"]

Samples: TypeAlias = pl.DataFrame | pl.LazyFrame
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Evaluate: TypeAlias = Callable[[Window, Cells], None]

_MS: Final = 1000
_WORTH_COMPILING: Final = 5_000_000  # evaluations of a whole part
_ROWS: Final = 400_000  # of a result at once: its columns find the memory of the last one
_POINTS: Final = 100_000  # evaluations of one window at once


def extrapolate(
    samples: Samples, windows: Sequence[Duration], query: Query, how: Extrapolation
) -> pl.DataFrame:
    """WINDOWED of `increase`, `rate` or `delta` on SAMPLES."""
    engine = compiled if _takes_numba(query, len(windows)) else counters
    return _evaluate(
        samples, windows, query, lambda part, grid: engine.kernel(part, grid, how), at_least=2
    )


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

        def evaluate(window: Window, cells: Cells) -> None:
            low, high = window.low, window.high
            there = high - low >= at_least
            with np.errstate(all="ignore"):  # samples of Inf and NaN
                cells.value[there] = stretch(low[there], high[there])
            cells.samples[:] = high - low
            cells.coverage[:] = part.time_between(low, high - 1) / window.length

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
    keys = pl.DataFrame()
    done: list[pl.DataFrame] = []
    for whole in _parts(samples, each):
        part = whole if markers else whole.without_stale()
        rows = len(part.ids) * len(spans) * grid.points
        # The first part is the largest: those after it share its times and windows.
        keys = keys if rows <= len(keys) else _keys(grid, spans, len(part.ids))
        cells = _cells(part, grid, spans, kernel)
        done.append(_frame(part.ids, keys.head(rows), cells, at_least))
    return pl.concat([empty(WINDOWED), *done])


def _parts(samples: Samples, each: int) -> Iterator[Part]:
    """Parts of so many series; what is stored is read by more of them at once."""
    size = max(each, SERIES_A_PART)
    frames = [samples] if isinstance(samples, pl.DataFrame) else partitions(samples, size)
    for frame in frames:
        part = part_of(frame)
        for begin in range(0, len(part.ids), each):
            yield part.only(slice(begin, begin + each))


def _keys(grid: Grid, spans: Sequence[int], series: int) -> pl.DataFrame:
    """Columns ts and window_s of so many series."""
    shape = (series, len(spans), grid.points)
    seconds = np.array([span // _MS for span in spans], dtype=np.int32)
    columns = {
        "ts": np.broadcast_to(grid.times, shape).reshape(-1),
        "window_s": np.broadcast_to(seconds[:, None], shape).reshape(-1),
    }
    return pl.DataFrame(columns).with_columns(pl.col("ts").cast(TIME))


def _cells(
    part: Part,
    grid: Grid,
    spans: Sequence[int],
    kernel: Callable[[Part, Grid], Evaluate],
) -> Cells:
    """Cells with an axis for the series, one for the windows and one for the points."""
    shape = (len(part.ids), len(spans), grid.points)
    cells = Cells(np.empty(shape), np.zeros(shape, np.uint32), np.zeros(shape, np.float32))
    # A few series at a time: what a kernel reads of them then stays in the cache.
    each = max(1, _POINTS // grid.points)
    for begin in range(0, len(part.ids), each):
        some = slice(begin, begin + each)
        few = part.only(some)
        if len(few.ts):  # else they held nothing but staleness markers
            evaluate = kernel(few, grid)
            for nth, window in enumerate(windows_of(few, grid, spans)):
                evaluate(window, cells.at(some, nth))
    return cells


def _frame(
    ids: NDArray[np.uint32], keys: pl.DataFrame, cells: Cells, at_least: int
) -> pl.DataFrame:
    """WINDOWED of the cells that have enough samples."""
    value, samples, coverage = (column.reshape(-1) for column in cells)
    made = keys.select(
        pl.Series("series_id", np.repeat(ids, keys.height // len(ids))),
        "ts",
        "window_s",
        pl.Series("value", value),
        pl.Series("samples", samples),
        pl.Series("coverage", coverage),
    )
    there = samples >= at_least
    return made if there.all() else made.filter(pl.Series(there))
