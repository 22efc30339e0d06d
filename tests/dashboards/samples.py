"""A small fleet with every kind of SLI, several windows, groups and one policy of its own."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from rtobs.conventions import Domain, Severity
from rtobs.model.alerting import DroppedTier, Tier, burn_factor
from rtobs.model.duration import Duration
from rtobs.model.indicator import (
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    RateSource,
    TimesliceIndicator,
)
from rtobs.model.selector import Matcher, Selector
from rtobs.model.site import Site
from rtobs.model.slo import Link, MissingData, Presence, ResolvedService, ResolvedSlo

_POLICY: Final = (
    ("fast", Severity.CRITICAL, "1h", "5m", "10m"),
    ("slow", Severity.CRITICAL, "6h", "30m", "10m"),
    ("ticket", Severity.WARNING, "1d", "2h", "30m"),
    ("trickle", Severity.WARNING, "3d", "6h", "30m"),
)
_SHARES: Final = {
    "7d": ("8/100", "125/1000", "20/100"),
    "28d": ("2/100", "5/100", "10/100", "11/100"),
    "30d": ("2/100", "5/100", "10/100", "10/100"),
    "90d": ("2/100", "5/100", "10/100", "10/100"),
}

EVENTS: Final = EventsIndicator(
    RateSource(Selector("http_requests_total", (Matcher("handler", "=~", "/v1/.*"),))),
    RateSource(Selector("http_requests_total", (Matcher("status", "=", "5xx"),))),
    "bad",
)
LATENCY: Final = LatencyIndicator(
    Selector("vllm:time_to_first_token_seconds"), Decimal(1), "seconds", ("1", "1.0")
)
SLICES: Final = TimesliceIndicator(
    "max by (model_name) (vllm:kv_cache_usage_perc)", "<=", Decimal("0.95")
)
PROBE: Final = TimesliceIndicator('max(probe_success{probe="vllm"})', ">=", Decimal(1), probe=True)


def tiers(window: str, objective: str, names: tuple[str, ...] = ()) -> tuple[Tier, ...]:
    """The tiers of the default policy; `names` keeps only those."""
    budget = 1 - Fraction(objective)
    made = []
    for (name, severity, long, short, keep), share in zip(_POLICY, _SHARES[window], strict=False):
        factor = burn_factor(Fraction(share), Duration.parse(window), Duration.parse(long))
        made.append(
            Tier(
                name,
                severity,
                Duration.parse(long),
                Duration.parse(short),
                Fraction(share),
                factor,
                factor * budget,
                3,
                Duration.parse(keep),
            )
        )
    return tuple(tier for tier in made if not names or tier.name in names)


def slo(  # noqa: PLR0913 - a builder for tests
    service: str,
    name: str,
    indicator: Indicator = EVENTS,
    *,
    domain: Domain = Domain.INFERENCE,
    objective: str = "0.999",
    window: str = "30d",
    group_by: tuple[str, ...] = (),
    description: str = "Requests are answered.",
    speaks: bool = False,
    links: tuple[Link, ...] = (),
    dropped: tuple[DroppedTier, ...] = (),
    keep: tuple[str, ...] = (),
    presence: Presence = Presence.OPTIONAL,
) -> ResolvedSlo:
    """One resolved SLO."""
    return ResolvedSlo(
        slo_id=f"{service}-{name}",
        name=name,
        service=service,
        component=service,
        domain=domain,
        owner="ai-platform",
        description=description,
        rationale="",
        indicator=indicator,
        group_by=group_by,
        objective=Decimal(objective),
        window=Duration.parse(window),
        tiers=tiers(window, objective, keep),
        dropped_tiers=dropped,
        missing_data=MissingData.IGNORE,
        presence=presence,
        links=links,
        speaks_for_domain=speaks,
        source=f"slo/{domain}/{service}.yaml",
        line=7,
    )


def service(name: str, *slos: ResolvedSlo) -> ResolvedService:
    """A service of those SLOs."""
    first = slos[0]
    return ResolvedService(name, first.component, first.domain, first.owner, (), slos)


VLLM: Final = service(
    "vllm",
    slo("vllm", "time-to-first-token", LATENCY, objective="0.95", group_by=("model_name",)),
    slo("vllm", "http-availability", objective="0.995", window="7d", speaks=True),
    slo("vllm", "kv-cache-headroom", SLICES, objective="0.99", group_by=("model_name",)),
    slo("vllm", "up", PROBE, objective="0.995", presence=Presence.REQUIRED),
)
POSTGRES: Final = service(
    "orders-db",
    slo("orders-db", "up", PROBE, domain=Domain.DATA, window="28d", presence=Presence.REQUIRED),
    slo("orders-db", "commits", domain=Domain.DATA, group_by=("datname",), window="90d"),
    slo("orders-db", "locks", SLICES, domain=Domain.DATA, keep=("slow", "ticket")),
)
FLEET: Final = (VLLM, POSTGRES)
SITE: Final = Site(runbook_url="https://runbooks.example/slo/")
