"""PromQL's functions over ranges, on SAMPLES; each gives WINDOWED with rows only where it has one.

All take the terms of a range query as keywords: `step`, `start`, `end`, `dialect`, and `engine` if
wanted (see `Query`). Several windows cost little more than one. All raise FrameError where the
frame is no SAMPLES or a term of the query is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, Unpack

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.promql import over_time
from rtobs.analytics.promql.counters import Extrapolation
from rtobs.analytics.promql.evaluation import Samples, extrapolate, over_stretches
from rtobs.analytics.promql.grid import Query
from rtobs.analytics.promql.parts import Part
from rtobs.analytics.promql.trees import averages, extremes, sums, variances
from rtobs.model.duration import Duration

__all__ = [
    "avg_over_time",
    "changes",
    "count_over_time",
    "delta",
    "idelta",
    "increase",
    "irate",
    "last_over_time",
    "max_over_time",
    "min_over_time",
    "present_over_time",
    "quantile_over_time",
    "rate",
    "resets",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
]

Windows: TypeAlias = Sequence[Duration]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def increase(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """How much counters grew within each window, extrapolated to its edges.

    Args:
        samples: SAMPLES of counters.
        windows: lengths, each once.
        **query: see `Query`.

    Returns:
        WINDOWED, in the unit of the counter; no row where the window holds fewer than two samples.

    Raises:
        FrameError: this is no frame of SAMPLES, or a term of the query is wrong.
    """
    return extrapolate(samples, windows, query, Extrapolation(counter=True, a_second=False))


def rate(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """`increase` a second: SAMPLES of counters to WINDOWED."""
    return extrapolate(samples, windows, query, Extrapolation(counter=True, a_second=True))


def delta(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """How much gauges changed within each window, extrapolated to its edges; else as `increase`."""
    return extrapolate(samples, windows, query, Extrapolation(counter=False, a_second=False))


def irate(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """How fast counters grew between the last two samples of each window: WINDOWED, a second."""
    return over_stretches(
        samples, windows, query, lambda part: over_time.last_two(part, counter=True), at_least=2
    )


def idelta(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Difference of the last two samples of each window: SAMPLES of gauges to WINDOWED."""
    return over_stretches(
        samples, windows, query, lambda part: over_time.last_two(part, counter=False), at_least=2
    )


def resets(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """How often the value fell within each window: SAMPLES to WINDOWED."""
    return over_stretches(samples, windows, query, over_time.resets)


def changes(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """How often the value changed within each window: SAMPLES to WINDOWED."""
    return over_stretches(samples, windows, query, over_time.changes)


def sum_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Sum of the samples in each window, with compensated rounding: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, sums)


def avg_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Mean of the samples in each window, whatever time lies between them: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, averages)


def min_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Least sample in each window; NaN only where all are: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, lambda v, a, b: extremes(v, a, b, np.fmin))


def max_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Largest sample in each window; NaN only where all are: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, lambda v, a, b: extremes(v, a, b, np.fmax))


def stdvar_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Population variance of the samples in each window: SAMPLES to WINDOWED, unit squared."""
    return _folded(samples, windows, query, variances)


def stddev_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Population standard deviation of the samples in each window: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, lambda v, a, b: np.sqrt(variances(v, a, b)))


def count_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Number of samples in each window; no row where there are none: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, lambda _, low, high: (high - low).astype(np.float64))


def last_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """Newest sample in each window: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, lambda values, _, high: values[high - 1])


def present_over_time(samples: Samples, windows: Windows, **query: Unpack[Query]) -> pl.DataFrame:
    """1 where the window holds a sample: SAMPLES to WINDOWED."""
    return _folded(samples, windows, query, lambda _, low, __: np.ones(len(low)))


def quantile_over_time(
    q: float, samples: Samples, windows: Windows, **query: Unpack[Query]
) -> pl.DataFrame:
    """Quantile of the samples in each window, interpolated: SAMPLES to WINDOWED.

    Every window is sorted: this is the one function whose cost grows with the length of the window.

    Args:
        q: from 0 to 1; below gives -Inf and above +Inf, as in Prometheus.
        samples: SAMPLES.
        windows: lengths, each once.
        **query: see `Query`.
    """
    return over_stretches(samples, windows, query, lambda part: over_time.quantile(part, q))


def _folded(
    samples: Samples,
    windows: Windows,
    query: Query,
    fold: Callable[[Floats, Ints, Ints], Floats],
) -> pl.DataFrame:
    def kernel(part: Part) -> over_time.Stretch:
        return lambda low, high: fold(part.values, low, high)

    return over_stretches(samples, windows, query, kernel)
