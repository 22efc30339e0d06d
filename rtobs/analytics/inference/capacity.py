"""Latency against load: quantiles by arrival rate, where the curve bends, where the SLO breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from rtobs.analytics.frames import Schema, check
from rtobs.analytics.inference.bands import QUANTILES, bands_by
from rtobs.analytics.inference.reading import AMOUNTS, BUCKETS, Intervals
from rtobs.errors import FrameError

__all__ = ["BY_RATE", "CAPACITY", "KNEES", "Resampling", "capacity", "knees", "latency_by_rate"]

BY_RATE: Final = Schema(
    "latency by rate",
    {
        "group": pl.String,
        "rate_from": pl.Float64,  # requests a second; the bin is open on this side
        "rate_to": pl.Float64,
        "rate": pl.Float64,  # mean of its intervals
        "intervals": pl.UInt32,
        "quantile": pl.Float64,
        "events": pl.Float64,
        "lower": pl.Float64,  # the quantile is above this bound
        "upper": pl.Float64,  # and not above this one
        "estimate": pl.Float64,
    },
    ("group", "rate_from", "quantile"),
)
KNEES: Final = Schema(
    "knees",
    {
        "group": pl.String,
        "quantile": pl.Float64,
        "rate": pl.Float64,  # requests a second at which the latency begins to climb
        "error": pl.Float64,  # half of the width of its bin
        "estimate": pl.Float64,  # latency there
        "bend": pl.Float64,  # 0 for a straight line, towards 1 for a corner
    },
    ("group", "quantile"),
)
CAPACITY: Final = Schema(
    "capacity",
    {
        "group": pl.String,
        "objective": pl.Float64,
        "limit": pl.Float64,  # the bucket bound that was compared
        "rate": pl.Float64,  # requests a second at which the SLO breaks; null: not seen
        "low": pl.Float64,  # 90 % of the resamples lie between these; null: too few broke
        "high": pl.Float64,
        "breaks": pl.Float64,  # share of the resamples in which the SLO breaks at all
        "highest": pl.Float64,  # highest rate that was seen
        "intervals": pl.UInt32,
    },
    ("group",),
)
_FEWEST_BINS: Final = 4
_BEND: Final = 0.1  # a curve that leaves its chord by less is taken for a line
_RISE: Final = 0.5  # one that climbs by a smaller part of its beginning is taken for flat
_INNER: Final = (0.05, 0.95)

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resampling:
    """How the error of a capacity is found: by drawing blocks of intervals again and again.

    Attributes:
        draws: how many times.
        block: intervals that are drawn together, because neighbours are alike.
        seed: of the draws.
    """

    draws: int = 200
    block: int = 12
    seed: int = 1


def latency_by_rate(
    buckets: pl.DataFrame,
    arrivals: pl.DataFrame,
    intervals: Intervals,
    bins: int = 12,
    quantiles: Sequence[float] = QUANTILES,
) -> pl.DataFrame:
    """Quantiles of all events of the intervals with about the same arrival rate.

    Buckets are added up before the quantile is taken; quantiles are never averaged.

    Args:
        buckets: BUCKETS.
        arrivals: AMOUNTS, requests that came (or ended) in each interval.
        intervals: those of both frames.
        bins: number of equal parts of the rates from 0 to the highest of each group.
        quantiles: each above 0 and not above 1.

    Returns:
        BY_RATE; no row for a bin without events.

    Raises:
        FrameError: a frame has other columns, or there are fewer than one bin.
    """
    if bins < 1:
        raise FrameError("latency by rate needs at least one bin")
    rates = _rates(arrivals, intervals).filter(pl.col("rate") > 0)
    highest = rates.group_by("group").agg((pl.col("rate").max() / bins).alias("width"))
    binned = rates.join(highest, on="group").with_columns(
        (pl.col("rate") / pl.col("width")).ceil().clip(1, bins).cast(pl.UInt32).alias("bin")
    )
    key = ("group", "bin")
    facts = (
        binned.sort("group", "bin", "ts")
        .group_by(*key, maintain_order=True)
        .agg(pl.col("rate").mean(), pl.len().alias("intervals"), pl.col("width").first())
    )
    counts = check(buckets, BUCKETS).join(binned.select(*key, "ts"), on=["group", "ts"])
    added = counts.sort(*key, "le", "ts").group_by(*key, "le", maintain_order=True)
    bands = bands_by(added.agg(pl.col("events").sum()), key, quantiles)
    table = bands.join(facts, on=list(key)).with_columns(
        ((pl.col("bin") - 1) * pl.col("width")).alias("rate_from"),
        (pl.col("bin") * pl.col("width")).alias("rate_to"),
    )
    return check(table.sort(BY_RATE.key), BY_RATE)


def knees(by_rate: pl.DataFrame) -> pl.DataFrame:
    """Where latency begins to climb: the rate at which the curve is farthest below its chord.

    (Satopää et al., "Finding a kneedle in a haystack", 2011, without its smoothing.)

    Args:
        by_rate: BY_RATE.

    Returns:
        KNEES; a curve is read up to its highest point. No row for one of fewer than four bins, one
        that climbs by less than half, or one that hardly bends.

    Raises:
        FrameError: the frame has other columns.
    """
    table = check(by_rate, BY_RATE).sort("group", "quantile", "rate")
    rows = [
        (str(group), quantile, *knee)
        for (group, quantile), curve in table.group_by("group", "quantile", maintain_order=True)
        if (knee := _knee(curve)) is not None
    ]
    found = pl.DataFrame(rows, schema=dict(KNEES.columns), orient="row")
    return check(found.sort(KNEES.key), KNEES)


def _knee(curve: pl.DataFrame) -> tuple[float, float, float, float] | None:
    summit = int(np.argmax(curve["estimate"].to_numpy())) + 1
    rate, latency = (curve[name].to_numpy()[:summit] for name in ("rate", "estimate"))
    rise = latency[-1] - latency[0]
    if summit < _FEWEST_BINS or rise <= _RISE * latency[0]:
        return None
    below = (rate - rate[0]) / (rate[-1] - rate[0]) - (latency - latency[0]) / rise
    at = int(np.argmax(below))
    if below[at] < _BEND:
        return None
    width = float(curve["rate_to"][at] - curve["rate_from"][at])
    return float(rate[at]), width / 2, float(latency[at]), float(below[at])


def capacity(
    buckets: pl.DataFrame,
    arrivals: pl.DataFrame,
    slo: tuple[float, Decimal],
    intervals: Intervals,
    resampling: Resampling | None = None,
) -> pl.DataFrame:
    """The arrival rate at which a latency SLO breaks, and how sure that is.

    The share of fast events is taken to fall with the rate; the falling curve that fits best
    (isotonic regression, weighted by events) crosses the objective at the capacity. Leave intervals
    of incidents out first, or their slow events are blamed on the rate that there happened to be.

    Args:
        buckets: BUCKETS.
        arrivals: AMOUNTS, requests that came in each interval.
        slo: (limit in the unit of the histogram, objective in (0, 1)). A limit between two bounds
            is judged by the lower one, which each group may have of its own.
        intervals: those of both frames.
        resampling: how the error is found.

    Returns:
        CAPACITY, a row a group; none for a group whose bounds are all above the limit.

    Raises:
        FrameError: a frame has other columns, or the limit is below every bound.
    """
    limit, objective = slo
    rates = _rates(arrivals, intervals)
    judged = _judged(check(buckets, BUCKETS), limit)
    table = judged.join(rates, on=["group", "ts"]).filter(pl.col("total") > 0)
    how = resampling or Resampling()
    rows = [
        (str(group), float(objective), part["bound"][0], *_broken(part, float(objective), how))
        for (group,), part in table.sort("group", "ts").group_by("group", maintain_order=True)
    ]
    found = pl.DataFrame(rows, schema=dict(CAPACITY.columns), orient="row")
    return check(found.sort(CAPACITY.key), CAPACITY)


def _rates(arrivals: pl.DataFrame, intervals: Intervals) -> pl.DataFrame:
    rate = (pl.col("value") / intervals.length.seconds).alias("rate")
    return check(arrivals, AMOUNTS).select("group", "ts", rate)


def _judged(buckets: pl.DataFrame, limit: float) -> pl.DataFrame:
    """`good` and `total` of each interval that has the `bound` that decides in its group."""
    within = buckets.filter(pl.col("le") <= limit)
    if within.is_empty():
        raise FrameError(f"no bucket has a bound of {limit:g} or less, so nothing can be judged")
    bounds = within.group_by("group").agg(pl.col("le").max().alias("bound"))
    counts = buckets.join(bounds, on="group").group_by("group", "ts", "bound")
    return counts.agg(
        pl.col("events").filter(pl.col("le") == pl.col("bound")).first().alias("good"),
        pl.col("events").max().alias("total"),
    ).drop_nulls("good")


def _broken(
    part: pl.DataFrame, objective: float, how: Resampling
) -> tuple[float | None, float | None, float | None, float, float, int]:
    rate, good, total = (part[name].to_numpy() for name in ("rate", "good", "total"))
    count = len(rate)
    point = _crossing(rate, good, total, objective)
    dice = np.random.Generator(np.random.PCG64(how.seed))
    starts = np.arange(0, count, how.block)
    drawn = []
    for _ in range(how.draws):
        chosen = starts[(dice.random(len(starts)) * len(starts)).astype(np.int64)]
        rows = (chosen[:, None] + np.arange(how.block)).ravel()
        rows = rows[rows < count]
        drawn.append(_crossing(rate[rows], good[rows], total[rows], objective))
    broke = [value for value in drawn if value is not None]
    share = len(broke) / max(len(drawn), 1)
    sure = point is not None and share > _INNER[1]
    low, high = np.quantile(broke, _INNER).tolist() if sure else (None, None)
    return point, low, high, share, float(rate.max()), count


def _crossing(rate: _Floats, good: _Floats, total: _Floats, objective: float) -> float | None:
    """The rate at which the falling fit passes the objective; None when it stays above."""
    order = np.argsort(rate, kind="stable")
    ordered = rate[order]
    share = isotonic_regression(
        good[order] / total[order], weights=total[order], increasing=False
    ).x
    broken = np.flatnonzero(share < objective)
    if not len(broken):
        return None
    first = int(broken[0])
    return float((ordered[max(first - 1, 0)] + ordered[first]) / 2)
