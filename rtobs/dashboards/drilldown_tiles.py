"""The first line of the drill-down: six numbers that answer "how bad is it?"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.dashboards.policy import exhaustion_window, usual_factors
from rtobs.dashboards.queries import DRILLDOWN, ONE_SLO, days_left, every_group, read, worst
from rtobs.dashboards.spec import Kind, Panel, Query, Size, explain
from rtobs.dashboards.tones import BUDGET, DAYS_LEFT, NEVER, NEVER_DAYS, burn_thresholds
from rtobs.model.indicator import RatioIndicator
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import any_of, quote

__all__ = ["tiles"]

_PERIOD: Final = "$window"


def tiles(slos: Sequence[ResolvedSlo]) -> tuple[Panel, ...]:
    """Objective, SLI, budget as a share and as a number, burn rate, days left."""
    return (
        _objective(),
        _sli(),
        _budget_left(),
        _absolute(slos),
        _burn_now(slos),
        _days_left(slos),
    )


def _objective() -> Panel:
    return Panel(
        "objective",
        Kind.STAT,
        Size.TILE,
        "Objective",
        explain(
            "The share of events (or minutes) that must be good over $window.",
            "agreed with the users of the service.",
            "change `objective` in the definition, never the alert.",
        ),
        (Query("objective", f"max({read(names.OBJECTIVE, ONE_SLO)})", instant=True),),
        unit="percentunit",
    )


def _sli() -> Panel:
    error_ratio = worst("max", names.PERIOD_ERROR_RATIO, DRILLDOWN, by="")
    return Panel(
        "sli",
        Kind.STAT,
        Size.TILE,
        "SLI over $window",
        explain(
            "The share that was good over the SLO's window; with groups, of the worst one"
            " (1 - slo:sli_error:ratio_period).",
            "at or above the objective.",
            "see below when it was lost, and what was firing then.",
        ),
        (Query("sli", f"1 - {error_ratio}", instant=True),),
        unit="percentunit",
        decimals=3,
    )


def _budget_left() -> Panel:
    budget = worst("min", names.BUDGET_REMAINING, DRILLDOWN, by="")
    return Panel(
        "budget-left",
        Kind.STAT,
        Size.TILE,
        "Budget left",
        explain(
            "Share of the error budget of $window that is left, worst group:"
            " 1 - error ratio / (1 - objective). Below zero it is overspent.",
            "above 50 %.",
            "below 25 % stop risky changes; below zero agree on repairs before features.",
        ),
        (Query("budget", budget, instant=True),),
        unit="percentunit",
        decimals=1,
        thresholds=BUDGET,
    )


def _absolute(slos: Sequence[ResolvedSlo]) -> Panel:
    allowed = every_group("sum", f"sum_over_time({names.TOTAL_TILE}{{{DRILLDOWN}}}[{_PERIOD}])")
    spent = every_group("sum", f"sum_over_time({names.BAD_TILE}{{{DRILLDOWN}}}[{_PERIOD}])")
    budget = f"scalar(max({read(names.ERROR_BUDGET, ONE_SLO)}))"
    left = f"min({budget} * {allowed} - {spent})"
    minutes = _counts_minutes(slos)
    return Panel(
        "budget-absolute",
        Kind.STAT,
        Size.TILE,
        "Budget left, absolute",
        explain(
            "How many more bad events, or bad minutes where the SLO counts minutes, $window"
            " can take; of the group with the fewest.",
            "more than the last incident cost.",
            "compare it with the cost of a planned change before you start it.",
        ),
        (
            Query("events", f"{left} unless on () {minutes}", "events", instant=True),
            Query("minutes", f"{left} and on () {minutes}", "minutes", instant=True),
        ),
        unit="short",
        decimals=0,
    )


def _counts_minutes(slos: Sequence[ResolvedSlo]) -> str:
    """PromQL that has a value when the budget of the chosen SLO is counted in minutes."""
    sliced = f"max(last_over_time({names.SLICE_BAD}{{{ONE_SLO}}}[1d]))"
    ratios = [slo.slo_id for slo in slos if isinstance(slo.indicator, RatioIndicator)]
    if not ratios:
        return sliced
    matcher = any_of(names.SLO_ID, ratios)
    named = f"{ONE_SLO},{matcher.label}{matcher.op}{quote(matcher.value)}"
    return f"({sliced} or max({read(names.OBJECTIVE, named)}))"


def _burn_now(slos: Sequence[ResolvedSlo]) -> Panel:
    return Panel(
        "burn-now",
        Kind.STAT,
        Size.TILE,
        "Burn rate now",
        explain(
            "How many times faster than sustainable the budget was spent in the last five minutes,"
            " worst group.",
            "below 1.",
            "the colours change at 1 and at the factors of the paging tiers.",
        ),
        (Query("burn", f"max({read(names.CURRENT_BURN_RATE, DRILLDOWN)})", instant=True),),
        decimals=2,
        thresholds=burn_thresholds(usual_factors(slos)),
    )


def _days_left(slos: Sequence[ResolvedSlo]) -> Panel:
    window = exhaustion_window(slos)
    days = days_left(window, DRILLDOWN, ONE_SLO, by="")
    never = f"0 * max({read(names.PERIOD_DAYS, ONE_SLO)}) + {NEVER_DAYS}"
    return Panel(
        "days-left",
        Kind.STAT,
        Size.TILE,
        "Days left",
        explain(
            f"Days until the budget is gone if the burn rate of the last {window.words()} goes on.",
            '"never": the burn rate is 1 or less.',
            "less than 3 days is today's work.",
        ),
        (Query("days", f"{days} or {never}", instant=True),),
        unit="d",
        decimals=1,
        thresholds=DAYS_LEFT,
        texts=(NEVER,),
    )
