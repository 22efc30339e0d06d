"""`counters.kernel` as a loop that numba compiles: no columns in between, the same bits.

The order of every addition and comparison is that of `counters`, which is the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.promql.counters import Extrapolation, resets_of
from rtobs.analytics.promql.grid import Grid
from rtobs.analytics.promql.index import Cells, Window
from rtobs.analytics.promql.parts import Part
from rtobs.errors import MissingExtraError

__all__ = ["installed", "kernel"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_THRESHOLD: Final = 1.1
_MS: Final = 1000.0
_AT_ONCE: Final = 256  # points whose arithmetic is done together, four or eight at a time


@cache
def installed() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


def kernel(part: Part, grid: Grid, how: Extrapolation) -> Callable[[Window, Cells], None]:
    """See `counters.kernel`.

    Raises:
        MissingExtraError: numba is not installed.
    """
    loop, resets = _compiled(), resets_of(part)
    columns = part.ts.astype(np.float64), part.values, resets.at, resets.lost
    ends, options = grid.times, (how.counter, how.a_second, grid.dialect.limits_to_zero_first)
    times = ends.astype(np.float64)

    def evaluate(window: Window, cells: Cells) -> None:
        loop(*columns, window.low, window.high, times, float(window.length), *options, *cells)

    return evaluate


@cache
def _compiled() -> Callable[..., Any]:
    if not installed():
        raise MissingExtraError("speed", 'engine="numba"')
    numba: Any = import_module("numba")
    types = numba.types

    def column(dtype: object, dimensions: int = 1, *, written: bool = False) -> object:
        # Frames give columns that cannot be written; a shifted window has gaps between its rows.
        layout = "C" if dimensions == 1 else "A"
        return types.Array(dtype, dimensions, layout, readonly=not written)

    ints, floats = column(types.int64), column(types.float64)
    edges, flags = column(types.int64, 2), (types.boolean,) * 3
    cells = [column(kind, 2, written=True) for kind in (types.float64, types.uint32, types.float32)]
    # One signature, so that there is one thing to compile and to find again on disk.
    columns = (floats, floats, ints, floats, edges, edges, floats)
    signature = types.void(*columns, types.float64, *flags, *cells)
    options = {"error_model": "numpy"}
    try:
        made = numba.njit(signature, cache=True, **options)(_loop)
    except RuntimeError:  # no folder can be written: it is compiled anew in each process
        made = numba.njit(signature, **options)(_loop)
    compiled: Callable[..., Any] = made
    return compiled


def _loop(  # noqa: PLR0913, PLR0917, numba wants plain arrays
    times: Floats,
    values: Floats,
    at: Ints,
    lost: Floats,
    low: Ints,
    high: Ints,
    ends: Floats,
    length: float,
    counter: bool,  # noqa: FBT001
    a_second: bool,  # noqa: FBT001
    zero_first: bool,  # noqa: FBT001
    value: Floats,
    samples: NDArray[np.uint32],
    coverage: NDArray[np.float32],
) -> None:
    start, result, gaps = np.empty(_AT_ONCE), np.empty(_AT_ONCE), np.empty(_AT_ONCE)
    began, ended, covered = np.empty(_AT_ONCE), np.empty(_AT_ONCE), np.empty(_AT_ONCE)
    begin = end = 0  # of the resets in the window; positions only rise
    for row in range(low.shape[0]):
        for block in range(0, low.shape[1], _AT_ONCE):
            size = min(_AT_ONCE, low.shape[1] - block)
            for nth in range(size):
                first, last = low[row, block + nth], high[row, block + nth] - 1
                samples[row, block + nth] = last + 1 - first
                first, last = min(first, len(values) - 1), max(last, 0)
                grown = values[last] - values[first]
                if counter:
                    while begin < len(at) and at[begin] <= first:
                        begin += 1
                    while end < len(at) and at[end] <= last:
                        end += 1
                    for reset in range(begin, end):
                        grown += lost[reset]
                start[nth], result[nth], gaps[nth] = values[first], grown, last - first
                began[nth], ended[nth] = times[first], times[last]
            # Without branches and on columns without gaps, so that it becomes vector instructions.
            for nth in range(size):
                edge, grown = ends[block + nth], result[nth]
                covered[nth] = (ended[nth] - began[nth]) / length
                sampled = (ended[nth] - began[nth]) / _MS
                left = (began[nth] - (edge - length)) / _MS
                right = (edge - ended[nth]) / _MS
                mean = sampled / gaps[nth]
                threshold, half = mean * _THRESHOLD, mean / 2
                zero = sampled * (start[nth] / grown)
                zero = zero if counter and (grown > 0) & (start[nth] >= 0) else np.inf
                left = zero if zero_first and zero < left else left
                left = half if left >= threshold else left
                left = zero if (not zero_first) and zero < left else left
                right = half if right >= threshold else right
                factor = (sampled + left + right) / sampled
                factor = factor / (length / _MS) if a_second else factor
                result[nth] = grown * factor
            for nth in range(size):
                value[row, block + nth], coverage[row, block + nth] = result[nth], covered[nth]
