"""The fleet overview: is anything wrong, where, and what comes next?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.dashboards import queries
from rtobs.dashboards.fleet_table import slo_table
from rtobs.dashboards.fleet_tiles import counts, domains
from rtobs.dashboards.policy import usual_factors
from rtobs.dashboards.queries import FLEET
from rtobs.dashboards.spec import (
    Annotation,
    Column,
    DashboardSpec,
    Kind,
    Panel,
    Query,
    Row,
    Size,
    Source,
    Tone,
    Variable,
    explain,
)
from rtobs.dashboards.tones import (
    BUDGET,
    OVERSPENT,
    SERIES_TO_DRILLDOWN,
    STATE_TEXTS,
    TO_DRILLDOWN,
    burn_thresholds,
    source_variable,
)
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo

__all__ = ["fleet"]

_WORST: Final = 10
_HISTORY: Final = 25


def fleet(slos: Sequence[ResolvedSlo], site: Site) -> DashboardSpec:
    """The overview of every SLO of the site."""
    return DashboardSpec(
        uid=names.FLEET_UID,
        folder=names.DASHBOARD_FOLDER,
        title="SLO fleet overview",
        description=f"Is any error budget in danger, and which? {names.GENERATED_BY}",
        tags=(names.DASHBOARD_TAG, "slo"),
        variables=(
            source_variable(Source.PROMETHEUS, site.datasources.prometheus),
            _filter(names.DOMAIN, "Domain"),
            _filter(names.OWNER, "Owner"),
        ),
        rows=(
            Row("now", "", counts()),
            Row("domains", "", (domains(slos),)),
            Row("slos", "", (slo_table(slos, site),)),
            Row("worst", "Worst first", (_worst_budgets(), _fastest_burns(slos))),
            Row("history", "History", (_budget_history(), _alert_history()), collapsed=True),
        ),
        annotations=(_pages(),),
    )


def _filter(label: str, title: str) -> Variable:
    values = f'label_values({names.OBJECTIVE}{{{names.SLO_ID}!=""}}, {label})'
    return Variable(label, title, query=values, everything=".*", several=True)


def _worst_budgets() -> Panel:
    end = queries.worst("min", names.BUDGET_REMAINING, FLEET, at="@ end()")
    return Panel(
        key="worst-budgets",
        kind=Kind.TIME_SERIES,
        size=Size.HALF,
        title=f"The {_WORST} smallest budgets",
        description=explain(
            f"Error budget left over time, of the {_WORST} SLOs that have the least of it at the"
            " right edge.",
            "flat or rising lines above 50 %.",
            "a falling edge is an incident: click the line and zoom in there.",
        ),
        queries=(
            Query(
                "budget",
                f"{queries.BUDGET_LEFT} and on (slo_id) bottomk({_WORST}, {end})",
                "{{slo_id}}",
            ),
        ),
        unit="percentunit",
        decimals=1,
        maximum=1,
        thresholds=OVERSPENT,
        link=SERIES_TO_DRILLDOWN,
    )


def _fastest_burns(slos: Sequence[ResolvedSlo]) -> Panel:
    burn = f"max by (slo_id) ({queries.read(names.CURRENT_BURN_RATE, FLEET)})"
    return Panel(
        key="fastest-burns",
        kind=Kind.TABLE,
        size=Size.HALF,
        title=f"The {_WORST} fastest burns now",
        description=explain(
            "How many times faster than sustainable each SLO spent its budget in the last five"
            " minutes, worst group.",
            "below 1.",
            "above the factor of a tier for long enough, an alert follows; open the SLO now.",
        ),
        queries=(Query("burn", f"topk({_WORST}, {burn})", instant=True),),
        columns=(
            Column("slo_id", "SLO", value=False, link=TO_DRILLDOWN),
            Column(
                "burn",
                "Burn rate",
                decimals=1,
                thresholds=burn_thresholds(usual_factors(slos)),
                cell="coloured-text",
                width=120,
            ),
        ),
        sort_by="Burn rate",
        descending=True,
        no_value="-",
    )


def _budget_history() -> Panel:
    end = queries.worst("min", names.BUDGET_REMAINING, FLEET, at="@ end()")
    return Panel(
        key="budget-history",
        kind=Kind.STATE_TIMELINE,
        size=Size.FULL,
        title="Budget state over time",
        description=explain(
            "For each SLO the state of its budget: exhausted, under a quarter, under a half, or"
            f" healthy. The {_HISTORY} SLOs with the least budget at the right edge.",
            "green from edge to edge.",
            "compare where bars change colour: SLOs that change together share a cause.",
        ),
        queries=(
            Query(
                "budget",
                f"{queries.BUDGET_LEFT} and on (slo_id) bottomk({_HISTORY}, {end})",
                "{{slo_id}}",
            ),
        ),
        unit="percentunit",
        decimals=0,
        thresholds=BUDGET,
        link=SERIES_TO_DRILLDOWN,
    )


def _alert_history() -> Panel:
    return Panel(
        key="alert-history",
        kind=Kind.STATE_TIMELINE,
        size=Size.FULL,
        title="Alerts over time",
        description=explain(
            "When alerts of an SLO were firing: tickets and pages.",
            "no bars.",
            "many short bars of one SLO are noise: look at its tiers with `rtobs show`.",
        ),
        queries=(Query("state", f"({queries.alert_state(FLEET)}) > 0", "{{slo_id}}"),),
        no_value="No alert was firing in this time range",
        texts=STATE_TEXTS,
        link=SERIES_TO_DRILLDOWN,
    )


def _pages() -> Annotation:
    firing = queries.firing(FLEET, names.Severity.CRITICAL)
    return Annotation(
        name="Pages",
        text=f"max by (slo_id, alertname, tier) ({firing})",
        title="{{alertname}} {{slo_id}}",
        tone=Tone.BAD,
        tags=(names.SLO_ID, names.TIER),
    )
