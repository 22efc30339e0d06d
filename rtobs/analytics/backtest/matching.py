"""Which alerts belong to which incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.backtest.intervals import Interval, overlap
from rtobs.analytics.frames import ALERTS, INCIDENTS, check
from rtobs.analytics.slo.schedule import milliseconds
from rtobs.conventions import Severity

__all__ = ["Fired", "Match", "Place", "fired", "matches"]

Place = tuple[str, str]  # SLO, group


@dataclass(frozen=True, slots=True)
class Fired:
    """One alert.

    Attributes:
        place: its SLO and group.
        tier: its tier.
        severity: what it asks for.
        when: from the first evaluation that fired to the first that did not.
    """

    place: Place
    tier: str
    severity: str
    when: Interval


@dataclass(frozen=True, slots=True)
class Match:
    """An incident with the alerts that match it, in the order of their start.

    Attributes:
        place: its SLO and group; an incident without a group stands for all of them.
        when: the incident.
        alerts: the alerts.
    """

    place: Place
    when: Interval
    alerts: tuple[Fired, ...]


def fired(alerts: pl.DataFrame, end: int, severity: Severity | None) -> list[Fired]:
    """The burn alerts of a frame of ALERTS, in the order of their start.

    Args:
        alerts: ALERTS; the spent budget is left out, for it detects nothing.
        end: end of those that still fire, in milliseconds.
        severity: which ones; None for all.
    """
    wanted = pl.col("alert") == names.BUDGET_BURN
    if severity is not None:
        wanted &= pl.col("severity") == str(severity)
    rows = check(alerts, ALERTS).filter(wanted).sort("start", "slo_id", "group", "tier")
    return [
        Fired(
            (row["slo_id"], row["group"]),
            row["tier"],
            row["severity"],
            (milliseconds(row["start"]), end if row["end"] is None else milliseconds(row["end"])),
        )
        for row in rows.iter_rows(named=True)
    ]


def matches(
    alerts: Sequence[Fired], incidents: pl.DataFrame, slos: Collection[str], grace: int
) -> list[Match]:
    """Each incident with its alerts.

    Args:
        alerts: in the order of their start.
        incidents: INCIDENTS.
        slos: whose incidents count.
        grace: how late after an incident an alert may begin, in milliseconds.
    """
    by_slo: dict[str, list[Fired]] = defaultdict(list)
    for alert in alerts:
        by_slo[alert.place[0]].append(alert)
    found = []
    for row in check(incidents, INCIDENTS).iter_rows(named=True):
        slo_id, group = row["slo_id"], row["group"]
        if slo_id not in slos:
            continue
        when = (milliseconds(row["start"]), milliseconds(row["end"]))
        own = tuple(
            alert
            for alert in by_slo[slo_id]
            if group in ("", alert.place[1]) and overlap(alert.when, when, grace)
        )
        found.append(Match((slo_id, group), when, own))
    return found
