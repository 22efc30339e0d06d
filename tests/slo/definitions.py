"""Definitions, components and settings for the tests of what resolves them."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from rtobs.catalogue.facts import (
    Aggregation,
    Better,
    Catalogue,
    Component,
    Label,
    Metric,
    MetricType,
    Scrape,
)
from rtobs.conventions import Domain, Severity
from rtobs.documents import decode, parse
from rtobs.model.alerting import AlertPolicy, TierPolicy
from rtobs.model.duration import Duration
from rtobs.model.indicator import Indicator, TimesliceIndicator
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService, ResolvedSlo
from rtobs.slo.reading import Setting, Source
from rtobs.slo.resolve import resolve
from rtobs.slo.schema import Definition


def metric(name: str, type_: MetricType, *labels: str, **more: object) -> Metric:
    """A metric family with free labels."""
    plain = Metric(
        name,
        type_,
        "seconds" if type_ is MetricType.HISTOGRAM else "requests",
        tuple(Label(label) for label in labels),
        "What the shop counts.",
        Aggregation.SUM,
        Better.NEITHER,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def component(key: str, domain: Domain | None, *metrics: Metric) -> Component:
    """A component with these metrics and nothing else."""
    by_name = {one.name: one for one in metrics}
    return Component(key, domain, key, "1.0", "", Scrape(None, "/metrics", ""), (), by_name)


SHOP: Final = component(
    "shop",
    Domain.DATA,
    metric("orders_total", MetricType.COUNTER, "status", "tenant"),
    metric("refused_total", MetricType.COUNTER, "tenant"),
    metric("answer_seconds", MetricType.HISTOGRAM, "route", buckets=("0.5", "1.0", "2.5")),
    metric("queue_length", MetricType.GAUGE, "tenant"),
    metric("queue_limit", MetricType.GAUGE),
    metric("guessed_total", MetricType.COUNTER, "status", verified=False),
)
ANYWHERE: Final = component("runtime", None, metric("orders_total", MetricType.COUNTER, "status"))
POLICY: Final = AlertPolicy(
    "default",
    (
        TierPolicy(
            "fast",
            Severity.CRITICAL,
            Duration.parse("1h"),
            Duration.parse("5m"),
            ((Duration.parse("30d"), Fraction(2, 100)),),
            3,
            Duration.parse("10m"),
        ),
    ),
)
SLICED: Final = TimesliceIndicator("up", ">=", Decimal(1))


def setting(site: Site | None = None) -> Setting:
    """The shop's catalogue and a policy of one tier."""
    catalogue = Catalogue({one.key: one for one in (SHOP, ANYWHERE)})
    calm = AlertPolicy("calm", (replace(POLICY.tiers[0], name="calm", severity=Severity.WARNING),))
    return Setting(catalogue, site or Site(), {"default": POLICY, "calm": calm}, "default")


def source(text: str, path: str = "slo/data/shop.yaml") -> Source:
    """A definition from YAML."""
    document = parse(text, path)
    definition, problems = decode(document, Definition)
    assert definition is not None, "\n".join(map(str, problems))
    return Source(path, document, definition)


def definition_text(*slos: str, head: str = "service: shop") -> str:
    """A definition file with these keys at its head, and these SLOs beside what all must say."""
    must = "name: orders\ndescription: Customers get what they ask for.\nobjective: 99%\n"
    full = [text if text.startswith("name:") else must + text for text in map(_plain, slos)]
    listed = "".join(f"  -\n{textwrap.indent(text, '    ')}\n" for text in full)
    about = "apiVersion: rtobs/v1\nkind: ServiceLevelObjectives\nowner: shop-team"
    return f"{about}\n{_plain(head)}\nslos:\n{listed}"


def service(*slos: str, head: str = "service: shop", site: Site | None = None) -> ResolvedService:
    """The resolved service of a definition with these SLOs."""
    return resolve(source(definition_text(*slos, head=head)), setting(site))


def only(slo: str, head: str = "service: shop", site: Site | None = None) -> ResolvedSlo:
    """The resolved SLO of a definition with one."""
    (found,) = service(slo, head=head, site=site).slos
    return found


def indicator(slo: str, head: str = "service: shop", site: Site | None = None) -> Indicator:
    """What the one SLO of a definition counts."""
    return only(slo, head, site).indicator


def _plain(text: str) -> str:
    return textwrap.dedent(text).strip()
