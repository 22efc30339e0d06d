"""SLOs of every kind for the proofs, and the tiers of the default policy."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from rtobs.conventions import Domain, Severity
from rtobs.model.alerting import Tier, burn_factor
from rtobs.model.duration import Duration
from rtobs.model.indicator import (
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
)
from rtobs.model.selector import Matcher, MatchOp, Selector
from rtobs.model.slo import MissingData, Presence, ProofSeries, ResolvedService, ResolvedSlo

_POLICY: Final = (
    ("fast", Severity.CRITICAL, "1h", "5m", "10m"),
    ("slow", Severity.CRITICAL, "6h", "30m", "10m"),
    ("ticket", Severity.WARNING, "1d", "2h", "30m"),
    ("trickle", Severity.WARNING, "3d", "6h", "30m"),
)
_SHARES: Final[dict[str, tuple[str | None, ...]]] = {
    "1d": ("48", None, None, None),
    "7d": ("8", "12.5", "20", None),
    "28d": ("2", "5", "10", "11"),
    "30d": ("2", "5", "10", "10"),
    "90d": ("2", "5", "10", "10"),
}
_OPERATORS: Final[tuple[MatchOp, ...]] = ("=~", "!~", "!=")


def tiers(objective: str, window: str = "30d", min_bad: int = 3) -> tuple[Tier, ...]:
    """The tiers of the default policy that an objective can reach."""
    budget, period = 1 - Fraction(Decimal(objective)), Duration.parse(window)
    found = []
    for (name, severity, long, short, keep), share in zip(_POLICY, _SHARES[window], strict=True):
        if share is None:
            continue
        spent = Fraction(Decimal(share)) / 100
        factor = burn_factor(spent, period, Duration.parse(long))
        if factor * budget < 1:
            tier = Tier(
                name,
                severity,
                Duration.parse(long),
                Duration.parse(short),
                spent,
                factor,
                factor * budget,
                min_bad,
                Duration.parse(keep),
            )
            found.append(tier)
    return tuple(found)


def slo(
    name: str,
    indicator: Indicator,
    objective: str = "0.999",
    group_by: tuple[str, ...] = (),
    window: str = "30d",
    **more: Any,
) -> ResolvedSlo:
    """A resolved SLO of the service "shop"."""
    given: dict[str, Any] = {
        "tiers": tiers(objective, window),
        "missing_data": MissingData.IGNORE,
        "presence": Presence.OPTIONAL,
        **more,
    }
    return ResolvedSlo(
        slo_id=f"shop-{name}",
        name=name,
        service="shop",
        component="shop-server",
        domain=Domain.DATA,
        owner="data-team",
        description="Customers get what they ask for.",
        rationale="",
        indicator=indicator,
        group_by=group_by,
        objective=Decimal(objective),
        window=Duration.parse(window),
        dropped_tiers=(),
        source="slo/data/shop.yaml",
        line=7,
        **given,
    )


def service(*slos: ResolvedSlo) -> ResolvedService:
    """The service "shop" with these SLOs."""
    return ResolvedService("shop", "shop-server", Domain.DATA, "data-team", (), slos)


def select(metric: str, **conditions: str) -> Selector:
    """A selector; a value may begin with an operator, as in definitions."""
    matchers = []
    for label, text in conditions.items():
        operator = _operator(text)
        value = text if operator == "=" else text.removeprefix(operator)
        matchers.append(Matcher(label, operator, value))
    return Selector(metric, tuple(matchers))


def _operator(text: str) -> MatchOp:
    return next((op for op in _OPERATORS if text.startswith(op)), "=")


def events(total: Selector, counted: Selector, counts: str = "bad") -> EventsIndicator:
    """An indicator from two selectors."""
    return EventsIndicator(
        RateSource(total),
        RateSource(counted),
        "bad" if counts == "bad" else "good",
    )


BAD_FORM: Final = slo(
    "requests",
    events(
        select("http_requests_total", handler="=~/v1/.*"),
        select("http_requests_total", handler="=~/v1/.*", status="=~5.."),
    ),
    "0.995",
)
GOOD_FORM: Final = slo(
    "answers",
    events(select("answers_total"), select("answers_total", reason="stop"), "good"),
    "0.999",
    ("model_name",),
)
LATENCY: Final = slo(
    "first-token",
    LatencyIndicator(select("ttft_seconds", zone="a"), Decimal(1), "seconds", ("1", "1.0")),
    "0.95",
    ("model_name",),
)
TIMESLICE: Final = slo(
    "headroom",
    TimesliceIndicator('max by (pool) (cache_usage{pool!=""})', "<=", Decimal("0.95")),
    "0.99",
    ("pool",),
)
PROBE: Final = slo(
    "up",
    TimesliceIndicator('max(probe_success{probe="shop"})', ">=", Decimal(1), probe=True),
    "0.995",
    missing_data=MissingData.BAD,
    presence=Presence.REQUIRED,
)
RATIO: Final = slo(
    "quality",
    RatioIndicator("sum(rate(wrong_total[{{window}}])) / sum(rate(judged_total[{{window}}]))"),
    "0.99",
)
EXPRESSION: Final = slo(
    "exports",
    EventsIndicator(
        RateSource(
            expression="sum by (queue) (rate(sent_total[{{window}}]))"
            " + sum by (queue) (rate(failed_total[{{window}}]))"
        ),
        RateSource(expression="sum by (queue) (rate(failed_total[{{window}}]))"),
        "bad",
    ),
    "0.999",
    ("queue",),
    "7d",
)
EVERY_KIND: Final = (BAD_FORM, GOOD_FORM, LATENCY, TIMESLICE, PROBE, RATIO, EXPRESSION)
JOINED: Final = slo(
    "joined",
    TimesliceIndicator(
        "max by (pool) (waiting_jobs / on (site) group_left () site_workers)", "<=", Decimal(10)
    ),
    "0.99",
    ("pool",),
    proof=ProofSeries(
        good=(
            ('site_workers{site="x"}', Decimal(2)),
            ('waiting_jobs{pool="alpha",site="x"}', Decimal(20)),
            ('waiting_jobs{pool="beta",site="x"}', Decimal(10)),
        ),
        bad=(
            ('site_workers{site="x"}', Decimal(2)),
            ('waiting_jobs{pool="alpha",site="x"}', Decimal(21)),
            ('waiting_jobs{pool="beta",site="x"}', Decimal(30)),
        ),
    ),
)
