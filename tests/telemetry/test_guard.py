"""No service can make the metric store fall over."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

import rtobs
from rtobs import ConfigurationError, Limits
from rtobs.telemetry.guard import Label, LabelGuard, Policy
from rtobs.testing import Captured, OTLPSink
from tests.telemetry.service import run
from tests.telemetry.sizes import size

_names = (f"guarded_{number}" for number in count())
OVERFLOW = {"otel.metric.overflow": True}


def guard(
    *labels: str, values: int = 3, sets: int = 4, overflowed: list[str] | None = None
) -> LabelGuard:
    """A guard with small limits; the names of overflows are appended to the list."""
    noted = [] if overflowed is None else overflowed
    policy = Policy(Limits(label_values=values, label_sets=sets))
    return LabelGuard("metric", labels, policy, noted.append)


def test_declared_labels_pass_and_unknown_ones_are_left_out() -> None:
    """A label that was not declared is dropped and counted, the rest is recorded."""
    overflowed: list[str] = []
    assert guard("a", "b", overflowed=overflowed).admit({"a": "1", "user": "x"}) == {"a": "1"}
    assert overflowed == ["metric"]


def test_the_label_that_is_left_out_is_named(rtobs_capture: Captured) -> None:
    """One warning names the metric, the label and what is declared, and shows no secret."""
    orders = rtobs.counter(next(_names), labels=["status"])
    orders.add(1, {"status": "paid", "password=hunter2": 1})
    orders.add(1, status="paid", user="ada")
    messages = [one.getMessage() for one in rtobs_capture.records if one.name == "rtobs"]
    (message,) = messages
    assert message == (
        f'metric "{orders.spec.name}" does not declare the label "password=[redacted]",'
        " which is left out; declared: status"
    )


def test_the_order_of_labels_makes_no_difference() -> None:
    """The same labels in another order are the same label set."""
    one = guard("a", "b", sets=1)
    assert one.admit({"a": 1, "b": 2}) is one.admit({"b": 2, "a": 1})


def test_distinct_values_of_a_label_are_bounded() -> None:
    """The fourth value of a label with room for three overflows; known ones still pass."""
    one = guard("a", sets=100)
    for value in "xyz":
        assert one.admit({"a": value}) == {"a": value}
    assert one.admit({"a": "w"}) == OVERFLOW
    assert one.admit({"a": "x"}) == {"a": "x"}


def test_label_sets_are_bounded() -> None:
    """The fifth label set of an instrument with room for four overflows."""
    one = guard("a", "b", values=3)
    admitted = [one.admit({"a": a, "b": b}) for a in range(2) for b in range(3)]
    assert admitted[4:] == [OVERFLOW, OVERFLOW]


def test_a_value_that_cannot_be_hashed_is_replaced() -> None:
    """A list is no label value; the name of its type is recorded and nothing raises."""
    wrong: dict[str, Label] = {"a": ["x"]}  # type: ignore[dict-item]
    assert guard("a").admit(wrong) == {"a": "<list>"}


@pytest.mark.parametrize(
    ("route", "recorded"),
    [
        ("/users/123/orders", "/users/{id}/orders"),
        ("/files/deadbeef00", "/files/{id}"),
        ("/v/6ecf9548-9fa5-4f73-ac25-05f1b04b4542", "/v/{id}"),
        ("/search?q=secret", "/search"),
        ("/users/{id}", "/users/{id}"),
        ("/v1/chat/completions", "/v1/chat/completions"),
    ],
)
def test_routes_become_templates(route: str, recorded: str) -> None:
    """Ids and queries never reach a route label."""
    assert guard("http.route").admit({"http.route": route}) == {"http.route": recorded}


def test_secrets_and_long_texts_never_become_labels() -> None:
    """A label value is redacted and cut at 128 characters."""
    one = guard("a")
    assert one.admit({"a": "Bearer abcdefghijklmnop"}) == {"a": "[redacted]"}
    assert len(str(one.admit({"a": "x" * 500})["a"])) == 128


@pytest.mark.parametrize("kind", ["counter", "histogram"])
def test_a_cardinality_bomb_stays_within_its_bounds(kind: str) -> None:
    """Distinct label sets without end make 200 series and one, cost no memory and are counted."""
    bombs = size(100_000, 1_000_000)
    with OTLPSink() as sink:
        ended = run(
            f"""
            import json
            from tests.telemetry.sizes import resident
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            metric = rtobs.{kind}("bomb", labels=["user", "route"])
            measure = metric.add if "{kind}" == "counter" else metric.record
            def explode(first, last):
                for number in range(first, last):
                    measure(1, user=f"user {{number}}", route=f"/item/{{number}}")
            explode(0, 3000)
            handle.flush()
            before = resident()
            explode(3000, {bombs})
            grown = resident() - before
            print(json.dumps([grown, handle.stats()["overflows"]["bomb"]]))
            """,
            limit=120,
        )
        grown, overflows = json.loads(ended.out)
        latest = {
            tuple(point.attributes.items()): point.count if kind == "histogram" else point.value
            for point in sink.points
            if point.metric == "bomb"
        }
        assert grown <= 5 * 2**20
        assert (len(latest), sum(latest.values()), overflows) == (201, bombs, bombs - 200)
        assert latest[(("otel.metric.overflow", True),)] == overflows


def test_overflows_are_counted_exactly() -> None:
    """Every measurement that lost its labels is in the account."""
    overflowed: list[str] = []
    one = guard("a", overflowed=overflowed)
    for number in range(1000):
        one.admit({"a": number})
    assert len(overflowed) == 997


def test_histograms_and_gauges_are_guarded_too(rtobs_capture: Captured) -> None:
    """All three kinds of instrument record declared labels only."""
    histogram = rtobs.histogram(next(_names), "s", labels=["a"], buckets=[1, 2])
    gauge = rtobs.gauge(next(_names), "{item}", labels=["a"])
    histogram.record(1.5, a="x", b="y")
    gauge.set(3, {"a": "x", "b": "y"})
    found = {point.metric: point for point in rtobs_capture.points}
    assert found[histogram.spec.name].attributes == {"a": "x"}
    assert (found[histogram.spec.name].bounds, found[histogram.spec.name].buckets) == (
        (1, 2),
        (0, 1, 0),
    )
    assert (found[gauge.spec.name].attributes, found[gauge.spec.name].value) == ({"a": "x"}, 3)


def test_limits_and_rules_of_init_hold_for_earlier_declarations() -> None:
    """A metric that a module declared at import obeys what `init` was given later."""
    ended = run("""
        from rtobs.testing import capture
        early = rtobs.counter("early", labels=["a"])
        rtobs.init("svc", limits=rtobs.Limits(label_values=2),
                   redaction=rtobs.Redaction(patterns=("CUST-[0-9]+",)))
        with capture() as captured:
            for value in ("CUST-1", "CUST-2", "x", "y"):
                early.add(1, a=value)
            print([point.attributes.get("a") for point in captured.points
                   if point.metric == "early"])
    """)
    assert ended.out.strip() == "['[redacted]', 'x', None]"


def test_a_metric_is_declared_once() -> None:
    """The same declaration returns the same instrument; a different one is refused."""
    name = next(_names)
    first = rtobs.counter(name, "{item}", labels=["a"])
    assert rtobs.counter(name, "{item}", labels=["a"]) is first
    with pytest.raises(ConfigurationError, match="declared twice"):
        rtobs.counter(name, "{item}", labels=["b"])
    with pytest.raises(ConfigurationError, match="declared twice"):
        rtobs.histogram(name, "{item}", labels=["a"])


@pytest.mark.parametrize(
    ("name", "labels", "buckets", "message"),
    [
        ("1st", (), (), '"1st" is not the name of a metric'),
        ("ok", ("slo_id",), (), '"slo_id" cannot be a label of ok: the rules use this name'),
        ("ok", ("a b",), (), '"a b" cannot be a label of ok: write letters'),
        ("ok", (), (1.0, 1.0), "the buckets of ok must rise"),
    ],
)
def test_wrong_declarations_are_refused(
    name: str, labels: tuple[str, ...], buckets: tuple[float, ...], message: str
) -> None:
    """Names that Prometheus or the rules cannot take, and buckets that do not rise, raise."""
    with pytest.raises(ConfigurationError, match=message):
        rtobs.histogram(name, labels=labels, buckets=buckets)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "12", None, [1.0]])
def test_what_otlp_cannot_carry_is_left_out(value: Any, rtobs_capture: Captured) -> None:
    """One wrong value would fail each later export of all metrics, so it is never recorded."""
    counter, gauge = rtobs.counter(next(_names)), rtobs.gauge(next(_names))
    histogram = rtobs.histogram(next(_names))
    for measure in (counter.add, gauge.set, histogram.record):
        measure(value)
        measure(2)
    # The gauge first: SDK 1.44 shows it only in the first collection after it was set.
    metrics = {gauge.spec.name: 2, counter.spec.name: 2, histogram.spec.name: 1}
    assert {name: rtobs_capture.value(name) for name in metrics} == metrics
    complaints = [one for one in rtobs_capture.records if "is left out" in one.getMessage()]
    assert len(complaints) == 3


@pytest.mark.parametrize("value", [2**63 - 1, True, 1.5, Decimal("1.5")])
def test_every_number_that_fits_is_measured(value: Any, rtobs_capture: Captured) -> None:
    """Whole numbers of 64 bits stay whole, and other kinds of numbers become floating."""
    gauge = rtobs.gauge(next(_names))
    gauge.set(value)
    assert rtobs_capture.value(gauge.spec.name) == value


def test_a_counter_without_labels_can_be_primed(rtobs_capture: Captured) -> None:
    """No labels, given or not, are the empty label set."""
    counter = rtobs.counter(next(_names))
    counter.prime(None)
    counter.prime()
    assert [one.value for one in rtobs_capture.points if one.metric == counter.spec.name] == [0]


def test_labels_that_are_one_text_are_refused() -> None:
    """A text is a sequence of letters, each of which would become a label."""
    with pytest.raises(ConfigurationError, match=r'must be a list, such as \["source"\]'):
        rtobs.counter(next(_names), labels="source")
