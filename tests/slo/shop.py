"""A small catalogue, site and policy for the tests of the checks."""

from __future__ import annotations

from fractions import Fraction

from rtobs.catalogue.facts import (
    Aggregation,
    Better,
    Catalogue,
    CauseAlert,
    CauseProof,
    Component,
    Label,
    Metric,
    MetricType,
    Scrape,
    UnusableAlert,
)
from rtobs.conventions import Domain, Severity
from rtobs.documents import decode, parse
from rtobs.errors import DefinitionError
from rtobs.model.alerting import AlertPolicy, TierPolicy
from rtobs.model.duration import Duration
from rtobs.model.selector import Matcher
from rtobs.model.site import DeployedComponent, Site
from rtobs.problems import Problem
from rtobs.slo.checks import check
from rtobs.slo.reading import Setting, Source
from rtobs.slo.schema import Definition

PATH = "slo/inference/shop.yaml"

GOOD = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: shop
owner: shop-team
select: {namespace: web}
slos:
  - name: up
    description: The shop answers when it is asked from outside.
    sli: {probe: {target: shop}}
    presence: required
    objective: 99.5%
  - name: requests
    description: Requests are answered without an error.
    sli:
      events:
        metric: shop_requests_total
        select: {route: "!=/health"}
        bad: {status: 5xx}
    objective: 99.9%
  - name: latency
    description: Requests are answered within half a second.
    sli: {latency: {histogram: shop_request_seconds, threshold: 500ms}}
    groupBy: [route]
    objective: 95%
  - name: headroom
    description: There is room for more connections in the pool.
    sli:
      timeslice:
        expr: max by (pool) (shop_pool_usage_ratio)
        goodWhen: "<= 0.9"
    groupBy: [pool]
    objective: 99%
  - name: payments
    description: Payments reach the bank and are confirmed by it.
    sli:
      events:
        total: sum(rate(shop_payments_total[{{window}}]))
        good: 'sum(rate(shop_payments_total{result="ok"}[{{window}}]))'
    objective: 99%
  - name: errors
    description: The gateway counts few errors for the shop.
    sli:
      raw:
        errorRatio: |
          sum(rate(shop_requests_total{status="5xx"}[{{window}}]))
            / sum(rate(shop_requests_total[{{window}}]))
    objective: 99%
    window: 7d
"""


def metric(name: str, type_: MetricType, unit: str, *labels: Label, **more: object) -> Metric:
    """A metric with what the checks look at."""
    return Metric(
        name,
        type_,
        unit,
        labels,
        "A metric.",
        Aggregation.SUM,
        Better.NEITHER,
        **more,  # type: ignore[arg-type]
    )


def component(
    key: str, *metrics: Metric, domain: Domain | None = Domain.INFERENCE, **more: object
) -> Component:
    """A component with what the checks look at."""
    return Component(
        key,
        domain,
        key,
        "1.0",
        "tests",
        Scrape(None, "", ""),
        (),
        {m.name: m for m in metrics},
        **more,  # type: ignore[arg-type]
    )


ROUTE = Label("route")
STATUS = Label("status", ("2xx", "4xx", "5xx"))
CAUSE = CauseAlert(
    "ShopPoolFull",
    "shop_pool_usage_ratio > 0.99",
    Duration(300),
    Severity.WARNING,
    "The pool is full.",
    "Requests wait.",
    "Make it larger.",
    CauseProof((), (), Duration(600)),
)

SHOP = component(
    "shop",
    metric("shop_requests_total", MetricType.COUNTER, "requests", ROUTE, STATUS),
    metric(
        "shop_payments_total", MetricType.COUNTER, "payments", Label("result", ("ok", "failed"))
    ),
    metric(
        "shop_request_seconds",
        MetricType.HISTOGRAM,
        "seconds",
        ROUTE,
        buckets=("0.1", "0.5", "1", "2.5", "10"),
    ),
    metric("shop_basket_items", MetricType.HISTOGRAM, "items", buckets=("1", "5", "25")),
    metric("shop_native_seconds", MetricType.HISTOGRAM, "seconds"),
    metric("shop_pool_usage_ratio", MetricType.GAUGE, "ratio", Label("pool")),
    metric("shop_connections", MetricType.GAUGE, "connections", Label("pool")),
    metric("shop_gc_seconds", MetricType.SUMMARY, "seconds", Label("phase")),
    metric("shop_new_total", MetricType.COUNTER, "things", since="2.0", renamed_from=("shop_old",)),
    metric("shop_gone_total", MetricType.COUNTER, "things", until="1.2"),
    metric("shop_rumour_total", MetricType.COUNTER, "things", Label("kind"), verified=False),
    causes=(CAUSE,),
    unusable=(
        UnusableAlert(
            "ShopErrors",
            "rate(shop_requests_total[5m]) > bool 1",
            "it compares a rate of one instance with a number that fits no other",
        ),
    ),
)
BANK = component("bank", metric("bank_calls_total", MetricType.COUNTER, "calls"), domain=None)
BLACKBOX = component(
    "blackbox",
    metric("probe_success", MetricType.GAUGE, "bool"),
    metric("probe_duration_seconds", MetricType.GAUGE, "seconds"),
    domain=Domain.NETWORK,
)


def tier(name: str, severity: Severity, long: str, short: str) -> TierPolicy:
    """A tier with a share for each window of the policy."""
    shares = tuple((Duration.parse(window), Fraction(1, 50)) for window in ("7d", "28d", "30d"))
    return TierPolicy(
        name, severity, Duration.parse(long), Duration.parse(short), shares, 3, Duration(600)
    )


POLICY = AlertPolicy(
    "default",
    (tier("fast", Severity.CRITICAL, "1h", "5m"), tier("ticket", Severity.WARNING, "1d", "2h")),
)
DEPLOYED = DeployedComponent(
    "1.5", "", (Matcher("job", "=", "shop"),), {"shop_native_seconds": ("0.25", "0.75")}
)
SITE = Site("prod", components={"shop": DEPLOYED})
SETTING = Setting(
    Catalogue({"shop": SHOP, "bank": BANK, "blackbox": BLACKBOX}),
    SITE,
    {"default": POLICY, "quiet": AlertPolicy("quiet", POLICY.tiers[1:])},
    "default",
)


def source_of(text: str, path: str = PATH) -> Source:
    """A definition from its text.

    Raises:
        DefinitionError: the shape is wrong.
    """
    document = parse(text, path)
    definition, problems = decode(document, Definition)
    if definition is None:
        raise DefinitionError(problems)
    return Source(path, document, definition)


def problems_of(text: str, path: str = PATH) -> list[Problem]:
    """Everything that is wrong with a definition, whatever finds it."""
    try:
        return check(source_of(text, path), SETTING)
    except DefinitionError as error:
        return list(error.problems)


def variant(*edits: tuple[str, str]) -> str:
    """The good definition with texts replaced; each must occur exactly once."""
    text = GOOD
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} occurs {text.count(old)} times")
        text = text.replace(old, new)
    return text
