"""The table of the fleet overview: one line for each SLO, least budget first."""

from __future__ import annotations

from collections.abc import Sequence

from rtobs import conventions as names
from rtobs.dashboards import queries
from rtobs.dashboards.policy import exhaustion_window, fleet_windows, usual_factors
from rtobs.dashboards.queries import FLEET
from rtobs.dashboards.spec import Column, Kind, Panel, Query, Size, explain
from rtobs.dashboards.tones import (
    BUDGET,
    DAYS_LEFT,
    NEVER,
    NEVER_DAYS,
    STATE_TEXTS,
    TO_DRILLDOWN,
    burn_thresholds,
    runbook_link,
)
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo

__all__ = ["slo_table"]


def slo_table(slos: Sequence[ResolvedSlo], site: Site) -> Panel:
    """Every SLO with its budget, burn rates, days left and alerts."""
    window = exhaustion_window(slos)
    windows = fleet_windows(slos)
    objective = (
        f"max by ({names.SLO_ID}, {names.DOMAIN}, {names.OWNER})"
        f" ({queries.read(names.OBJECTIVE, FLEET)})"
    )
    error_ratio = queries.worst("max", names.PERIOD_ERROR_RATIO, FLEET)
    period = f"max by (slo_id) ({queries.read(names.PERIOD_DAYS, FLEET)})"
    days = queries.days_left(window, FLEET, FLEET)
    groups = f"count by (slo_id) ({queries.live(names.BUDGET_REMAINING, FLEET)})"
    texts = (
        ("objective", objective),
        ("window", period),
        ("groups", groups),
        ("sli", f"1 - {error_ratio}"),
        ("budget", queries.BUDGET_LEFT),
        *((f"burn{burn}", queries.burn_rate(burn, FLEET, FLEET)) for burn in windows),
        ("days", f"{days} or 0 * {period} + {NEVER_DAYS}"),
        ("state", queries.alert_state(FLEET)),
    )
    return Panel(
        key="slos-table",
        kind=Kind.TABLE,
        size=Size.FULL,
        title="All SLOs, least budget first",
        description=explain(
            "One line for each SLO; where an SLO has groups, the numbers are those of its worst"
            " live group. SLI and budget are over the SLO's own window; the budget left is"
            " 1 - error ratio / (1 - objective). Days left assume that the burn rate of the last"
            f" {window.words()} goes on.",
            "a green gauge, burn rates below 1, alerts quiet.",
            "click the SLO for its drill-down, or open its runbook.",
        ),
        queries=tuple(Query(ref, text, instant=True) for ref, text in texts),
        columns=_columns(slos, site),
        sort_by="Budget left",
        no_value="-",
    )


def _columns(slos: Sequence[ResolvedSlo], site: Site) -> tuple[Column, ...]:
    return (
        Column("slo_id", "SLO", value=False, link=TO_DRILLDOWN),
        Column("domain", "Domain", value=False, width=100),
        Column("owner", "Owner", value=False, width=120),
        *_states(site),
        *_burns(slos),
        Column("sli", "SLI", unit="percentunit", decimals=3, width=95),
        Column("objective", "Objective", unit="percentunit", width=95),
        Column("window", "Window", unit="d", decimals=0, width=85),
        Column("groups", "Groups", decimals=0, width=75),
    )


def _states(site: Site) -> tuple[Column, ...]:
    runbook = runbook_link(site, "${__data.fields.slo_id}")
    return (
        Column("state", "Alerts", texts=STATE_TEXTS, cell="coloured", link=runbook, width=85),
        Column(
            "budget",
            "Budget left",
            unit="percentunit",
            decimals=1,
            thresholds=BUDGET,
            cell="gauge",
            width=150,
            minimum=0,
            maximum=1,
        ),
        Column(
            "days",
            "Days left",
            unit="d",
            decimals=1,
            thresholds=DAYS_LEFT,
            texts=(NEVER,),
            cell="coloured-text",
            width=110,
        ),
    )


def _burns(slos: Sequence[ResolvedSlo]) -> tuple[Column, ...]:
    thresholds = burn_thresholds(usual_factors(slos))
    return tuple(
        Column(
            f"burn{window}",
            f"Burn {window}",
            decimals=1,
            thresholds=thresholds,
            cell="coloured-text",
            width=80,
        )
        for window in fleet_windows(slos)
    )
