"""Kernels of the functions that look at each window's samples as they are, without extrapolation.

Each takes a part and gives a function from a window to values, flat, meaningless where the window
holds too few samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.promql.counters import resets_of
from rtobs.analytics.promql.parts import Part

__all__ = ["changes", "last_two", "quantile", "resets"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Stretch: TypeAlias = Callable[[Ints, Ints], Floats]  # from `low` and `high` to values

_CELLS: Final = 4_000_000  # samples that are sorted at once: 32 MB
_MS: Final = 1000.0


def resets(part: Part) -> Stretch:
    """How often the value fell."""
    fell = np.zeros(len(part.values), dtype=np.bool_)
    fell[resets_of(part).at] = True
    before = np.cumsum(fell)
    return lambda low, high: (before[high - 1] - before[low]).astype(np.float64)


def changes(part: Part) -> Stretch:
    """How often the value changed; NaN after NaN is no change."""
    now, last = part.values[1:], part.values[:-1]
    changed = np.zeros(len(part.values), dtype=np.bool_)
    changed[1:] = (now != last) & ~(np.isnan(now) & np.isnan(last))
    before = np.cumsum(changed)
    # A change from one series to the next lies between no two samples of a window.
    return lambda low, high: (before[high - 1] - before[low]).astype(np.float64)


def last_two(part: Part, *, counter: bool) -> Stretch:
    """Difference of the last two samples; of a counter a second, and from 0 after a fall."""

    def stretch(_: Ints, high: Ints) -> Floats:
        now, last = part.values[high - 1], part.values[high - 2]
        if not counter:
            return now - last
        seconds = (part.ts[high - 1] - part.ts[high - 2]) / _MS
        return np.where(now < last, now, now - last) / seconds

    return stretch


def quantile(part: Part, q: float) -> Stretch:
    """Quantile with linear interpolation; NaN counts as less than any number."""

    def stretch(low: Ints, high: Ints) -> Floats:
        if np.isnan(q) or not 0 <= q <= 1:
            return np.full(len(low), np.nan if np.isnan(q) else np.copysign(np.inf, q))
        out = np.empty(len(low))
        # Windows of about the same size together, so little of the block is padding.
        order = np.argsort(high - low, kind="stable")
        begin = len(order)
        while begin > 0:
            width = int(high[order[begin - 1]] - low[order[begin - 1]])
            rows = order[max(0, begin - max(1, _CELLS // width)) : begin]
            out[rows] = _quantiles(part.values, low[rows], high[rows], q)
            begin -= len(rows)
        return out

    return stretch


def _quantiles(values: Floats, low: Ints, high: Ints, q: float) -> Floats:
    counts = high - low
    steps = np.arange(counts.max())
    inside = steps < counts[:, None]
    block = np.where(inside, values[np.minimum(low[:, None] + steps, len(values) - 1)], np.nan)
    not_numbers = (np.isnan(block) & inside).sum(axis=1)
    block.sort(axis=1)  # NaN and padding last
    rank = q * (counts - 1)
    floor = np.floor(rank)
    weight = rank - floor
    at = floor.astype(np.int64)
    after = np.minimum(counts - 1, at + 1)
    below, above = _pick(block, at, not_numbers), _pick(block, after, not_numbers)
    made: Floats = below * (1 - weight) + above * weight
    return made


def _pick(block: Floats, place: Ints, not_numbers: Ints) -> Floats:
    """The sample in a place when NaN are first."""
    number = block[np.arange(len(place)), np.maximum(place - not_numbers, 0)]
    picked: Floats = np.where(place < not_numbers, np.nan, number)
    return picked
