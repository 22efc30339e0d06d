"""A definition becomes resolved SLOs: from YAML to indicators with every matcher in place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest

from rtobs.conventions import Domain
from rtobs.model.duration import Duration
from rtobs.model.indicator import (
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
)
from rtobs.model.selector import Matcher, Selector
from rtobs.model.site import DeployedComponent, Site
from rtobs.model.slo import Link, MissingData, Presence, ProofSeries
from rtobs.slo.resolve import resolve
from tests.slo.definitions import (
    definition_text,
    indicator,
    only,
    service,
    setting,
    source,
)

IN_EU: Final = Matcher("cluster", "=", "eu")
JOB: Final = Matcher("job", "=", "shop")
NAMESPACE: Final = Matcher("namespace", "=~", "shop-.*")
SITE: Final = Site(
    select=(IN_EU,), components={"shop": DeployedComponent(select=(JOB,), prefix="acme_")}
)
SHOP_IN_NAMESPACE: Final = 'service: shop\nselect: {namespace: "=~shop-.*"}'
EVERYWHERE: Final = (IN_EU, JOB, NAMESPACE)
PROBE: Final = "sli: {probe: {target: shop}}"
QUEUE: Final = 'sli: {timeslice: {expr: max(queue_length), goodWhen: "<= 5"}}'
BAD_ORDERS: Final = "sli: {events: {metric: orders_total, bad: {status: failed}}}"


def from_selectors(total: Selector, counted: Selector, counts: str) -> EventsIndicator:
    """Events that are counted by selectors."""
    return EventsIndicator(
        RateSource(total), RateSource(counted), "bad" if counts == "bad" else "good"
    )


EVENTS: Final = {
    "bad by a matcher": (
        BAD_ORDERS,
        from_selectors(
            Selector("orders_total"),
            Selector("orders_total", (Matcher("status", "=", "failed"),)),
            "bad",
        ),
    ),
    "good by a matcher": (
        'sli: {events: {metric: orders_total, good: {status: "!=failed"}}}',
        from_selectors(
            Selector("orders_total"),
            Selector("orders_total", (Matcher("status", "!=", "failed"),)),
            "good",
        ),
    ),
    "bad by a counter of its own": (
        "sli: {events: {metric: orders_total, badMetric: refused_total}}",
        from_selectors(Selector("orders_total"), Selector("refused_total"), "bad"),
    ),
    "a counter of its own with matchers": (
        """
        sli:
          events:
            metric: orders_total
            select: {tenant: '!~test.*'}
            goodMetric: refused_total
            good: {status: "5"}
        """,
        from_selectors(
            Selector("orders_total", (Matcher("tenant", "!~", "test.*"),)),
            Selector(
                "refused_total", (Matcher("tenant", "!~", "test.*"), Matcher("status", "=", "5"))
            ),
            "good",
        ),
    ),
    "expressions": (
        """
        sli:
          events:
            total: sum(rate(orders_total[{{window}}]))
            bad: >-
              sum(
                rate(refused_total[{{window}}])
              )
        """,
        EventsIndicator(
            RateSource(expression="sum(rate(orders_total[{{window}}]))"),
            RateSource(expression="sum( rate(refused_total[{{window}}]) )"),
            "bad",
        ),
    ),
}


@pytest.mark.parametrize(("text", "expected"), EVENTS.values(), ids=EVENTS)
def test_events(text: str, expected: Indicator) -> None:
    """Events come from matchers, from a counter of their own, or from full expressions."""
    assert indicator(text) == expected


def test_latency() -> None:
    """A threshold is the bucket of its number, in every spelling, with the wire's text first."""
    text = "sli: {latency: {histogram: answer_seconds, threshold: 1s, select: {route: /a}}}"

    assert indicator(text) == LatencyIndicator(
        Selector("answer_seconds", (Matcher("route", "=", "/a"),)),
        Decimal(1),
        "seconds",
        ("1.0", "1"),
    )


def test_latency_in_milliseconds() -> None:
    """A time is compared in seconds, whatever its unit, and a plain number as it is."""
    times = [
        indicator(f"sli: {{latency: {{histogram: answer_seconds, threshold: {text}}}}}")
        for text in ("500ms", "0.5s", "0.5")
    ]

    assert [(i.threshold, i.le) for i in times if isinstance(i, LatencyIndicator)] == [
        (Decimal("0.5"), ("0.5",))
    ] * 3


def test_latency_named_by_a_series() -> None:
    """The histogram may be named by one of its series."""
    text = "sli: {latency: {histogram: answer_seconds_bucket, threshold: 1s}}"

    found = indicator(text)

    assert isinstance(found, LatencyIndicator)
    assert found.histogram == Selector("answer_seconds")


def test_deployed_buckets() -> None:
    """Buckets that the site names replace those of the catalogue."""
    deployed = DeployedComponent(buckets={"answer_seconds": ("0.3", "3")})
    text = "sli: {latency: {histogram: answer_seconds, threshold: 3s}}"

    found = indicator(text, site=Site(components={"shop": deployed}))

    assert isinstance(found, LatencyIndicator)
    assert found.le == ("3", "3.0")


@pytest.mark.parametrize(
    ("condition", "comparison", "bound"),
    [("<= 0.95", "<=", "0.95"), ("<5", "<", "5"), (">=  -2.5", ">=", "-2.5"), ("> 0", ">", "0")],
)
def test_timeslice(condition: str, comparison: str, bound: str) -> None:
    """The condition of a good minute is an operator and an exact number."""
    found = indicator(f'sli: {{timeslice: {{expr: max(queue_length), goodWhen: "{condition}"}}}}')

    assert isinstance(found, TimesliceIndicator)
    assert (found.comparison, found.bound) == (comparison, Decimal(bound))
    assert (found.expression, found.probe) == ("max(queue_length)", False)


PROBES: Final = {
    "target": ("{target: shop}", 'max(probe_success{probe="shop"})'),
    "up": ("{up: {job: shop}}", 'max(up{job="shop"})'),
    "expr": ("{expr: min(queue_length)}", "min(queue_length)"),
}


@pytest.mark.parametrize(("probe", "expression"), PROBES.values(), ids=PROBES)
def test_probe(probe: str, expression: str) -> None:
    """A probe is at least 1 while the service is seen alive, by whatever sees it."""
    assert indicator(f"sli: {{probe: {probe}}}") == TimesliceIndicator(
        expression, ">=", Decimal(1), probe=True
    )


def test_probe_for_each_group() -> None:
    """Series without the group's label are no group."""
    found = indicator("sli: {probe: {up: {}}}\ngroupBy: [zone]")

    assert found == TimesliceIndicator('max by (zone) (up{zone!=""})', ">=", Decimal(1), probe=True)


def test_probe_as_the_site_names_it() -> None:
    """Metric and label of the prober are the site's, and so are its matchers; not the service's."""
    site = replace(SITE, probe_metric="blackbox_ok", probe_label="target")

    found = indicator(PROBE, SHOP_IN_NAMESPACE, site)

    assert isinstance(found, TimesliceIndicator)
    assert found.expression == 'max(blackbox_ok{target="shop",cluster="eu"})'


def test_raw() -> None:
    """An error ratio from elsewhere is taken as it is."""
    assert indicator("sli: {raw: {errorRatio: 'avg(queue_length offset {{window}})'}}") == (
        RatioIndicator("avg(queue_length offset {{window}})")
    )


def test_matchers_are_merged_in_order() -> None:
    """Site, deployment, service and SLI each add theirs, in that order, and no name is lost."""
    found = indicator(
        "sli: {events: {metric: orders_total, select: {tenant: a}, bad: {status: failed}}}",
        SHOP_IN_NAMESPACE,
        SITE,
    )

    assert isinstance(found, EventsIndicator)
    shared = (*EVERYWHERE, Matcher("tenant", "=", "a"))
    assert found.total.selector == Selector("acme_orders_total", shared)
    assert found.counted.selector == Selector(
        "acme_orders_total", (*shared, Matcher("status", "=", "failed"))
    )


def test_matchers_are_not_repeated() -> None:
    """A condition that two of them give stands once, where it was first."""
    found = indicator(
        'sli: {events: {metric: orders_total, select: {job: shop}, bad: {status: "="}}}',
        "service: shop\nselect: {cluster: eu, job: shop}",
        SITE,
    )

    assert isinstance(found, EventsIndicator)
    assert found.total.selector == Selector("acme_orders_total", (IN_EU, JOB))
    assert found.counted.selector == Selector(
        "acme_orders_total", (IN_EU, JOB, Matcher("status", "=", ""))
    )


def test_matchers_and_prefix_in_expressions() -> None:
    """Selectors of the component get them; those of other components do not."""
    found = indicator(
        """
        sli:
          timeslice:
            expr: max(queue_length{tenant="a"}) / max(queue_limit) + max(foreign)
            goodWhen: "< 1"
        """,
        "service: shop",
        SITE,
    )

    assert isinstance(found, TimesliceIndicator)
    assert found.expression == (
        'max(acme_queue_length{tenant="a",cluster="eu",job="shop"})'
        ' / max(acme_queue_limit{cluster="eu",job="shop"}) + max(foreign)'
    )


def test_groups_in_expressions() -> None:
    """Series without the group's label are left out where the metric has that label at all."""
    found = indicator(
        """
        sli:
          timeslice:
            expr: max by (tenant) (queue_length) / scalar(max(queue_limit))
            goodWhen: "< 1"
        groupBy: [tenant]
        """
    )

    assert isinstance(found, TimesliceIndicator)
    assert found.expression == (
        'max by (tenant) (queue_length{tenant!=""}) / scalar(max(queue_limit))'
    )


def test_defaults() -> None:
    """What a short definition does not say is what the reference promises."""
    slo = only(BAD_ORDERS)

    assert (slo.slo_id, slo.name, slo.service) == ("shop-orders", "orders", "shop")
    assert (slo.component, slo.domain, slo.owner) == ("shop", Domain.DATA, "shop-team")
    assert (slo.objective, slo.window) == (Decimal("0.99"), Duration.parse("30d"))
    assert (slo.missing_data, slo.presence) == (MissingData.IGNORE, Presence.OPTIONAL)
    assert (slo.group_by, slo.verified, slo.proof) == ((), True, None)
    assert [tier.name for tier in slo.tiers] == ["fast"]
    assert (slo.source, slo.line) == ("slo/data/shop.yaml", 7)


def test_everything_said() -> None:
    """What a definition says is what the SLO has."""
    slo = only(
        """
        name: orders
        description: |
          Customers get
          what they ask for.
        objective: 99.5 %
        reason: "Once a\\n week."
        owner: night-team
        window: 30d
        groupBy: [tenant]
        missingData: good
        presence: required
        speaksForDomain: true
        traffic: {minBad: 7}
        alerting:
          policy: calm
          labels: {team: 5}
          annotations: {note: look here}
        links: [{title: Page, url: "https://pages.example/1"}]
        proof:
          good: {'orders_total{status="ok"}': 1.5}
          bad: {'orders_total{status="failed"}': 2}
        sli: {events: {metric: orders_total, bad: {status: failed}}}
        """
    )

    assert slo.description == "Customers get what they ask for."
    assert slo.rationale == "Once a week."
    assert (slo.objective, slo.owner, slo.group_by) == (Decimal("0.995"), "night-team", ("tenant",))
    assert (slo.missing_data, slo.presence) == (MissingData.GOOD, Presence.REQUIRED)
    assert [(tier.name, tier.severity, tier.min_bad) for tier in slo.tiers] == [
        ("calm", "warning", 7)
    ]
    assert slo.labels == (("team", "5"),)
    assert slo.annotations == (("note", "look here"),)
    assert slo.links == (Link("Page", "https://pages.example/1"),)
    assert slo.proof == ProofSeries(
        (('orders_total{status="ok"}', Decimal("1.5")),),
        (('orders_total{status="failed"}', Decimal(2)),),
    )
    assert slo.speaks_for_domain


MISSING: Final = {
    "a required probe": (f"{PROBE}\npresence: required", MissingData.BAD),
    "a required time slice": (f"{QUEUE}\npresence: required", MissingData.BAD),
    "a required probe that says otherwise": (
        f"{PROBE}\npresence: required\nmissingData: ignore",
        MissingData.IGNORE,
    ),
    "an optional probe": (PROBE, MissingData.IGNORE),
    "an optional probe that says so": (f"{PROBE}\nmissingData: bad", MissingData.BAD),
    "required events": (f"{BAD_ORDERS}\npresence: required", MissingData.IGNORE),
}


@pytest.mark.parametrize(("text", "expected"), MISSING.values(), ids=MISSING)
def test_missing_data(text: str, expected: MissingData) -> None:
    """A required target that is not seen is bad, where minutes are counted, unless it is said."""
    assert only(text).missing_data == expected


def test_objective_of_the_environment() -> None:
    """The site may promise less than the definition, for the SLO that it names."""
    site = Site(objectives={"shop-orders": Decimal("0.9"), "shop-other": Decimal("0.5")})

    slo = only(BAD_ORDERS, site=site)

    assert slo.objective == Decimal("0.9")
    assert [tier.name for tier in slo.tiers] == []
    assert [tier.name for tier in slo.dropped_tiers] == ["fast"]


def test_unverified() -> None:
    """An SLO over a metric that nobody has seen on the wire never pages."""
    counted, written = (
        only("sli: {events: {metric: guessed_total, bad: {status: failed}}}", site=SITE),
        only(
            "sli: {timeslice: {expr: max(guessed_total) + max(other), goodWhen: '< 1'}}", site=SITE
        ),
    )

    assert [slo.verified for slo in (counted, written)] == [False, False]
    assert [tier.severity for slo in (counted, written) for tier in slo.tiers] == ["warning"] * 2


def test_component_by_name_of_the_service() -> None:
    """A service is of the component that it names, else of the one that has its name."""
    named = service(BAD_ORDERS, head="service: till\ncomponent: shop")

    assert (named.name, named.component, named.domain) == ("till", "shop", Domain.DATA)
    assert service(BAD_ORDERS).component == "shop"


def test_domain_of_the_definition() -> None:
    """The definition's domain wins over that of the component."""
    head = "service: shop\ndomain: network"
    elsewhere = "service: till\ncomponent: runtime\ndomain: workflow"

    assert service(BAD_ORDERS, head=head).domain == Domain.NETWORK
    assert service(BAD_ORDERS, head=elsewhere).slos[0].domain == Domain.WORKFLOW


def test_service() -> None:
    """The service carries its matchers, its muted causes and its SLOs in the order of the file."""
    second = f"name: probe\ndescription: It can be reached.\nobjective: 90%\n{PROBE}"
    head = f"{SHOP_IN_NAMESPACE}\ncauses: {{mute: [ShopClosed]}}"

    made = service(BAD_ORDERS, second, head=head, site=SITE)

    assert made.select == (
        ("cluster", "=", "eu"),
        ("job", "=", "shop"),
        ("namespace", "=~", "shop-.*"),
    )
    assert made.muted_causes == ("ShopClosed",)
    assert [(slo.slo_id, slo.line) for slo in made.slos] == [("shop-orders", 9), ("shop-probe", 14)]
    assert (made.owner, made.source) == ("shop-team", "slo/data/shop.yaml")


def test_unchecked_definition() -> None:
    """A definition without a component is refused by name; the checks should have seen it."""
    unknown = source(definition_text(BAD_ORDERS, head="service: nowhere"), "slo/data/nowhere.yaml")

    with pytest.raises(ValueError, match=r"slo/data/nowhere\.yaml was not checked"):
        resolve(unknown, setting())
