"""Panels of the drill-down below the graphs: alerts, identity, recording health, logs, traces."""

from __future__ import annotations

from typing import Final

from rtobs import conventions as names
from rtobs.dashboards.queries import DRILLDOWN, ONE_SLO, every_group, read
from rtobs.dashboards.spec import (
    Annotation,
    Column,
    Kind,
    Panel,
    Query,
    Size,
    Source,
    Threshold,
    Tone,
    ValueText,
    explain,
)
from rtobs.dashboards.tones import runbook_url
from rtobs.model.site import Site

__all__ = ["alerts", "definition", "firing", "health", "identity", "logs_and_traces"]

_SLO_ALERTS: Final = "|".join(names.SLO_ALERTS)
_LOKI_SERVICE: Final = names.SERVICE_NAME.replace(".", "_")
_STATES: Final = (
    ValueText("pending", Tone.NOTICE, start=1, end=1),
    ValueText("firing", Tone.BAD, start=2, end=2),
)


def alerts() -> Panel:
    """Every alert of the SLO over time."""
    by = "max by (alertname, tier, severity)"
    return Panel(
        "alerts",
        Kind.STATE_TIMELINE,
        Size.STRIP,
        "Alerts of this SLO",
        explain(
            "When each alert was pending and firing; every tier has a bar of its own.",
            "no bars.",
            "open the runbook of this SLO, linked at the top.",
        ),
        (
            Query(
                "alerts",
                f'{by} (ALERTS{{{ONE_SLO},alertstate="firing"}}) * 2'
                f' or {by} (ALERTS{{{ONE_SLO},alertstate="pending"}})',
                "{{alertname}} {{tier}}",
            ),
        ),
        no_value="No alert was pending or firing in this time range",
        texts=_STATES,
    )


def firing() -> Annotation:
    """Firing alerts of the SLO, drawn over every graph."""
    matcher = f'{ONE_SLO},alertname=~"{_SLO_ALERTS}",alertstate="firing"'
    return Annotation(
        name="Firing alerts",
        text=f"max by (alertname, tier, severity) (ALERTS{{{matcher}}})",
        title="{{alertname}} {{tier}}",
        tone=Tone.BAD,
        tags=(names.TIER, names.SEVERITY),
    )


def identity() -> Panel:
    """Who answers for the SLO and what it promises, from the labels of the rules."""
    columns = (
        (names.SLO_ID, "SLO", 0),
        (names.SERVICE, "Service", 0),
        (names.COMPONENT, "Component", 0),
        (names.DOMAIN, "Domain", 0),
        (names.OWNER, "Owner", 0),
        ("objective", "Objective", 95),
        ("window", "Window", 85),
        ("spec_hash", "Definition", 130),
    )
    return Panel(
        "identity",
        Kind.TABLE,
        Size.BAND,
        "What this is",
        explain(
            "The definition that the loaded rules were made of (slo_info).",
            "one line.",
            "two lines mean that rules of two versions are loaded.",
        ),
        (Query("info", read(names.INFO, ONE_SLO), instant=True),),
        columns=tuple(
            Column(field, title, value=False, width=width) for field, title, width in columns
        ),
        no_value="no rules of this SLO are loaded",
    )


def definition(site: Site) -> Panel:
    """How the numbers are made, in words."""
    url = runbook_url(site, "${slo_id}")
    runbook = f"[The runbook of this SLO]({url})" if url else "`docs/runbooks/${slo_id}.md`"
    content = (
        f"{runbook} says what the SLO means to users, what usually breaks it and what to do.\n\n"
        "- **Error ratio** = bad / total, over a window; what counts as bad is in the"
        " definition.\n"
        "- **Burn rate** = error ratio / (1 - objective). At 1 the budget lasts exactly $window.\n"
        "- **Budget left** = 1 - burn rate over $window.\n\n"
        f"{names.GENERATED_BY}"
    )
    return Panel(
        "definition",
        Kind.TEXT,
        Size.STRIP,
        "How to read this page",
        "The formulas of this page and the way to the runbook.",
        content=content,
    )


def health(suffix: str) -> tuple[Panel, ...]:
    """Whether the recordings themselves can be trusted."""
    return (_sample_age(), _groups(), _definitions(), _coverage(suffix), _health_alerts())


def _sample_age() -> Panel:
    return Panel(
        "sample-age",
        Kind.STAT,
        Size.THIRD,
        "Age of the last sample",
        explain(
            "How long ago the rules last recorded this SLO (slo:sli_total:rate5m).",
            "about a minute.",
            "no data: the source vanished, or Prometheus does not evaluate the rules.",
        ),
        (
            Query(
                "age",
                f"time() - max(timestamp({names.TOTAL_RATE}{{{DRILLDOWN}}}))",
                instant=True,
            ),
        ),
        unit="s",
        decimals=0,
        no_value="no samples",
        thresholds=(Threshold(Tone.GOOD), Threshold(Tone.WARNING, 120), Threshold(Tone.BAD, 240)),
    )


def _groups() -> Panel:
    return Panel(
        "groups",
        Kind.STAT,
        Size.THIRD,
        "Groups",
        explain(
            "How many groups report now; 1 for an SLO without groups.",
            "as many as there are models, queues or instances.",
            "too many groups make alerts noisy and rules expensive.",
        ),
        (Query("groups", f"count({read(names.TOTAL_RATE, DRILLDOWN)})", instant=True),),
        decimals=0,
        no_value="none",
    )


def _definitions() -> Panel:
    return Panel(
        "definitions",
        Kind.STAT,
        Size.THIRD,
        "Definitions loaded",
        explain(
            "How many versions of the definition the loaded rules were made of (slo_info).",
            "1.",
            "2 or more: two rule files define this SLO; remove the older one.",
        ),
        (Query("definitions", f"count({read(names.INFO, ONE_SLO)})", instant=True),),
        decimals=0,
        no_value="none",
        thresholds=(Threshold(Tone.GOOD), Threshold(Tone.BAD, 2)),
    )


def _coverage(suffix: str) -> Panel:
    coverage = every_group("max", read(names.COVERAGE, DRILLDOWN))
    return Panel(
        "coverage",
        Kind.TIME_SERIES,
        Size.HALF,
        "Share of $window that was recorded",
        explain(
            "Recorded minutes over the minutes of the window, for each group"
            " (slo:period_coverage:ratio).",
            "100 %, or rising for a young SLO or group.",
            "a falling line means that data is lost now; budgets speak of recorded time only.",
        ),
        (Query("coverage", coverage, f"coverage{suffix}"),),
        unit="percentunit",
        decimals=1,
        minimum=0,
        maximum=1,
    )


def _health_alerts() -> Panel:
    matcher = f'{ONE_SLO},alertname=~"{"|".join(names.HEALTH_ALERTS)}"'
    by = "max by (alertname)"
    return Panel(
        "health-alerts",
        Kind.STATE_TIMELINE,
        Size.HALF,
        "Doubts about the measurement",
        explain(
            "Alerts about the data, not about the service: series missing, implausible values,"
            " low coverage.",
            "no bars.",
            "repair the measurement first: until then the other panels may be wrong.",
        ),
        (
            Query(
                "health",
                f'{by} (ALERTS{{{matcher},alertstate="firing"}}) * 2'
                f' or {by} (ALERTS{{{matcher},alertstate="pending"}})',
                "{{alertname}}",
            ),
        ),
        no_value="No doubts in this time range",
        texts=_STATES,
    )


def logs_and_traces() -> tuple[Panel, ...]:
    """What the service itself says."""
    logs = (
        f'{{{_LOKI_SERVICE}="$service"}} | json {names.LOG_LEVEL}="{names.LOG_LEVEL}"'
        f' | {names.LOG_LEVEL} =~ "(?i)(error|critical|fatal)"'
    )
    traces = f'{{resource.{names.SERVICE_NAME}="$service" && status=error}}'
    return (
        Panel(
            "logs",
            Kind.LOGS,
            Size.HALF,
            "Error logs of $service",
            explain(
                "Log lines of the service at level error or worse.",
                "few, and known ones.",
                "take the trace id of a line to the traces beside it.",
            ),
            (Query("logs", logs, source=Source.LOKI),),
        ),
        Panel(
            "traces",
            Kind.TRACES,
            Size.HALF,
            "Failed traces of $service",
            explain(
                "The newest traces of the service with a failed span.",
                "none, or only those that callers cancelled.",
                "open one and look for the first failed span.",
            ),
            (Query("traces", traces, source=Source.TEMPO),),
        ),
    )
