"""Budgets in what people count: events and minutes that are left."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import BUDGET, TIME, Schema, check
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.calendar import Calendar, calendar_budget
from rtobs.model.slo import ResolvedSlo

__all__ = ["ACCOUNT", "budget", "closing"]

ACCOUNT: Final = Schema(
    "accounts of budgets",
    {
        **BUDGET.columns,
        "window_start": TIME,  # of the rolling window that ends at ts, or of the calendar period
        "window_end": TIME,
        "events_left": pl.Float64,  # that may still be bad; below 0: overspent
        "minutes_left": pl.Float64,  # of complete outage at mean traffic; below 0: overspent
    },
    BUDGET.key,
)
_MONTHLY: Final = Calendar()


def budget(
    tiles: pl.DataFrame,
    slo: ResolvedSlo,
    *,
    dialect: Dialect,
    mode: Literal["rolling", "calendar"] = "rolling",
    calendar: Calendar = _MONTHLY,
) -> pl.DataFrame:
    """What is left of the budget at every tile.

    Args:
        tiles: TILES, recorded or made of minutes.
        slo: whose budget.
        dialect: how ranges are read; matters for rolling windows only.
        mode: "rolling" is what alerts and dashboards show, "calendar" begins anew with a period.
        calendar: which period, by the clock of which time zone.

    Returns:
        ACCOUNT. `events_left` counts minutes where the SLO counts minutes. For a rolling window it
        is `budget x total - bad`, for a calendar period it allows for the events that are still to
        come. `minutes_left` is `remaining x budget x length of the window`.

    Raises:
        FrameError: the frame is no TILES.
        ValueError: the mode is none of the two.
    """
    share = budget_number(slo)
    if mode == "rolling":
        start = pl.col("ts") - pl.duration(seconds=slo.window.seconds)
        found = rolling_budget(tiles, slo, dialect=dialect).with_columns(
            window_start=start.cast(TIME), window_end="ts"
        )
        allowed = share * pl.col("total")
    elif mode == "calendar":
        found = calendar_budget(tiles, slo, calendar)
        allowed = share * pl.col("total") / pl.when(pl.col("coverage") > 0).then("coverage")
    else:
        raise ValueError(f'"{mode}" is no mode of a budget; take rolling or calendar')
    length = (pl.col("window_end") - pl.col("window_start")).dt.total_seconds() / 60
    return (
        found.with_columns(
            events_left=allowed - pl.col("bad"),
            minutes_left=pl.col("remaining") * share * length,
        )
        .pipe(check, ACCOUNT)
        .sort(ACCOUNT.key)
    )


def closing(account: pl.DataFrame) -> pl.DataFrame:
    """The last row of every group and window: one for each calendar period.

    Args:
        account: ACCOUNT of calendar periods.

    Returns:
        ACCOUNT.
    """
    own = check(account, ACCOUNT).sort(ACCOUNT.key)
    keys = ["slo_id", "group", "window_start"]
    return own.filter(pl.col("ts") == pl.col("ts").max().over(keys))
