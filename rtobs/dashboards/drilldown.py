"""The drill-down: everything about one SLO, chosen by the variable `slo_id`.

Alerts link here. The variable `group` holds label matchers, so that one dashboard serves SLOs with
any group labels: its values are cut out of a query's result, and "All" is a matcher that always
holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.dashboards import detail
from rtobs.dashboards.drilldown_tiles import tiles
from rtobs.dashboards.policy import (
    common_window,
    factor_line,
    group_labels,
    paging_tiers,
    ratio_windows,
    tier_names,
)
from rtobs.dashboards.queries import (
    DRILLDOWN,
    ONE_SLO,
    burn_rate,
    error_ratio_over,
    every_group,
    read,
)
from rtobs.dashboards.spec import (
    DashboardSpec,
    Kind,
    Look,
    Panel,
    Query,
    Row,
    SeriesStyle,
    Size,
    Source,
    Variable,
    explain,
)
from rtobs.dashboards.tones import (
    OVERSPENT,
    runbook_link,
    source_variable,
)
from rtobs.model.duration import Duration
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo

__all__ = ["drilldown"]

_PERIOD: Final = "$window"
_SHORT: Final = Duration.parse("5m")
_HOUR: Final = Duration.parse("1h")


def drilldown(slos: Sequence[ResolvedSlo], site: Site) -> DashboardSpec:
    """The templated dashboard of one SLO."""
    suffix = "".join(f" {{{{{label}}}}}" for label in group_labels(slos))
    runbook = runbook_link(site, "${slo_id}")
    return DashboardSpec(
        uid=names.DRILLDOWN_UID,
        folder=names.DASHBOARD_FOLDER,
        title="SLO drill-down",
        description=f"How is this SLO doing, and since when? {names.GENERATED_BY}",
        tags=(names.DASHBOARD_TAG, "slo"),
        variables=_variables(slos, site),
        rows=(
            Row("now", "", tiles(slos)),
            Row("budget", "", (_burn_down(suffix),)),
            Row("burn", "", (_burn_rates(slos), _error_ratio())),
            Row("events", "", (_events(), _bad_events(suffix))),
            Row("alerts", "", (detail.alerts(),)),
            Row("about", "", (detail.identity(), detail.definition(site))),
            Row("health", "Recording health", detail.health(suffix), collapsed=True),
            Row("logs", "Logs and traces", detail.logs_and_traces(), collapsed=True),
        ),
        annotations=(detail.firing(),),
        links=(runbook,) if runbook else (),
    )


def _variables(slos: Sequence[ResolvedSlo], site: Site) -> tuple[Variable, ...]:
    first = min((slo.slo_id for slo in slos), default="")
    service = min((slo.service for slo in slos if slo.slo_id == first), default="")
    drop = ", ".join(names.IDENTITY_LABELS)
    groups = f"query_result(group without ({drop}) ({names.TOTAL_RATE}{{{ONE_SLO}}}))"
    return (
        source_variable(Source.PROMETHEUS, site.datasources.prometheus),
        source_variable(Source.LOKI, site.datasources.loki),
        source_variable(Source.TEMPO, site.datasources.tempo),
        Variable(
            names.SLO_ID,
            "SLO",
            query=f'label_values({names.OBJECTIVE}{{{names.SLO_ID}!=""}}, {names.SLO_ID})',
            current=first,
        ),
        Variable(
            "group", "Group", query=groups, regex="/{(.+)}/", everything=f'{names.SLO_ID}!=""'
        ),
        Variable(
            "window",
            "Window",
            query=f"label_values({names.INFO}{{{ONE_SLO}}}, window)",
            current=common_window(slos),
            hidden=True,
        ),
        Variable(
            names.SERVICE,
            "Service",
            query=f"label_values({names.OBJECTIVE}{{{ONE_SLO}}}, {names.SERVICE})",
            current=service,
            hidden=True,
        ),
    )


def _burn_down(suffix: str) -> Panel:
    start = "scalar(last_over_time(vector(time())[10m:1m] @ start()))"
    days = f"max({read(names.PERIOD_DAYS, ONE_SLO)})"
    end = every_group("min", read(names.BUDGET_REMAINING, DRILLDOWN, at="@ end()"))
    groups = every_group("min", read(names.BUDGET_REMAINING, DRILLDOWN))
    return Panel(
        "burn-down",
        Kind.TIME_SERIES,
        Size.WIDE,
        "Error budget over $window",
        explain(
            "Share of the error budget left over the SLO's whole window, one line for each group"
            " (at most the ten with the least left). The dashed line is a budget that is spent"
            " evenly from the left edge to the right edge. The window rolls: what was spent"
            " $window ago comes back.",
            "above the dashed line.",
            "a cliff is an incident, a slope is a leak: zoom in and read the panels below.",
        ),
        (
            Query("budget", f"{groups} and bottomk(10, {end})", f"budget left{suffix}"),
            Query("even", f"1 - (time() - {start}) / (86400 * {days})", "spent evenly"),
        ),
        unit="percentunit",
        decimals=1,
        maximum=1,
        thresholds=OVERSPENT,
        period=_PERIOD,
        styles=(SeriesStyle("even", Look.IDEAL),),
    )


def _burn_rates(slos: Sequence[ResolvedSlo]) -> Panel:
    rates = tuple(
        Query(f"burn{window}", burn_rate(window, DRILLDOWN, ONE_SLO, by=""), str(window))
        for window in ratio_windows(slos)
    )
    lines = tuple(
        Query(f"factor-{tier}", factor_line(tier, slos), f"factor of {tier}")
        for tier in tier_names(slos)
    )
    pages = paging_tiers(slos)
    return Panel(
        "burn-rates",
        Kind.TIME_SERIES,
        Size.HALF,
        "Burn rates and the factors that alert",
        explain(
            "How many times faster than sustainable the budget is spent, over every window that"
            " a tier looks at; worst group. Dashed: the factor of each tier.",
            "below 1.",
            "a tier fires while both of its windows are above its factor; it stops when the short"
            " one falls below.",
        ),
        (*rates, *lines),
        decimals=2,
        minimum=0,
        styles=tuple(
            SeriesStyle(line.ref, Look.PAGE_LIMIT if tier in pages else Look.TICKET_LIMIT)
            for line, tier in zip(lines, tier_names(slos), strict=True)
        ),
    )


def _error_ratio() -> Panel:
    return Panel(
        "error-ratio",
        Kind.TIME_SERIES,
        Size.HALF,
        "Error ratio and error budget",
        explain(
            "Share of events (or minutes) that were bad, over five minutes and over an hour; worst"
            " group. Dashed: the error budget, 1 - objective.",
            "below the dashed line most of the time.",
            "above it the budget shrinks faster than it comes back.",
        ),
        (
            Query("ratio5m", f"max({error_ratio_over(_SHORT, DRILLDOWN)})", "5m"),
            Query("ratio1h", f"max({error_ratio_over(_HOUR, DRILLDOWN)})", "1h"),
            Query("budget", f"max({read(names.ERROR_BUDGET, ONE_SLO)})", "error budget"),
        ),
        unit="percentunit",
        decimals=3,
        minimum=0,
        styles=(SeriesStyle("ratio5m", Look.BAD), SeriesStyle("budget", Look.BUDGET)),
    )


def _events() -> Panel:
    total = f"sum({read(names.TOTAL_RATE, DRILLDOWN)})"
    bad = f"sum({read(names.BAD_RATE, DRILLDOWN)})"
    return Panel(
        "event-rates",
        Kind.TIME_SERIES,
        Size.HALF,
        "Good and bad events per second",
        explain(
            "What the SLO counts, over five minutes, all groups together. An SLO that counts"
            " minutes shows 1/60 a second for each group.",
            "traffic as on other days, no red.",
            "no traffic at all is a fault of its own: look at the service's probe.",
        ),
        (Query("bad", bad, "bad"), Query("good", f"{total} - {bad}", "good")),
        unit="cps",
        minimum=0,
        stacked=True,
        styles=(SeriesStyle("bad", Look.BAD), SeriesStyle("good", Look.GOOD)),
    )


def _bad_events(suffix: str) -> Panel:
    tiles = every_group("sum", read(names.BAD_TILE, DRILLDOWN))
    day = every_group("sum", f"sum_over_time({names.BAD_TILE}{{{DRILLDOWN}}}[1d] @ end())")
    return Panel(
        "bad-events",
        Kind.TIME_SERIES,
        Size.HALF,
        "Bad events in five minutes, by group",
        explain(
            "Who spends the budget: bad events (or minutes) in each five minutes, for the ten"
            " groups with the most of them in the last day of the range.",
            "near zero everywhere.",
            "one group alone points at one model, tenant or instance; all together point at what"
            " they share.",
        ),
        (Query("bad", f"{tiles} and topk(10, {day})", f"bad{suffix}"),),
        unit="short",
        decimals=0,
        minimum=0,
    )
