"""Which labels the result of an expression has."""

from __future__ import annotations

import pytest

from rtobs.promql.expression import parse
from rtobs.promql.labels import output_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("x", None),
        ("rate(x[5m])", None),
        ("sum(x)", ""),
        ("sum by (a, b) (x)", "a b"),
        ("sum by (a, b) (max by (b, c) (x))", "b"),
        ("max without (a) (sum by (a, b) (x))", "b"),
        ("sum without (a) (x)", None),
        ("topk(3, sum by (a) (x))", "a"),
        ("topk by (a) (3, x)", None),
        ('count_values by (a) ("v", x)', "a v"),
        ("(-sum by (a) (x))", "a"),
        ("max_over_time(sum by (a) (x)[1h:1m])", "a"),
        ("1 - sum by (a) (x) / sum by (a) (y)", "a"),
        ("sum by (a, b) (x) / sum by (a) (y)", "a"),
        ("x / sum by (a) (y)", "a"),
        ("x / y", None),
        ("x / on(a, b) y", "a b"),
        ("sum by (a) (x) / on(a, b) y", "a"),
        ("sum by (a, b) (x) / ignoring(b) sum by (a) (y)", "a"),
        ("sum by (a, b) (x) / on(a) group_left() sum by (a) (y)", "a b"),
        ("sum by (a) (x) * on(a) group_left(c) y", "a c"),
        ("sum by (a) (x) * on(a) group_left(c) sum by (a) (y)", "a"),
        ("sum by (a) (x) * on(a) group_right(b) sum by (a, c) (y)", "a c"),
        ("x * on(a) group_left(b) y", None),
        ("sum by (a) (x) > 0", "a"),
        ("0 < bool sum by (a) (x)", "a"),
        ("sum by (a) (x) and on(a) y", "a"),
        ("sum by (a) (x) unless y", "a"),
        ("sum by (a) (x) or sum by (a) (y)", "a"),
        ("sum by (a) (x) or vector(0)", None),
        ("sum(x) or vector(0)", ""),
        ("vector(1)", ""),
        ("1 + 1", ""),
        ("time()", ""),
        ("hour()", ""),
        ("absent(sum(x))", ""),
        ('absent(x{a="b", c=~"d"})', "a"),
        ('absent(x{a="b", a="c"})', ""),
        ('absent_over_time((x{a="b"}[5m]))', "a"),
        ("histogram_quantile(0.9, sum by (le, a) (rate(x_bucket[5m])))", "a"),
        ("clamp_min(sum by (a) (x), 0)", "a"),
        ('label_replace(sum by (a) (x), "b", "$1", "a", "(.*)")', None),
    ],
)
def test_the_structure_determines_the_labels(text: str, labels: str | None) -> None:
    """Each construct leaves the labels that Prometheus leaves."""
    expected = None if labels is None else frozenset(labels.split())
    assert output_labels(parse(text)) == expected
