"""Which samples lie in the window of each evaluation, without looking at a window.

Each sample is put into the step that it is the first to be seen by; running counts then say for
every evaluation how many samples lie before an edge. That costs one pass over samples and grid,
however long the windows are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.promql.grid import Grid
from rtobs.analytics.promql.parts import Part

__all__ = ["Cells", "Window", "counted_until", "windows_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The samples of a window at every evaluation: those from `low` to below `high`.

    Attributes:
        length: of the window, in milliseconds.
        low: positions in the columns of the part; a row for each series, a column for each point.
        high: likewise.
    """

    length: int
    low: NDArray[np.int64]
    high: NDArray[np.int64]


class Cells(NamedTuple):
    """Where a kernel writes what it finds: a row for each series, a column for each point.

    Attributes:
        value: of the function; meaningless where there are too few samples.
        samples: how many lie in the window.
        coverage: time between the first and the last of them, as a share of the window.
    """

    value: NDArray[np.float64]
    samples: NDArray[np.uint32]
    coverage: NDArray[np.float32]

    def at(self, series: slice, window: int) -> Cells:
        """Some series at one window, of cells that also have an axis of windows in the middle."""
        at = series, window
        return Cells(self.value[at], self.samples[at], self.coverage[at])


def windows_of(part: Part, grid: Grid, lengths: Sequence[int]) -> Iterator[Window]:
    """The windows of each length in milliseconds, shortest first."""
    # A sample on the left edge is within the window where ranges are closed: not counted as before.
    open_left = grid.dialect.closed == "right"
    aligned = [length for length in lengths if length % grid.step == 0]
    longest = max(aligned, default=lengths[0])
    more = longest // grid.step if aligned else 0
    lows = counted_until(
        part, grid.start - longest, grid.step, grid.points + more, inclusive=open_left
    )
    if open_left and aligned:
        high = lows[:, more:]
    else:
        high = counted_until(part, grid.start, grid.step, grid.points, inclusive=True)
    for length in lengths:
        if length in aligned or length == longest:
            begin = (longest - length) // grid.step
            low = lows[:, begin : begin + grid.points]
        else:
            low = counted_until(
                part, grid.start - length, grid.step, grid.points, inclusive=open_left
            )
        yield Window(length, low, high)


def counted_until(
    part: Part, first: int, step: int, points: int, *, inclusive: bool
) -> NDArray[np.int64]:
    """Position behind the last sample before each of the times first, first + step, ...

    Args:
        part: the samples.
        first: milliseconds since 1970.
        step: milliseconds.
        points: number of times.
        inclusive: whether a sample at the very time is counted as before it.

    Returns:
        Positions in the columns of the part, a row for each series.
    """
    past = part.ts - first
    seen = -(-past // step) if inclusive else past // step + 1
    np.clip(seen, 0, points, out=seen)
    series = len(part.ids)
    seen += part.rows * (points + 1)
    counts = np.bincount(seen, minlength=series * (points + 1)).reshape(series, points + 1)
    counts[:, 0] += part.offsets[:-1]
    return np.cumsum(counts[:, :points], axis=1)
