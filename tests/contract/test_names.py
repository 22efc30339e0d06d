"""What the library emits, a receiver names, the catalogue lists and the rules read is the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from rtobs.catalogue.facts import Metric, MetricType
from rtobs.catalogue.library import library_metrics
from rtobs.conventions import LIBRARY_METRICS
from rtobs.promql.expression import parse
from rtobs.promql.text import selector_text
from rtobs.rules import service_groups
from rtobs.slo.fleet import load_fleet
from tests.contract.receivers import WAYS, Receiver, receiver, service

COMPONENTS: Final = sorted({metric.component for metric in LIBRARY_METRICS})
SLO_DIR: Final = Path(__file__).parents[2] / "slo"
JOB: Final = "runtime/chat-api"
PROBES: Final = "probe_success"
# Besides its metrics: the resource, and the counter with which the test overflows a guard.
OTHERS: Final = {"target_info", "few_total"}
# This one finds services that are not instrumented with the library, by a bound of the SDK's own.
FOREIGN: Final = r'le=~"25(\\.0)?"'
ADDED: Final = {"__name__", "job", "instance", "le"}


@cache
def catalogued() -> dict[str, Metric]:
    """The library's metrics as the catalogue lists them, by family."""
    return {k: v for component in COMPONENTS for k, v in library_metrics(component).items()}


@cache
def read_by_rules() -> dict[str, set[str]]:
    """By service, the selectors of raw series in the rules of services that the library serves."""
    fleet = load_fleet(SLO_DIR)
    found: dict[str, set[str]] = {}
    for one in fleet.services:
        if one.component in COMPONENTS:
            groups = service_groups(one, fleet.causes[one.name], fleet.setting.site)
            selectors = [
                read.selector
                for group in groups
                for rule in group.rules
                for read in parse(rule.expr).selectors
            ]
            found[one.name] = {
                selector_text(selector)
                for selector in selectors
                if not selector.metric.startswith(("slo:", PROBES))
                and FOREIGN not in selector_text(selector)
            }
    return found


@pytest.fixture(scope="module", params=WAYS)
def arrived(request: pytest.FixtureRequest, real_parts: None) -> Iterator[Receiver]:
    """A Prometheus into which the services have sent everything."""
    del real_parts
    with receiver(request.param) as there, ExitStack() as stack:
        for name in read_by_rules():
            stack.enter_context(service(name, there))
            there.prometheus.wait_for(f'rtobs_operations_total{{job="runtime/{name}"}}', 30)
        yield there


@pytest.fixture(scope="module")
def series(arrived: Receiver) -> list[dict[str, str]]:
    """Labels of every series of one service."""
    return list(arrived.prometheus.api("series", **{"match[]": f'{{job="{JOB}"}}'}))


def test_the_series_are_those_of_the_catalogue(series: list[dict[str, str]]) -> None:
    """Names with their unit and type suffixes, and the labels of each, are the same on both."""
    labels: dict[str, set[str]] = defaultdict(set)
    for one in series:
        labels[one["__name__"]] |= one.keys() - ADDED

    assert {name: found for name, found in labels.items() if name not in OTHERS} == {
        name: {label.name for label in metric.labels}
        for metric in catalogued().values()
        for name in metric.series
    }


def test_the_bounds_are_those_of_the_catalogue(series: list[dict[str, str]]) -> None:
    """Each histogram has the `le` texts of the catalogue, so every threshold is a bucket."""
    bounds: dict[str, set[str]] = defaultdict(set)
    for one in series:
        if "le" in one:
            bounds[one["__name__"].removesuffix("_bucket")].add(one["le"])

    assert bounds == {
        metric.name: {*metric.buckets, "+Inf"}
        for metric in catalogued().values()
        if metric.type is MetricType.HISTOGRAM
    }


def test_the_types_are_those_of_the_catalogue(arrived: Receiver) -> None:
    """Counters, gauges and histograms arrive as what they are."""
    if not (types := arrived.types()):
        pytest.skip("this Prometheus keeps no types of what came by OTLP")

    assert {k: v for k, v in types.items() if k in catalogued()} == {
        metric.name: str(metric.type) for metric in catalogued().values()
    }


@pytest.mark.parametrize(
    ("name", "selector"),
    [(name, text) for name, texts in sorted(read_by_rules().items()) for text in sorted(texts)],
)
def test_every_selector_of_the_rules_selects_something(
    arrived: Receiver, name: str, selector: str
) -> None:
    """What the generated rules read is there, with its job, its labels and its bounds."""
    assert name in read_by_rules()
    assert arrived.prometheus.query(f"count({selector}) > 0") != []


def test_the_job_is_namespace_and_name(arrived: Receiver) -> None:
    """`select: {job: runtime/<service>}` of the definitions is what arrives."""
    jobs = arrived.prometheus.query("count by (job) (rtobs_operations_total)")

    assert {one.labels["job"] for one in jobs} == {f"runtime/{name}" for name in read_by_rules()}
