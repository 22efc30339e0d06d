"""How good alerts were, by the four criteria of the SRE workbook, and what they cost.

Chapter 5 of the workbook, "Alerting on SLOs", names precision, recall, detection time and reset
time. Only SLOBudgetBurn is judged: SLOBudgetExhausted says what is spent, it detects nothing.

- An alert **matches** an incident of its SLO and group when it begins no later than `grace` after
  the incident's end and ends after its start. An incident without a group stands for all groups.
- **Precision** is the share of alerts that match an incident, **recall** the share of incidents
  that an alert matches.
- **Detection** is the time from the start of an incident to the first matching alert, 0 when one
  fired already; **reset** the time from its end to the end of the last matching alert, 0 when that
  was before. An incident whose alert still fires at the end of the history has no reset time.
- A **page** is a stretch of time in which critical alerts of one group fire: tiers that overlap
  page once. A **flap** is an alert that fires again within an hour of its end.
- Percentiles are values that occurred (nearest rank).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from rtobs.analytics.backtest.load import load
from rtobs.analytics.backtest.matching import Match, fired, matches
from rtobs.analytics.backtest.spending import Spending
from rtobs.analytics.slo.schedule import MINUTE, milliseconds
from rtobs.conventions import Severity
from rtobs.model.duration import Duration

__all__ = ["Score", "score"]

_GRACE: Final = Duration.parse("1h")
_WEEK: Final = 1000 * Duration.parse("1w").seconds


@dataclass(frozen=True, slots=True)
class Score:
    """How good the alerts of a policy were; None where nothing can be said.

    Attributes:
        alerts: how many fired.
        true_alerts: how many of them match an incident.
        incidents: how many there were.
        detected: how many of them an alert matches.
        precision: share of alerts that match an incident.
        recall: share of incidents that an alert matches.
        detection_p50_s: median time to the first alert of a detected incident, in seconds.
        detection_p90_s: its 90th percentile.
        detection_max_s: the longest.
        spent_before_p50: share of the budget that was spent before detection, the median.
        spent_before_max: the most.
        reset_p50_s: median time that alerts outlived their incident, in seconds.
        reset_p90_s: its 90th percentile.
        pages: how often someone was paged.
        pages_per_week: the same a week.
        flaps: how often an alert came back within the hour.
        firing_share: share of the time in which an alert fired, the mean of all groups.
        spent_while_firing: share of what was spent that was spent while an alert fired.
    """

    alerts: int
    true_alerts: int
    incidents: int
    detected: int
    precision: float | None
    recall: float | None
    detection_p50_s: float | None
    detection_p90_s: float | None
    detection_max_s: float | None
    spent_before_p50: float | None
    spent_before_max: float | None
    reset_p50_s: float | None
    reset_p90_s: float | None
    pages: int
    pages_per_week: float | None
    flaps: int
    firing_share: float | None
    spent_while_firing: float | None


def score(
    alerts: pl.DataFrame,
    incidents: pl.DataFrame,
    spending: Iterable[Spending],
    *,
    span: tuple[datetime, datetime],
    grace: Duration = _GRACE,
    severity: Severity | None = None,
) -> Score:
    """Judge alerts by incidents.

    Args:
        alerts: ALERTS of any number of SLOs.
        incidents: INCIDENTS; only those of the SLOs in `spending` count.
        spending: of every SLO that was replayed, also of those without alerts.
        span: first and last evaluation; what still fires then ends a minute later.
        grace: how late after an incident's end an alert may begin and still match it.
        severity: judge alerts of this severity only.

    Raises:
        FrameError: a frame is no ALERTS or no INCIDENTS.
    """
    spent = {given.slo_id: given for given in spending}
    time = (milliseconds(span[0]), milliseconds(span[1]) + 1000 * MINUTE.seconds)
    judged = fired(alerts, time[1], severity)
    known = matches(judged, incidents, spent, 1000 * grace.seconds)
    detected = [match for match in known if match.alerts]
    true = {id(alert) for match in detected for alert in match.alerts}
    detection, before, reset = _times(detected, spent, time[1])
    cost = load(judged, spent, time)
    return Score(
        alerts=len(judged),
        true_alerts=len(true),
        incidents=len(known),
        detected=len(detected),
        precision=len(true) / len(judged) if judged else None,
        recall=len(detected) / len(known) if known else None,
        detection_p50_s=_rank(detection, 50),
        detection_p90_s=_rank(detection, 90),
        detection_max_s=_rank(detection, 100),
        spent_before_p50=_rank(before, 50),
        spent_before_max=_rank(before, 100),
        reset_p50_s=_rank(reset, 50),
        reset_p90_s=_rank(reset, 90),
        pages=cost.pages,
        pages_per_week=cost.pages * _WEEK / (time[1] - time[0]),
        flaps=cost.flaps,
        firing_share=cost.firing_share,
        spent_while_firing=cost.spent_while_firing,
    )


def _times(
    detected: Sequence[Match], spent: dict[str, Spending], now: int
) -> tuple[list[float], list[float], list[float]]:
    """Detection in seconds, budget spent before it, and reset in seconds, of each incident."""
    detection, before, reset = [], [], []
    for match in detected:
        start, end = match.when
        seen = max(match.alerts[0].when[0], start)
        detection.append((seen - start) / 1000)
        before.append(_spent(match, spent[match.place[0]], seen))
        over = max(alert.when[1] for alert in match.alerts)
        if over < now:
            reset.append(max(over - end, 0) / 1000)
    return detection, before, reset


def _spent(match: Match, spending: Spending, seen: int) -> float:
    """What was spent between the start of an incident and its detection, by its groups."""
    group = match.place[1]
    rows = [row for row, own in enumerate(spending.groups) if group in ("", own)]
    return sum(spending.between(row, match.when[0], seen) for row in rows)


def _rank(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that is not below `percent` of the values."""
    if not values:
        return None
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]
