"""What a bare selector gives: the newest sample of each series, as long as it is not stale."""

from __future__ import annotations

from typing import Final, Unpack

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.promql.evaluation import Samples, over_stretches
from rtobs.analytics.promql.grid import Query
from rtobs.analytics.promql.over_time import Stretch
from rtobs.analytics.promql.parts import Part, stale_markers
from rtobs.model.duration import Duration

__all__ = ["LOOKBACK", "instant"]

LOOKBACK: Final = Duration(300)  # --query.lookback-delta of a Prometheus that nobody has changed


def instant(
    samples: Samples, lookback: Duration = LOOKBACK, **query: Unpack[Query]
) -> pl.DataFrame:
    """The value that each series has at each evaluation.

    A series ends where its staleness marker is, and where there are none (exports drop them), when
    its newest sample is older than the lookback.

    Args:
        samples: SAMPLES.
        lookback: how old the newest sample may be.
        **query: see `Query`.

    Returns:
        WINDOWED, with the lookback as the window.

    Raises:
        FrameError: this is no frame of SAMPLES, or a term of the query is wrong.
    """
    newest = over_stretches(samples, [lookback], query, _newest, markers=True)
    stale = stale_markers(newest["value"].to_numpy())
    return newest if stale is None else newest.filter(pl.Series(~stale))


def _newest(part: Part) -> Stretch:
    def stretch(_: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float64]:
        newest: NDArray[np.float64] = part.values[high - 1]
        return newest

    return stretch
