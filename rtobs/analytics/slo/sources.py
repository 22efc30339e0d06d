"""Does the budget that was recorded say what the raw counters say?"""

from __future__ import annotations

from typing import Final

import polars as pl

from rtobs.analytics.frames import MINUTES, Schema, check
from rtobs.analytics.slo.burn import budget_number
from rtobs.model.slo import ResolvedSlo

__all__ = ["DIFFERENCE", "difference"]

DIFFERENCE: Final = Schema(
    "differences between sources",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "minutes": pl.UInt32,  # with a total in both; only these are compared
        "only_recorded": pl.UInt32,  # minutes without a total from raw counters
        "only_counted": pl.UInt32,  # minutes without a recorded total: rules failed or came later
        "total_recorded": pl.Float64,  # events
        "total_counted": pl.Float64,  # events
        "bad_recorded": pl.Float64,  # events
        "bad_counted": pl.Float64,  # events
        "consumed_recorded": pl.Float64,  # error ratio / error budget; null without events
        "consumed_counted": pl.Float64,  # the same
        "difference": pl.Float64,  # consumed_recorded - consumed_counted
    },
    ("slo_id", "group"),
)
_KEY: Final = ["slo_id", "group", "minute"]
_SECONDS: Final = 60


def difference(recorded: pl.DataFrame, counted: pl.DataFrame, slo: ResolvedSlo) -> pl.DataFrame:
    """How far the budget from recorded series stands from that of raw counters.

    Rules that run some seconds after the whole minute see other five minutes than counters that
    are evaluated at it. Count from the `ts` of a recorded minute on and both see the same.

    Args:
        recorded: MINUTES from `recorded_minutes`.
        counted: MINUTES from `counted_minutes`.
        slo: whose; rows of other SLOs are left out.

    Returns:
        DIFFERENCE. Consumption is of the compared time as if it were the SLO's whole window: 0.01
        is a hundredth of a budget. A positive difference: what was recorded looks worse.

    Raises:
        FrameError: a frame is no MINUTES.
    """
    left, right = (_minutes(frame, slo.slo_id) for frame in (recorded, counted))
    both = left.join(right, on=_KEY, how="full", coalesce=True, suffix="_counted").rename(
        {"total": "total_recorded", "bad": "bad_recorded"}
    )
    here, there = pl.col("total_recorded").is_not_null(), pl.col("total_counted").is_not_null()
    events = [
        pl.col(f"{kind}_{source}").filter(here & there).sum() * _SECONDS
        for kind in ("total", "bad")
        for source in ("recorded", "counted")
    ]
    sums = both.group_by("slo_id", "group").agg(
        (here & there).sum().cast(pl.UInt32).alias("minutes"),
        (here & ~there).sum().cast(pl.UInt32).alias("only_recorded"),
        (there & ~here).sum().cast(pl.UInt32).alias("only_counted"),
        *events,
    )
    consumed = [_consumed(source, slo) for source in ("recorded", "counted")]
    return (
        sums.with_columns(consumed)
        .with_columns(difference=pl.col("consumed_recorded") - pl.col("consumed_counted"))
        .pipe(check, DIFFERENCE)
        .sort(DIFFERENCE.key)
    )


def _minutes(frame: pl.DataFrame, slo_id: str) -> pl.DataFrame:
    return check(frame, MINUTES).filter(pl.col("slo_id") == slo_id).select(
        "slo_id", "group", pl.col("ts").dt.truncate("1m").alias("minute"), "total", "bad"
    )  # fmt: skip


def _consumed(source: str, slo: ResolvedSlo) -> pl.Expr:
    total, bad = pl.col(f"total_{source}"), pl.col(f"bad_{source}")
    ratio = bad / pl.when(total > 0).then(total)
    return (ratio / budget_number(slo)).alias(f"consumed_{source}")
