"""GPUs that look busy: what GPU_UTIL says against what the multiprocessors did."""

from __future__ import annotations

from typing import Final

import polars as pl

from rtobs.analytics.frames import Schema, check
from rtobs.analytics.inference.reading import AMOUNTS

__all__ = ["USE", "gpu_use"]

USE: Final = Schema(
    "GPU use",
    {
        "group": pl.String,  # a GPU, or whatever the amounts are grouped by
        "intervals": pl.UInt32,
        "gpu_util": pl.Float64,  # mean share of time with any kernel, 0 to 1
        "sm_active": pl.Float64,  # mean share of multiprocessors at work, 0 to 1
        "idle": pl.Float64,  # share of intervals that look idle
        "busy": pl.Float64,  # share of intervals that look busy
        "hollow": pl.Float64,  # share of intervals that look busy and are half idle
        "hollow_of_busy": pl.Float64,  # hollow / busy; null when never busy
    },
    ("group",),
)
_BUSY: Final = 0.95
_IDLE: Final = 0.05
_EFFECTIVE: Final = 0.5  # NVIDIA calls less than half of the multiprocessors ineffective
_PERCENT: Final = 100.0


def gpu_use(
    util: pl.DataFrame,
    active: pl.DataFrame,
    *,
    busy_from: float = _BUSY,
    effective_from: float = _EFFECTIVE,
) -> pl.DataFrame:
    """How often a GPU looked busy while most of it was idle.

    Args:
        util: AMOUNTS, mean of `DCGM_FI_DEV_GPU_UTIL` in percent.
        active: AMOUNTS, mean of `DCGM_FI_PROF_SM_ACTIVE` from 0 to 1.
        busy_from: share of time from which a GPU looks busy.
        effective_from: share of multiprocessors from which it is well used.

    Returns:
        USE, over the intervals that both frames have.

    Raises:
        FrameError: a frame has other columns.
    """
    sm = check(active, AMOUNTS).rename({"value": "sm"})
    both = check(util, AMOUNTS).with_columns(pl.col("value") / _PERCENT)
    both = both.join(sm, on=["group", "ts"]).sort("group", "ts")
    busy = pl.col("value") >= busy_from
    hollow = busy & (pl.col("sm") < effective_from)
    table = both.group_by("group", maintain_order=True).agg(
        pl.len().cast(pl.UInt32).alias("intervals"),
        pl.col("value").mean().alias("gpu_util"),
        pl.col("sm").mean().alias("sm_active"),
        (pl.col("value") < _IDLE).mean().alias("idle"),
        busy.mean().alias("busy"),
        hollow.mean().alias("hollow"),
    )
    of_busy = pl.when(pl.col("busy") > 0).then(pl.col("hollow") / pl.col("busy"))
    return check(table.with_columns(of_busy.alias("hollow_of_busy")).sort(USE.key), USE)
