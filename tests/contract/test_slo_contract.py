"""The fixture `slo_contract`: a fault fires the alert of its SLO, or it says why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

import rtobs
from rtobs import conventions
from rtobs.contract.burning import Burn, Contract, ContractError
from rtobs.contract.fixture import contract_of
from rtobs.contract.translation import metric_name, plain_number, series_of
from rtobs.errors import ConfigurationError
from rtobs.telemetry.otlp_values import Point

Load = Callable[..., Contract]
pytestmark = pytest.mark.usefixtures("real_parts")
TYPES: Final = {"counter": "sum", "gauge": "gauge", "histogram": "histogram"}


@rtobs.instrument("answer-question")
def answer(*, broken: bool = False) -> str:
    """The service: one operation with one streamed answer inside."""
    with rtobs.llm.observe(model="m") as call:
        if broken:
            raise TimeoutError("the model server is gone")
        call.chunk()
        return "42"


def fail() -> None:
    """The service while its model server is gone."""
    answer(broken=True)


@pytest.mark.parametrize("slo", ["chat-api-operations", "chat-api-good-answers"])
def test_a_fault_of_the_service_fires_the_fast_alert_of_its_slo(
    slo_contract: Load, slo: str
) -> None:
    """Health is silent, an hour of the fault pages, over the committed definition."""
    burnt = slo_contract(slo).burns(healthy=answer, fault=fail)

    assert (burnt.slo_id, burnt.tier, burnt.long_window) == (slo, "fast", "1h")


def test_a_fault_that_users_do_not_feel_is_refused(slo_contract: Load) -> None:
    """A fault that changes nothing that the SLO counts is not a proof."""
    with pytest.raises(ContractError, match=r"chat-api-operations does not burn: after 1 hour"):
        slo_contract("chat-api-operations").burns(healthy=answer, fault=answer)


def test_a_service_that_is_never_healthy_is_refused(slo_contract: Load) -> None:
    """An alert that fires without the fault proves nothing about the fault."""

    def sick() -> None:
        with pytest.raises(TimeoutError):
            fail()

    with pytest.raises(ContractError, match="fires its alert fast without a fault"):
        slo_contract("chat-api-operations").burns(healthy=sick, fault=fail)


def test_a_share_below_the_threshold_does_not_fire(slo_contract: Load) -> None:
    """Seven failures in a hundred burn 14 budgets of half a percent, and 14.4 are needed."""
    contract = slo_contract("chat-api-operations")

    def seven() -> None:
        for number in range(100):
            try:
                answer(broken=number < share)
            except TimeoutError:
                continue

    share = 7
    with pytest.raises(ContractError, match=r"needs more than 7\.200% bad events"):
        contract.burns(healthy=answer, fault=seven)
    share = 8
    assert contract.burns(healthy=answer, fault=seven).tier == "fast"


def test_an_exception_of_the_healthy_service_is_the_tests_own(slo_contract: Load) -> None:
    """Only the fault may raise."""
    with pytest.raises(TimeoutError):
        slo_contract("chat-api-operations").burns(healthy=fail, fault=fail)


OWN: Final = """\
apiVersion: rtobs/v1
kind: ServiceLevelObjectives
service: shop
owner: shop-team
select: {job: runtime/shop}
slos:
  - name: up
    description: The shop opens when it is asked from outside.
    sli: {probe: {target: shop}}
    presence: required
    objective: 99.5%
  - name: orders
    description: Customers get what they order.
    sli:
      events:
        metric: shop_orders_total
        bad: {status: failed}
    objective: 99%
  - name: speed
    description: Customers get it soon.
    sli:
      latency: {histogram: shop_order_duration_seconds, threshold: 500ms}
    objective: 99%
  - name: search
    description: Customers find it soon.
    sli:
      latency: {histogram: shop_search_duration_seconds, threshold: 500ms}
    objective: 99%
"""
COMPONENT: Final = """\
apiVersion: rtobs/v1
kind: Component
component: shop
domain: data
title: The shop
source: the team
metrics:
  shop_orders_total:
    type: counter
    unit: orders
    meaning: Orders that were taken, by status.
    labels: {status: [ok, failed]}
  shop_order_duration_seconds:
    type: histogram
    unit: seconds
    meaning: Time of an order.
    buckets: &bounds ["0.1", "0.5", "1"]
  shop_search_duration_seconds:
    type: histogram
    unit: seconds
    meaning: Time of a search.
    buckets: *bounds
"""


@pytest.fixture
def shop(slo_contract: Load, tmp_path: Path) -> Load:
    """Contracts of an in-house service with metrics of its own."""
    policy = (Path(__file__).parents[2] / "slo" / "policy.yaml").read_text()
    for name, text in {
        "policy.yaml": policy,
        "catalogue/shop.yaml": COMPONENT,
        "data/shop.yaml": OWN,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def load(slo: str, **options: object) -> Contract:
        return slo_contract(slo, slo_dir=tmp_path, **options)

    return load


def orders(metric: str, status: str) -> Callable[[], None]:
    """Work that counts one order under this name."""
    counter = rtobs.counter(metric, "{order}", labels=["status"])
    return lambda: counter.add(1, status=status)


def durations(metric: str, seconds: float, bound: float) -> Callable[[], None]:
    """Work that takes some seconds, measured with one bucket besides the smallest."""
    histogram = rtobs.histogram(metric, "s", buckets=(0.1, bound))
    return lambda: histogram.record(seconds)


def test_a_metric_of_ones_own_burns_too(shop: Load) -> None:
    """The first failure makes its series, and the alert fires all the same."""
    burnt = shop("shop-orders").burns(
        healthy=orders("shop.orders", "ok"), fault=orders("shop.orders", "failed")
    )

    assert burnt == Burn("shop-orders", "fast", "1h")


def test_slow_work_burns_a_latency_slo(shop: Load) -> None:
    """What is slower than the bucket of the threshold is bad."""
    fast, slow = (durations("shop.order.duration", seconds, 0.5) for seconds in (0.5, 0.6))

    assert shop("shop-speed").burns(healthy=fast, fault=slow).tier == "fast"


@pytest.mark.parametrize(
    ("slo", "healthy", "options", "message"),
    [
        pytest.param(
            "shop-orders",
            orders("shop.order", "ok"),
            {},
            """\
shop-orders reads what is not emitted:
  shop_orders_total{job="runtime/shop"}
    emitted: shop_order_total
  shop_orders_total{job="runtime/shop",status="failed"}
    emitted: shop_order_total""",
            id="name",
        ),
        pytest.param(
            "shop-orders",
            orders("shop.orders", "ok"),
            {"job": "shop"},
            """\
shop-orders reads what is not emitted:
  shop_orders_total{job="runtime/shop"}
    emitted: shop_orders_total{job="shop"}
  shop_orders_total{job="runtime/shop",status="failed"}
    emitted: shop_orders_total{job="shop", status="ok"}""",
            id="label",
        ),
        pytest.param(
            "shop-search",
            durations("shop.search.duration", 0.1, 0.4),
            {},
            """\
shop-search reads what is not emitted:
  shop_search_duration_seconds_bucket{job="runtime/shop",le="0.5"}
    emitted: shop_search_duration_seconds_bucket{job="runtime/shop", le="+Inf"}
    emitted: shop_search_duration_seconds_bucket{job="runtime/shop", le="0.1"}
    emitted: shop_search_duration_seconds_bucket{job="runtime/shop", le="0.4"}""",
            id="bucket",
        ),
    ],
)
def test_what_the_rules_miss_is_named(
    shop: Load, slo: str, healthy: Callable[[], None], options: dict[str, str], message: str
) -> None:
    """A wrong metric name, label or bucket is told with what the service emits instead."""
    with pytest.raises(ContractError) as caught:
        shop(slo, **options).burns(healthy=healthy, fault=healthy)

    assert str(caught.value) == message


def test_an_unknown_slo_is_told_with_those_alike(shop: Load) -> None:
    """The message names the folder and what is called alike."""
    with pytest.raises(ConfigurationError, match='no SLO "shop-order"; did you mean shop-orders'):
        shop("shop-order")


def test_without_promtool_the_test_is_skipped_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is proven and nothing fails where the rules cannot be evaluated."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RTOBS_PROMTOOL", raising=False)

    with pytest.raises(pytest.skip.Exception, match="needs promtool in PATH, or named in"):
        contract_of(tmp_path)("chat-api-operations")


@pytest.mark.parametrize("metric", conventions.LIBRARY_METRICS, ids=lambda metric: metric.name)
def test_the_library_and_its_catalogue_are_translated_alike(
    metric: conventions.LibraryMetric,
) -> None:
    """Names of the catalogue and of the fixture are made from the same rules."""
    point = Point(metric.name, metric.unit, TYPES[metric.type], {}, 0.0, {})

    assert metric_name(point) == metric.prometheus_name


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("By", "a_bytes"), ("By/s", "a_bytes_per_second"), ("{call}", "a"), ("1", "a_ratio"),
        ("%", "a_percent"), ("Cel", "a_celsius"), ("widgets", "a_widgets"),
    ],
)  # fmt: skip
def test_units_become_suffixes(unit: str, name: str) -> None:
    """Known units get their word, annotations none, and unknown ones stay."""
    assert metric_name(Point("a", unit, "gauge", {}, 0.0, {})) == name


def test_points_become_series_with_job_and_instance() -> None:
    """The resource gives job and instance; buckets are cumulative and end with +Inf."""
    resource = {"service.name": "shop", "service.namespace": "runtime", "service.instance.id": "i"}
    point = Point("t", "s", "histogram", {"a.b": True}, 3.5, resource, 3, (0.5, 1.0), (1, 1, 1))
    labels = {"a_b": "true", "instance": "i", "job": "runtime/shop"}

    found = {
        (one.name, dict(one.labels).get("le")): value
        for one, value in series_of([point], "x").items()
    }

    assert all(labels.items() <= dict(one.labels).items() for one in series_of([point], "x"))
    assert found == {
        ("t_seconds_sum", None): 3.5,
        ("t_seconds_count", None): 3,
        ("t_seconds_bucket", "0.5"): 1,
        ("t_seconds_bucket", "1"): 2,
        ("t_seconds_bucket", "+Inf"): 3,
    }


@pytest.mark.parametrize(
    ("number", "text"), [(1.0, "1"), (1e-7, "0.0000001"), (4.0**13, "67108864")]
)
def test_numbers_are_written_without_an_exponent(number: float, text: str) -> None:
    """As the receiver writes `le`."""
    assert plain_number(number) == text
