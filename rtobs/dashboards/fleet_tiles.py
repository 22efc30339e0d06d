"""The first screen of the fleet overview: six numbers and the seven domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rtobs import conventions as names
from rtobs.dashboards import queries
from rtobs.dashboards.queries import FLEET
from rtobs.dashboards.spec import Kind, Link, Panel, Query, Size, Threshold, explain
from rtobs.dashboards.tones import BUDGET, COUNT_OF_BAD, COUNT_OF_PAGES, NO_SLO
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import any_of, quote

__all__ = ["counts", "domains"]

_OBJECTIVES: Final = f"max by (slo_id) ({queries.read(names.OBJECTIVE, FLEET)})"


def counts() -> tuple[Panel, ...]:
    """Six numbers: is anything wrong, and how much of it?"""
    return (_defined(), _exhausted(), _at_risk(), _burning(), _paging(), _without_data())


def _defined() -> Panel:
    return _count(
        "slos",
        "SLOs",
        _OBJECTIVES,
        explain(
            "How many SLOs the loaded rules define (slo:objective:ratio).",
            "the number that `rtobs list` prints.",
            "load the missing rule files, or look for rule groups that fail.",
        ),
        (),
    )


def _exhausted() -> Panel:
    return _count(
        "exhausted",
        "Budget exhausted",
        f"{queries.BUDGET_LEFT} <= 0",
        explain(
            "SLOs whose error budget is spent, judged by their worst live group.",
            "0.",
            "open the SLO in the table below and stop risky changes to that service.",
        ),
        COUNT_OF_PAGES,
    )


def _at_risk() -> Panel:
    return _count(
        "at-risk",
        "Budget at risk",
        f"({queries.BUDGET_LEFT} > 0) < 0.25",
        explain(
            "SLOs with less than a quarter of their error budget left, but not without any.",
            "0, or SLOs whose burn rate is below 1.",
            "find what spent the budget before the rest is gone.",
        ),
        COUNT_OF_BAD,
    )


def _burning() -> Panel:
    return _count(
        "burning",
        "Burning now",
        f"max by (slo_id) ({queries.read(names.CURRENT_BURN_RATE, FLEET)}) > 1",
        explain(
            "SLOs that spent faster than sustainable in the last five minutes"
            " (slo:current_burn_rate:ratio above 1).",
            "0. Short spikes above 1 are what a budget is for.",
            "look at the longer windows in the table: a tier fires when both of its windows are"
            " too fast.",
        ),
        COUNT_OF_BAD,
    )


def _paging() -> Panel:
    return _count(
        "pages",
        "Pages firing",
        queries.firing(FLEET, names.Severity.CRITICAL),
        explain(
            "Critical alerts that are firing for SLOs.",
            "0.",
            "open the SLO; its runbook starts with what to do.",
        ),
        COUNT_OF_PAGES,
    )


def _without_data() -> Panel:
    return _count(
        "no-data",
        "Without data",
        f"{_OBJECTIVES} unless max by (slo_id) ({queries.read(names.TOTAL_RATE, FLEET)})",
        explain(
            "SLOs that are defined but whose events nobody has measured in the last five minutes.",
            "0. A service that is scaled to zero may have no data.",
            "check the targets in Prometheus; SLOSeriesMissing names the SLO after 15 minutes.",
        ),
        COUNT_OF_BAD,
    )


def _count(
    key: str, title: str, condition: str, description: str, thresholds: tuple[Threshold, ...]
) -> Panel:
    return Panel(
        key=key,
        kind=Kind.STAT,
        size=Size.TILE,
        title=title,
        description=description,
        queries=(Query("value", f"count({condition}) or vector(0)", instant=True),),
        decimals=0,
        thresholds=thresholds,
    )


def domains(slos: Sequence[ResolvedSlo]) -> Panel:
    """The smallest budget of each domain."""
    return Panel(
        key="domains",
        kind=Kind.STAT,
        size=Size.BAND,
        title="Error budget left by domain",
        description=explain(
            "The smallest share of error budget left in each domain, among the SLOs that speak"
            " for its users, or among all of its SLOs where none does. The filters above do not"
            " apply.",
            "above 50 %.",
            "click the tile: the table then shows that domain only.",
        ),
        queries=tuple(
            Query(domain.value, _domain_budget(domain, slos), domain.value, instant=True)
            for domain in names.Domain
        ),
        unit="percentunit",
        decimals=1,
        thresholds=BUDGET,
        texts=(NO_SLO,),
        link=Link(
            "Show this domain",
            f"/d/{names.FLEET_UID}?${{prometheus_datasource:queryparam}}"
            "&var-domain=${__field.displayName}&${__url_time_range}",
        ),
    )


def _domain_budget(domain: names.Domain, slos: Sequence[ResolvedSlo]) -> str:
    speakers = [slo.slo_id for slo in slos if slo.domain is domain and slo.speaks_for_domain]
    scope = f'{names.SLO_ID}!="",{names.DOMAIN}="{domain}"'
    if speakers:
        matcher = any_of(names.SLO_ID, speakers)
        scope += f",{matcher.label}{matcher.op}{quote(matcher.value)}"
    return f"{queries.worst('min', names.BUDGET_REMAINING, scope, by='')} or vector(NaN)"
