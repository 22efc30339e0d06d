"""PromQL of the dashboards: how recorded series are read and put together.

Two rules hold everywhere. Every read names `slo_id`, and every read is aggregated, so an SLO whose
owner or component was renamed goes on as one line. Series recorded every five minutes are read
through `last_over_time(x[10m])`, because a plain read finds nothing while their group evaluates.
"""

from __future__ import annotations

from typing import Final

from rtobs import conventions as names
from rtobs.model.duration import Duration

__all__ = [
    "BUDGET_LEFT",
    "DRILLDOWN",
    "FLEET",
    "ONE_SLO",
    "alert_state",
    "burn_rate",
    "days_left",
    "error_ratio_over",
    "every_group",
    "firing",
    "live",
    "read",
    "worst",
]

FLEET: Final = f'{names.SLO_ID}!="",domain=~"$domain",owner=~"$owner"'
# Constants of an SLO carry no group labels, so only this much selects them.
ONE_SLO: Final = f'{names.SLO_ID}="$slo_id"'
DRILLDOWN: Final = f"{ONE_SLO},${{group:raw}}"

_FAST_SERIES: Final = frozenset(
    (
        names.SLICE_SEEN,
        names.SLICE_BAD,
        names.TOTAL_RATE,
        names.BAD_RATE,
        names.CURRENT_BURN_RATE,
    )
)
_LONGEST_FAST_WINDOW: Final = Duration.parse("6h")
_STATIC_LABELS: Final = tuple(label for label in names.IDENTITY_LABELS if label != names.SLO_ID)
# A group without data for a day is gone (a model that was taken down) and must not stand in the
# overview until its budget's window has passed over it.
_LIVE_WITHIN: Final = "1d"


def read(series: str, scope: str, at: str = "") -> str:
    """The newest samples of a recorded series; `at` is a modifier such as `@ end()`."""
    modifier = f" {at}" if at else ""
    if series in _FAST_SERIES:
        return f"{series}{{{scope}}}{modifier}"
    return f"last_over_time({series}{{{scope}}}[10m]{modifier})"


def error_ratio_over(window: Duration, scope: str) -> str:
    """The recorded error ratio over a window, every group."""
    series = names.error_ratio(str(window))
    if window <= _LONGEST_FAST_WINDOW:
        return f"{series}{{{scope}}}"
    return read(series, scope)


def live(series: str, scope: str, at: str = "") -> str:
    """Samples of a long series, of those groups that had data within the last day."""
    modifier = f" {at}" if at else ""
    seen = f"last_over_time({names.TOTAL_TILE}{{{scope}}}[{_LIVE_WITHIN}]{modifier})"
    return f"{read(series, scope, at)} and {seen}"


def worst(operator: str, series: str, scope: str, by: str = names.SLO_ID, at: str = "") -> str:
    """The worst live group of each SLO, or the worst of all where none is live.

    Args:
        operator: min or max, whichever is worse.
        series: a series recorded every five minutes.
        scope: matchers.
        by: labels that remain; "" for one value.
        at: modifier of every selector.
    """
    head = f"{operator} by ({by}) " if by else operator
    return f"({head}({live(series, scope, at)}) or {head}({read(series, scope, at)}))"


BUDGET_LEFT: Final = worst("min", names.BUDGET_REMAINING, FLEET)


def burn_rate(window: Duration, scope: str, budget_scope: str, by: str = names.SLO_ID) -> str:
    """How many times faster than sustainable the worst group spends, over a window."""
    head = f" by ({by}) " if by else ""
    ratio = error_ratio_over(window, scope)
    return f"max{head}({ratio}) / max{head}({read(names.ERROR_BUDGET, budget_scope)})"


def days_left(window: Duration, scope: str, budget_scope: str, by: str = names.SLO_ID) -> str:
    """Days until the budget is gone at the burn rate of `window`; nothing at a rate up to 1.

    At a rate of 1 or less a rolling window gives back at least what is spent.
    """
    head = f" by ({by}) " if by else ""
    budget = worst("min", names.BUDGET_REMAINING, scope, by)
    days = f"max{head}({read(names.PERIOD_DAYS, budget_scope)})"
    rate = burn_rate(window, scope, budget_scope, by)
    return f"clamp_min({budget}, 0) * {days} / (({rate}) > 1)"


def every_group(operator: str, expression: str) -> str:
    """One line a group: the labels that name the SLO are dropped, those of the group stay."""
    return f"{operator} without ({', '.join(_STATIC_LABELS)}) ({expression})"


def alert_state(scope: str) -> str:
    """2 where a page fires, 1 where a ticket fires, 0 where neither does, for each SLO."""
    page = firing(scope, names.Severity.CRITICAL)
    ticket = firing(scope, names.Severity.WARNING)
    none = f"0 * max by (slo_id) ({read(names.OBJECTIVE, scope)})"
    return f"max by (slo_id) ({page}) * 2 or max by (slo_id) ({ticket}) or {none}"


def firing(scope: str, severity: names.Severity) -> str:
    """Firing alerts of one severity."""
    return f'ALERTS{{{scope},alertstate="firing",severity="{severity}"}}'
