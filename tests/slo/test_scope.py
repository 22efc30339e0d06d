"""What selectors and expressions of a service are put into."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from rtobs.catalogue.facts import Aggregation, Better, Catalogue, Metric, MetricType
from rtobs.model.selector import Matcher, Selector
from rtobs.model.site import DeployedComponent, Site
from rtobs.slo.matchers import matchers
from rtobs.slo.reading import Setting
from rtobs.slo.scope import Scope, scope_of
from tests.slo.definitions import SHOP, definition_text, source

IN_EU: Final = Matcher("cluster", "=", "eu")
SLO: Final = "sli: {probe: {target: shop}}"


SUCCESS: Final = Metric(
    "probe_success", MetricType.GAUGE, "bool", (), "Alive.", Aggregation.MAX, Better.HIGHER
)
PROBER: Final = replace(SHOP, key="prober", metrics={"probe_success": SUCCESS})


def scope(site: Site, head: str = "service: shop") -> Scope:
    """The scope of the shop on a site."""
    setting = Setting(Catalogue({"shop": SHOP, "prober": PROBER}), site, {}, "default")
    return scope_of(source(definition_text(SLO, head=head)).definition, SHOP, setting)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ok", Matcher("x", "=", "ok")),
        ("=ok", Matcher("x", "=", "ok")),
        ("!=ok", Matcher("x", "!=", "ok")),
        ("=~o.", Matcher("x", "=~", "o.")),
        ("!~o.", Matcher("x", "!~", "o.")),
        ("", Matcher("x", "=", "")),
        ("==", Matcher("x", "=", "=")),
        ("~ok", Matcher("x", "=", "~ok")),
    ],
)
def test_operators(text: str, expected: Matcher) -> None:
    """A value may begin with an operator; without one, or behind `=`, it is plain text."""
    assert matchers({"x": text}) == (expected,)


def test_selector() -> None:
    """A selector has the prefix, the conditions of the scope and its own, none of them twice."""
    deployed = DeployedComponent(prefix="acme_", select=(Matcher("job", "=", "shop"),))
    site = Site(select=(IN_EU,), components={"shop": deployed})

    made = scope(site, "service: shop\nselect: {cluster: eu, zone: a}").selector(
        "orders_total", Matcher("status", "=", "ok"), IN_EU
    )

    assert made == Selector(
        "acme_orders_total",
        (
            IN_EU,
            Matcher("job", "=", "shop"),
            Matcher("zone", "=", "a"),
            Matcher("status", "=", "ok"),
        ),
    )


def test_other_deployments_do_not_matter() -> None:
    """What the site says about another component changes nothing."""
    site = Site(components={"other": DeployedComponent(prefix="acme_", select=(IN_EU,))})

    assert scope(site).selector("orders_total") == Selector("orders_total")


def test_metric_by_family_or_series() -> None:
    """A family is found by its name and by each of its series, and nothing by another name."""
    found = scope(Site())

    assert {
        name: (metric.name if (metric := found.metric(name)) else None)
        for name in ("answer_seconds", "answer_seconds_bucket", "answer_seconds_count", "answer")
    } == {
        "answer_seconds": "answer_seconds",
        "answer_seconds_bucket": "answer_seconds",
        "answer_seconds_count": "answer_seconds",
        "answer": None,
    }


def test_expression() -> None:
    """Every series of the component gets prefix and conditions; comments and folds go."""
    site = Site(select=(IN_EU,), components={"shop": DeployedComponent(prefix="acme_")})
    text = """
      sum(rate(answer_seconds_count[{{window}}]))  # all answers
        - sum(rate(answer_seconds_bucket{le="1.0"}[{{window}}]))
    """

    assert scope(site).expression(text) == (
        'sum(rate(acme_answer_seconds_count{cluster="eu"}[{{window}}]))'
        ' - sum(rate(acme_answer_seconds_bucket{le="1.0",cluster="eu"}[{{window}}]))'
    )


def test_expression_quotes_values() -> None:
    """A quote or backslash in a condition stays in its string."""
    site = Site(select=(Matcher("cluster", "=", 'e"u\\'),))

    assert scope(site).expression("max(queue_limit)") == ('max(queue_limit{cluster="e\\"u\\\\"})')


def test_expression_of_groups() -> None:
    """Only metrics that have the label get the condition that it is not empty."""
    assert scope(Site()).expression("queue_length + on() group_left() queue_limit", ["tenant"]) == (
        'queue_length{tenant!=""} + on() group_left() queue_limit'
    )


def test_buckets() -> None:
    """Buckets are those of the catalogue where the site knows no better."""
    histogram = SHOP.metrics["answer_seconds"]
    deployed = DeployedComponent(buckets={"answer_seconds": ("1", "2")})

    assert scope(Site()).buckets(histogram) == ("0.5", "1.0", "2.5")
    assert scope(Site(components={"shop": deployed})).buckets(histogram) == ("1", "2")


def test_metrics_of_other_components_get_what_the_site_says() -> None:
    """A probe of another cluster must not count here; the service's own matchers stay out."""
    site = Site(select=(IN_EU,), components={"prober": DeployedComponent(prefix="bb_")})

    text = scope(site, "service: shop\nselect: {job: shop}").expression("max(probe_success)")

    assert text == 'max(bb_probe_success{cluster="eu"})'
