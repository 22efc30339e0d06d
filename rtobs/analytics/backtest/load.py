"""What alerts cost those who receive them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rtobs.analytics.backtest.intervals import Interval, length, merged
from rtobs.analytics.backtest.matching import Fired, Place
from rtobs.analytics.backtest.spending import Spending
from rtobs.conventions import Severity
from rtobs.model.duration import Duration

__all__ = ["Load", "load"]

_HOUR: Final = 1000 * Duration.parse("1h").seconds


@dataclass(frozen=True, slots=True)
class Load:
    """What alerts cost, and how much of the spending they cover.

    Attributes:
        pages: stretches of time in which critical alerts of one group fire.
        flaps: alerts that fire again within an hour of their end.
        firing_share: share of the time in which an alert fires, the mean of all groups.
        spent_while_firing: share of the spending that happened while an alert fired.
    """

    pages: int
    flaps: int
    firing_share: float | None
    spent_while_firing: float | None


def load(alerts: Sequence[Fired], spending: Mapping[str, Spending], span: Interval) -> Load:
    """What alerts cost.

    Args:
        alerts: in the order of their start.
        spending: by SLO, of all that were replayed.
        span: time that was replayed, in milliseconds.
    """
    by_place = _by_place(alerts)
    critical = _by_place(alert for alert in alerts if alert.severity == Severity.CRITICAL)
    places = [(slo_id, group) for slo_id, given in spending.items() for group in given.groups]
    whole = sum(given.between(row, *span) for given in spending.values() for row in _rows(given))
    seen = sum(
        spending[slo_id].between(spending[slo_id].groups.index(group), *interval)
        for (slo_id, group), intervals in by_place.items()
        for interval in intervals
    )
    lengths = sum(map(length, by_place.values()))
    time = len(places) * (span[1] - span[0])
    return Load(
        pages=sum(map(len, critical.values())),
        flaps=_flaps(alerts),
        firing_share=lengths / time if time else None,
        spent_while_firing=seen / whole if whole else None,
    )


def _rows(given: Spending) -> range:
    return range(len(given.groups))


def _by_place(alerts: Iterable[Fired]) -> dict[Place, list[Interval]]:
    found: dict[Place, list[Interval]] = defaultdict(list)
    for alert in alerts:
        found[alert.place].append(alert.when)
    return {place: merged(intervals) for place, intervals in found.items()}


def _flaps(alerts: Sequence[Fired]) -> int:
    ended: dict[tuple[Place, str], int] = {}
    flaps = 0
    for alert in alerts:
        key = (alert.place, alert.tier)
        flaps += key in ended and alert.when[0] - ended[key] <= _HOUR
        ended[key] = alert.when[1]
    return flaps
