"""Quantiles of histograms as what is really known: the bucket that they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from rtobs.analytics.frames import TIME, Schema, check
from rtobs.analytics.inference.reading import BUCKETS
from rtobs.errors import FrameError

__all__ = ["BANDS", "QUANTILES", "bands_by", "latency_bands"]

BANDS: Final = Schema(
    "quantile bands",
    {
        "group": pl.String,
        "ts": TIME,  # end of the interval
        "quantile": pl.Float64,
        "events": pl.Float64,  # in the interval
        "lower": pl.Float64,  # the quantile is above this bound, or 0
        "upper": pl.Float64,  # and not above this one; infinite beyond the last bucket
        "estimate": pl.Float64,  # what histogram_quantile of Prometheus says
    },
    ("group", "ts", "quantile"),
)
QUANTILES: Final = (0.5, 0.9, 0.99)


def latency_bands(buckets: pl.DataFrame, quantiles: Sequence[float] = QUANTILES) -> pl.DataFrame:
    """Bands that hold the quantiles of each interval.

    The quantile q of n events is the smallest value that at least q n of them do not exceed.

    Args:
        buckets: BUCKETS of any unit, with the bucket +Inf.
        quantiles: each above 0 and not above 1.

    Returns:
        BANDS in the unit of the histogram; no row for an interval without events.

    Raises:
        FrameError: the frame is no BUCKETS, a quantile is out of range, or +Inf is absent.
    """
    bands = bands_by(check(buckets, BUCKETS), ("group", "ts"), quantiles)
    return check(bands.sort(BANDS.key), BANDS)


def bands_by(
    buckets: pl.DataFrame, key: tuple[str, ...], quantiles: Sequence[float]
) -> pl.DataFrame:
    """The bands of any cumulative histograms, one for each value of the key columns.

    Args:
        buckets: the key columns, `le` and `events`.
        key: columns that name a histogram.
        quantiles: each above 0 and not above 1.

    Returns:
        The key columns and those of BANDS from `quantile` on, in no order.

    Raises:
        FrameError: a quantile is out of range, or a histogram has no bucket +Inf.
    """
    strange = [q for q in quantiles if not 0 < q <= 1]
    if strange:
        raise FrameError(f"a quantile lies above 0 and not above 1, {strange[0]} does not")
    edges = _edges(buckets, key)
    if edges.filter(pl.col("top").is_finite()).height:
        raise FrameError('a histogram has no bucket le="+Inf"; export all of its buckets')
    return pl.concat(_one(edges, key, quantile) for quantile in quantiles)


def _edges(buckets: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Each bucket with the one below and the whole of its histogram."""
    # A scrape between two updates, or a restart, may show less than in the bucket before.
    ordered = buckets.sort(*key, "le").with_columns(pl.col("events").cum_max().over(key))
    tops = ordered.group_by(*key, maintain_order=True).agg(
        pl.col("events").max().alias("total"), pl.col("le").last().alias("top")
    )
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in key)
    below = pl.when(same)
    return (
        ordered.with_columns(
            below.then(pl.col("le").shift(1)).alias("below"),
            below.then(pl.col("events").shift(1)).alias("before"),
        )
        .join(tops, on=list(key))
        .filter(pl.col("total") > 0)
    )


def _one(edges: pl.DataFrame, key: tuple[str, ...], quantile: float) -> pl.DataFrame:
    rank = quantile * pl.col("total")
    before = pl.col("before").fill_null(0.0)
    first = pl.col("before").is_null() | (pl.col("before") < rank)
    lower = pl.col("below").fill_null(0.0)
    share = (rank - before) / (pl.col("events") - before)
    inside = lower + (pl.col("le") - lower) * share
    return edges.filter((pl.col("events") >= rank) & first).select(
        *key,
        pl.lit(quantile).alias("quantile"),
        pl.col("total").alias("events"),
        lower.alias("lower"),
        pl.col("le").alias("upper"),
        pl.when(pl.col("le").is_finite()).then(inside).otherwise(lower).alias("estimate"),
    )
