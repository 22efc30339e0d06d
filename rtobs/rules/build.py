"""Rule groups of a service and of the platform."""

from __future__ import annotations

from collections.abc import Sequence

from rtobs import conventions as names
from rtobs.catalogue.facts import CauseAlert
from rtobs.conventions import Severity
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService, ResolvedSlo
from rtobs.rules.alerts import alerts_every_five_minutes, alerts_every_minute
from rtobs.rules.causes import cause_rule
from rtobs.rules.groups import Alert, Recording, Rule, RuleGroup
from rtobs.rules.recordings import every_five_minutes, every_minute

__all__ = ["platform_groups", "service_groups", "slo_groups"]


def service_groups(
    service: ResolvedService, causes: Sequence[CauseAlert], site: Site
) -> tuple[RuleGroup, ...]:
    """Two groups for each SLO, and one for the cause alerts if there are any.

    Args:
        service: the service.
        causes: cause alerts as they are deployed: with the service's matchers and prefix.
        site: where it runs.
    """
    known = tuple(cause.name for cause in causes if not cause.blinds)
    groups = [group for slo in service.slos for group in slo_groups(slo, site, known)]
    if causes:
        rules = tuple(cause_rule(service, cause, site) for cause in causes)
        groups.append(RuleGroup(names.cause_group(service.name), names.FAST_INTERVAL, rules))
    return tuple(groups)


def slo_groups(
    slo: ResolvedSlo, site: Site, causes: Sequence[str] = ()
) -> tuple[RuleGroup, RuleGroup]:
    """The two groups of one SLO; rules are evaluated in their order, so alerts come last.

    Args:
        slo: the SLO.
        site: where it runs.
        causes: names of the cause alerts of its service that can break it.
    """
    fast: tuple[Rule, ...] = (*every_minute(slo), *alerts_every_minute(slo, site, causes))
    long: tuple[Rule, ...] = (
        *every_five_minutes(slo),
        *alerts_every_five_minutes(slo, site, causes),
    )
    return (
        RuleGroup(names.fast_group(slo.slo_id), names.FAST_INTERVAL, fast),
        RuleGroup(names.long_group(slo.slo_id), names.LONG_INTERVAL, long),
    )


def platform_groups(site: Site) -> tuple[RuleGroup, ...]:
    """The worst budget of each domain, and the alert that always fires."""
    worst = f'min by (domain) (last_over_time({names.BUDGET_REMAINING}{{slo_id!=""}}[10m]))'
    watchdog = Alert(
        names.WATCHDOG,
        "vector(1)",
        {names.SEVERITY: str(Severity.INFO)},
        {
            "summary": "Alerting works",
            "description": "Always fires. Route it to a dead man's switch that calls when it stops:"
            " then Prometheus, Alertmanager or the way between them is broken.",
            "runbook_url": site.runbook("README"),
        },
    )
    return (
        RuleGroup(
            names.DOMAIN_GROUP,
            names.LONG_INTERVAL,
            (Recording(names.DOMAIN_WORST_BUDGET, worst, {}),),
        ),
        RuleGroup(names.WATCHDOG_GROUP, names.FAST_INTERVAL, (watchdog,)),
    )
