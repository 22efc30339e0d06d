"""What happened around one incident."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from rtobs.analytics.frames import ALERTS, TILES, TIME, Schema, check, empty
from rtobs.analytics.report import History
from rtobs.analytics.slo.comparison import Around, Deploy, compare_deploys
from rtobs.analytics.slo.schedule import milliseconds
from rtobs.model.duration import Duration

__all__ = ["NOTICED", "before_and_after", "fired_around", "noticed", "within"]

NOTICED: Final = Schema(
    "who noticed",
    {
        "slo_id": pl.String,
        "burnt": pl.Float64,  # share of the budget of the group that burnt most
        "after_s": pl.Float64,  # from the start of the incident to the first alert; null: none
        "tier": pl.String,  # of that alert
        "severity": pl.String,
    },
    ("slo_id",),
)
_HOUR: Final = timedelta(hours=1)


def within(frame: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Rows whose `ts` lies between two instants."""
    return frame.filter(pl.col("ts").is_between(pl.lit(start, TIME), pl.lit(end, TIME)))


def fired_around(alerts: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Alerts that fired at some time between two instants.

    Args:
        alerts: ALERTS.
        start: aware.
        end: aware.

    Returns:
        ALERTS.
    """
    over = pl.col("end").is_null() | (pl.col("end") > pl.lit(start, TIME))
    return check(alerts, ALERTS).filter(over & (pl.col("start") < pl.lit(end, TIME)))


def noticed(histories: Iterable[History], start: datetime, end: datetime) -> pl.DataFrame:
    """Which SLOs noticed an incident, and how much of their budget it burnt.

    Args:
        histories: of SLOs.
        start: of the incident, aware.
        end: of the incident; an alert may begin up to an hour later.

    Returns:
        NOTICED of the SLOs that lost something or fired, by what they lost.
    """
    rows = [row for history in histories if (row := _noticed(history, start, end)) is not None]
    found = pl.DataFrame(rows, schema=dict(NOTICED.columns), orient="row")
    return found.sort("burnt", "slo_id", descending=[True, False])


def _noticed(history: History, start: datetime, end: datetime) -> tuple[object, ...] | None:
    burnt = history.spending.of("", milliseconds(start), milliseconds(end))
    alerts = fired_around(history.alerts, start, end + _HOUR).filter(pl.col("tier") != "")
    if alerts.is_empty():
        return (history.slo.slo_id, burnt, None, None, None) if burnt > 0 else None
    first = alerts.sort("start").row(0, named=True)
    after = max((first["start"] - start).total_seconds(), 0.0)
    return (history.slo.slo_id, burnt, after, first["tier"], first["severity"])


def before_and_after(
    histories: Iterable[History], start: datetime, end: datetime, days: int
) -> pl.DataFrame:
    """The error ratios of the days before an incident and of those after it.

    Args:
        histories: of SLOs.
        start: of the incident, aware.
        end: of the incident.
        days: how many on each side.

    Returns:
        DEPLOYS of `rtobs.analytics.slo.comparison`.
    """
    tiles = pl.concat([empty(TILES), *(history.tiles for history in histories)])
    length = Duration(days * 86_400)
    settle = Duration(int((end - start).total_seconds()))
    return compare_deploys(tiles, [Deploy(start)], Around(length, length, settle))
