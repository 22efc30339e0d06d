"""Goodput: answers that met both limits of a latency class, counted or bounded.

Two histograms tell how many answers met the one limit and how many met the other, not which. Of n
answers of which a met the first and b the second, at least a + b - n and at most min(a, b) met both
(Fréchet 1935); nothing better can be said. A client that counts both limits at once knows.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from rtobs.analytics.frames import TIME, Schema, check
from rtobs.analytics.inference.reading import AMOUNTS, BUCKETS, Intervals
from rtobs.conventions import LatencyClass

__all__ = ["GOODPUT", "counted_goodput", "goodput_bounds"]

GOODPUT: Final = Schema(
    "goodput",
    {
        "group": pl.String,
        "ts": TIME,  # end of the interval
        "requests": pl.Float64,  # that ended in the interval
        "lower": pl.Float64,  # share of them that met both limits: not less than this
        "upper": pl.Float64,  # and not more than this; the same where it was counted
        "lower_per_s": pl.Float64,  # good requests a second
        "upper_per_s": pl.Float64,
    },
    ("group", "ts"),
)
_KEY: Final = ["group", "ts"]


def goodput_bounds(
    ttft: pl.DataFrame,
    tpot: pl.DataFrame,
    limits: LatencyClass,
    intervals: Intervals,
    in_flight: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Bounds of goodput from the histograms of a model server.

    The first token of an answer and its end may lie in different intervals. With `in_flight`, the
    answers that had begun before the interval may have met the first limit or missed it, and the
    bounds hold for each interval; without it, they hold where hardly anything is under way.
    A limit that is no bound of a bucket makes the bounds wider, never wrong.

    Args:
        ttft: BUCKETS of the time to the first token, seconds.
        tpot: BUCKETS of the time per output token of whole answers, seconds.
        limits: latency class.
        intervals: those of both frames.
        in_flight: AMOUNTS, requests in the batch when each interval began.

    Returns:
        GOODPUT of the intervals in which an answer ended.

    Raises:
        FrameError: a frame has other columns.
    """
    first = _within(check(ttft, BUCKETS), limits.time_to_first_token, "first")
    pace = _within(check(tpot, BUCKETS), limits.time_per_output_token, "pace")
    counts = pace.join(first, on=_KEY, how="left", maintain_order="left")
    if in_flight is None:
        counts = counts.with_columns(pl.lit(0.0).alias("value"))
    else:
        begun = check(in_flight, AMOUNTS)
        counts = counts.join(begun, on=_KEY, how="left", maintain_order="left")
    held = pl.col("value").fill_null(0.0)
    known = {name: pl.col(name).fill_null(0.0) for name in ("first_all", "first_low", "first_high")}
    slow = known["first_all"] - known["first_low"] + held
    lower = (pl.col("pace_low") - slow).clip(0.0)
    upper = pl.min_horizontal("pace_high", known["first_high"] + held)
    return _shares(counts, pl.col("pace_all"), lower, upper, intervals)


def counted_goodput(total: pl.DataFrame, met: pl.DataFrame, intervals: Intervals) -> pl.DataFrame:
    """Goodput where a client counted it, as `rtobs_llm_requests_total` does.

    Args:
        total: AMOUNTS, answers that ended, without those that were cancelled.
        met: AMOUNTS, those of them with goodput="met".
        intervals: those of both frames.

    Returns:
        GOODPUT with equal bounds, of the intervals in which an answer ended.

    Raises:
        FrameError: a frame has other columns.
    """
    good = check(met, AMOUNTS).rename({"value": "good"})
    counts = check(total, AMOUNTS).join(good, on=_KEY, how="left", maintain_order="left")
    known = pl.col("good").fill_null(0.0)
    return _shares(counts, pl.col("value"), known, known, intervals)


def _within(buckets: pl.DataFrame, limit: float, name: str) -> pl.DataFrame:
    """Events that surely met a limit, that may have met it, and all; a row an interval."""
    events, le = pl.col("events"), pl.col("le")
    return (
        buckets.sort(BUCKETS.key)
        .with_columns(events.cum_max().over(_KEY))
        .group_by(*_KEY, maintain_order=True)
        .agg(
            events.filter(le <= limit).last().fill_null(0.0).alias(f"{name}_low"),
            events.filter(le >= limit).first().alias(f"{name}_high"),
            events.last().alias(f"{name}_all"),
        )
    )


def _shares(
    counts: pl.DataFrame, requests: pl.Expr, lower: pl.Expr, upper: pl.Expr, intervals: Intervals
) -> pl.DataFrame:
    seconds = intervals.length.seconds
    shares = counts.filter(requests > 0).select(
        *_KEY,
        requests.alias("requests"),
        (lower / requests).alias("lower"),
        (upper / requests).alias("upper"),
        (lower / seconds).alias("lower_per_s"),
        (upper / seconds).alias("upper_per_s"),
    )
    return check(shares.sort(GOODPUT.key), GOODPUT)
