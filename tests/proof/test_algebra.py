"""The steady-state interpreter."""

from __future__ import annotations

import pytest

from rtobs.proof.algebra import NotDerivableError, Steady, parse, selectors_of, value_of
from tests.proof.slos import select

WORLD = (
    Steady({"__name__": "all", "q": "a"}, 60.0),
    Steady({"__name__": "bad", "q": "a"}, 15.0),
    Steady({"__name__": "used", "q": "a", "pod": "1"}, 30.0),
    Steady({"__name__": "used", "q": "a", "pod": "2"}, 50.0),
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum by (q) (rate(all[5m]))", 1.0),
        ("sum(increase(all[1h]))", 3600.0),
        ("sum(rate(bad[5m])) / sum(rate(all[5m]))", 0.25),
        ("1 - sum(rate(bad[5m])) / (sum(rate(all[5m])) > 0)", 0.75),
        ("sum(rate(none[5m])) or 0 * sum(rate(all[5m]))", 0.0),
        ("max by (q) (used)", 50.0),
        ("avg without (pod) (used)", 40.0),
        ("count(used > 40)", 1.0),
        ("max(used) <= bool 50", 1.0),
        ("clamp_min(max(used) - 100, 0)", 0.0),
        ("max by (q) (used) / on (q) max by (q) (avg_over_time(all[5m]))", 50 / 60),
        ("(max(used) - time()) / 10", 4.0),
        ("-max(used)", -50.0),
        ("bad and on (q) all", 15.0),
    ],
)
def test_value(expression: str, value: float) -> None:
    """Aggregations, rates, comparisons and matching mean what they mean in PromQL."""
    ((_, got),) = value_of(parse(expression), WORLD, now=10.0)

    assert got == pytest.approx(value)


def test_labels_of_an_aggregation() -> None:
    """Only the labels of the grouping are left."""
    assert value_of(parse("max by (q) (used)"), WORLD) == [({"q": "a"}, 50.0)]


def test_unless_drops_what_both_sides_have() -> None:
    """`unless` keeps what the other side lacks."""
    assert value_of(parse("all unless on (q) bad"), WORLD) == []


@pytest.mark.parametrize(
    "expression",
    [
        "histogram_quantile(0.9, sum by (le) (rate(b_bucket[5m])))",
        "rate(all[5m] offset 5m)",
        "topk(1, used)",
        "avg_over_time(max(used)[5m:1m])",
        "sum by (",
    ],
)
def test_the_unknown_is_refused(expression: str) -> None:
    """What the interpreter does not know is an error, never a guess."""
    with pytest.raises(NotDerivableError):
        value_of(parse(expression), WORLD)


def test_selectors() -> None:
    """Selectors are found in reading order, and counters are told from gauges."""
    found = selectors_of(parse('sum(rate(a{x="1"}[5m])) / max(b) > 0 or sum(rate(a{x="1"}[5m]))'))

    assert found == ((select("a", x="1"), True), (select("b"), False))
