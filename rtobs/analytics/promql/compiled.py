"""`extrapolated` as a loop that numba compiles: no columns in between, the same bits.

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

from rtobs.analytics.promql.counters import Extrapolation, Resets
from rtobs.analytics.promql.index import Window
from rtobs.analytics.promql.parts import Part
from rtobs.errors import MissingExtraError

__all__ = ["extrapolated", "installed"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_THRESHOLD: Final = 1.1
_MS: Final = 1000.0


@cache
def installed() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


def extrapolated(
    part: Part,
    resets: Resets,
    window: Window,
    ends: Ints,
    how: Extrapolation,
    *,
    zero_first: bool,
) -> Floats:
    """See `counters.extrapolated`.

    Raises:
        MissingExtraError: numba is not installed.
    """
    columns = (part.ts, part.values, resets.before, resets.lost)
    options = (window.length, how.counter, how.a_second, zero_first)
    made: Floats = _compiled()(*columns, window.low, window.high, ends, *options)
    return made


@cache
def _compiled() -> Callable[..., Any]:
    if not installed():
        raise MissingExtraError("speed", 'engine="numba"')
    numba: Any = import_module("numba")
    types = numba.types

    def column(dtype: object, dimensions: int = 1) -> object:
        # Frames give columns that cannot be written; a shifted window has gaps between its rows.
        layout = "C" if dimensions == 1 else "A"
        return types.Array(dtype, dimensions, layout, readonly=True)

    ints, floats = column(types.int64), column(types.float64)
    edges, flags = column(types.int64, 2), (types.boolean,) * 3
    # One signature, so that there is one thing to compile and to find again on disk.
    signature = (ints, floats, ints, floats, edges, edges, ints, types.int64, *flags)
    options = {"error_model": "numpy"}
    try:
        made = numba.njit(types.float64[:, ::1](*signature), cache=True, **options)(_loop)
    except RuntimeError:  # no folder can be written: it is compiled anew in each process
        made = numba.njit(types.float64[:, ::1](*signature), **options)(_loop)
    compiled: Callable[..., Any] = made
    return compiled


def _loop(  # noqa: C901, PLR0913, PLR0917, numba wants one function of plain arrays
    ts: Ints,
    values: Floats,
    before: Ints,
    lost: Floats,
    low: Ints,
    high: Ints,
    ends: Ints,
    length: int,
    counter: bool,  # noqa: FBT001
    a_second: bool,  # noqa: FBT001
    zero_first: bool,  # noqa: FBT001
) -> Floats:
    out = np.empty(low.shape)
    for row in range(low.shape[0]):
        for column in range(low.shape[1]):
            first, last = low[row, column], high[row, column] - 1
            if last <= first:
                out[row, column] = np.nan
                continue
            result = values[last] - values[first]
            if counter:
                for reset in range(before[first], before[last]):
                    result += lost[reset]
            sampled = (ts[last] - ts[first]) / _MS
            left = (ts[first] - (ends[column] - length)) / _MS
            right = (ends[column] - ts[last]) / _MS
            mean = sampled / (last - first)
            zero = np.inf
            if counter and result > 0 and values[first] >= 0:
                zero = sampled * (values[first] / result)
            if zero_first and zero < left:
                left = zero
            if left >= mean * _THRESHOLD:
                left = mean / 2
            if not zero_first and zero < left:
                left = zero
            if right >= mean * _THRESHOLD:
                right = mean / 2
            factor = (sampled + left + right) / sampled
            if a_second:
                factor /= length / _MS
            out[row, column] = result * factor
    return out
