"""Signs of too little capacity: the KV cache, thrown-out requests and the queue."""

from __future__ import annotations

from typing import Final

import polars as pl

from rtobs.analytics.frames import TIME, Schema, check
from rtobs.analytics.inference.reading import AMOUNTS, Intervals

__all__ = ["KV_PRESSURE", "QUEUEING", "kv_pressure", "queueing"]

KV_PRESSURE: Final = Schema(
    "KV cache pressure",
    {
        "group": pl.String,
        "intervals": pl.UInt32,
        "mean": pl.Float64,  # share of the cache in use, 0 to 1
        "highest": pl.Float64,  # of one interval
        "above": pl.Float64,  # share of intervals above the limit
        "thrown_out_per_h": pl.Float64,  # requests that lost their place, an hour
    },
    ("group",),
)
QUEUEING: Final = Schema(
    "queueing",
    {
        "group": pl.String,
        "ts": TIME,  # end of the interval
        "arrivals_per_s": pl.Float64,
        "waiting": pl.Float64,  # requests without a place, mean
        "running": pl.Float64,  # requests in the batch, mean
        "wait_s": pl.Float64,  # mean wait of a request; null where nothing arrived
        "stay_s": pl.Float64,  # mean time from arrival to end
    },
    ("group", "ts"),
)
_KEY: Final = ["group", "ts"]
_FULL: Final = 0.95  # above it vLLM's scheduler begins to throw requests out
_HOUR: Final = 3_600


def kv_pressure(
    usage: pl.DataFrame, thrown_out: pl.DataFrame, intervals: Intervals, limit: float = _FULL
) -> pl.DataFrame:
    """How full the KV cache was, and what that cost.

    Args:
        usage: AMOUNTS, `vllm:kv_cache_usage_perc` from 0 to 1.
        thrown_out: AMOUNTS, growth of `vllm:num_preemptions_total`.
        intervals: those of both frames.
        limit: share of the cache above which it counts as full.

    Returns:
        KV_PRESSURE, over the intervals of `usage`.

    Raises:
        FrameError: a frame has other columns.
    """
    lost = check(thrown_out, AMOUNTS).rename({"value": "lost"})
    both = check(usage, AMOUNTS).join(lost, on=_KEY, how="left", maintain_order="left")
    hours = pl.len() * intervals.length.seconds / _HOUR
    table = (
        both.sort(*_KEY)
        .group_by("group", maintain_order=True)
        .agg(
            pl.len().cast(pl.UInt32).alias("intervals"),
            pl.col("value").mean().alias("mean"),
            pl.col("value").max().alias("highest"),
            (pl.col("value") > limit).mean().alias("above"),
            (pl.col("lost").sum() / hours).alias("thrown_out_per_h"),
        )
    )
    return check(table.sort(KV_PRESSURE.key), KV_PRESSURE)


def queueing(
    arrivals: pl.DataFrame, waiting: pl.DataFrame, running: pl.DataFrame, intervals: Intervals
) -> pl.DataFrame:
    """Waits from lengths of queues: mean number = arrival rate x mean time (Little 1961).

    It holds over intervals much longer than a request stays. The server's own histogram of queue
    time cannot tell waits below 0.3 seconds apart; this can, and needs no histogram.

    Args:
        arrivals: AMOUNTS, requests that came in each interval.
        waiting: AMOUNTS, mean of `vllm:num_requests_waiting`, summed over replicas.
        running: AMOUNTS, mean of `vllm:num_requests_running`, summed over replicas.
        intervals: those of the frames.

    Returns:
        QUEUEING of the intervals that all frames have.

    Raises:
        FrameError: a frame has other columns.
    """
    queue = check(waiting, AMOUNTS).rename({"value": "waiting"})
    batch = check(running, AMOUNTS).rename({"value": "running"})
    table = check(arrivals, AMOUNTS).join(queue, on=_KEY).join(batch, on=_KEY)
    rate = pl.col("value") / intervals.length.seconds
    came = pl.when(rate > 0)
    result = table.select(
        *_KEY,
        rate.alias("arrivals_per_s"),
        "waiting",
        "running",
        came.then(pl.col("waiting") / rate).alias("wait_s"),
        came.then((pl.col("waiting") + pl.col("running")) / rate).alias("stay_s"),
    )
    return check(result.sort(QUEUEING.key), QUEUEING)
