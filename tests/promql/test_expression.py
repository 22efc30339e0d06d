"""Reading PromQL: what it selects and calls, and where."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.model.selector import Matcher, Selector
from rtobs.promql.expression import (
    Call,
    ExpressionError,
    at_window,
    parse,
    parse_template,
    ratio_at,
    raw_reads,
)
from tests.promql.grammar import expressions


def ast_selectors(text: str) -> list[tuple[str | None, list[tuple[str, str, str]]]]:
    """Names and matchers of the parser's selectors, in its own order."""
    found: list[tuple[str | None, list[tuple[str, str, str]]]] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            matchers = [(m.name, str(m.op), m.value) for m in node.matchers.matchers]
            found.append((node.name, matchers))

    promql_parser.walk(promql_parser.parse(text), pre_visit=visit)
    return found


@given(expressions)
def test_every_selector_is_found_where_it_stands(text: str) -> None:
    """The found spans, each parsed alone, are the selectors of the parser's tree, in order."""
    spans = [text[found.start : found.end] for found in parse_template(text).selectors]
    alone = [selector for span in spans for selector in ast_selectors(span)]
    assert alone == ast_selectors(at_window(text, "5m"))
    assert len(alone) == len(spans)


@given(expressions)
def test_spans_stand_in_order_and_apart(text: str) -> None:
    """No found selector overlaps the next one."""
    found = parse_template(text).selectors
    assert all(left.end <= right.start for left, right in pairwise(found))


@given(expressions)
def test_each_span_holds_its_own_selector(text: str) -> None:
    """The value beside a span is what the span says, not what a neighbour says."""
    found = parse_template(text).selectors
    alone = [parse(text[one.start : one.end]).selectors[0].selector for one in found]
    assert [one.selector for one in found] == alone


@given(st.text(max_size=60) | st.text("a1{}[]()\"'`#,=~!+-*/ :m@\n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in a definition, nothing but ExpressionError comes back."""
    with contextlib.suppress(ExpressionError):
        parse_template(text)


@given(expressions, st.data())
def test_an_offset_of_an_error_lies_in_the_text(text: str, data: st.DataObject) -> None:
    """Cutting an expression short gives an error whose offset can be shown."""
    cut = text[: data.draw(st.integers(0, len(text)))]
    try:
        parse_template(cut)
    except ExpressionError as error:
        assert error.offset is None or 0 <= error.offset <= len(cut)  # noqa: PT017


def test_a_selector_says_its_metric_matchers_function_and_range() -> None:
    """One range selector is described completely."""
    (found,) = parse('sum(rate(http_requests_total{status=~"5.."}[5m]))').selectors
    assert found.selector == Selector("http_requests_total", (Matcher("status", "=~", "5.."),))
    assert (found.start, found.end, found.function, found.range) == (9, 43, "rate", "5m")


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("x", [""]),
        ("x / sum(y)", ["", "sum"]),
        ("max_over_time(rate(x[5m])[1h:1m])", ["rate"]),
        ("rate(x[1h:1m])", ["rate"]),
        ("rate(sum(x)[1h:1m])", ["sum"]),
        ("x and (y)", ["", "and"]),
        ("count(x) unless y", ["count", "unless"]),
        ("-(x)", [""]),
        ("topk(scalar(a), b)", ["scalar", "topk"]),
        ("histogram_quantile(0.9, x)", ["histogram_quantile"]),
    ],
)
def test_the_function_is_what_reads_the_samples(text: str, functions: list[str]) -> None:
    """Outer functions, brackets and subqueries do not count."""
    assert [found.function for found in parse(text).selectors] == functions


def test_the_placeholder_is_a_range_and_moves_nothing() -> None:
    """Offsets hold in the text that the user wrote."""
    text = "rate(x[{{window}}]) / rate(y[ {{window}} ])"
    found = parse_template(text).selectors
    assert [(text[f.start : f.end], f.range) for f in found] == [
        ("x", "{{window}}"),
        ("y", "{{window}}"),
    ]


def test_ranges_of_selectors_and_subqueries_are_listed() -> None:
    """Each with its offset, without the brackets."""
    expression = parse_template("max_over_time(rate(x[ 5m ])[{{window}}:1m])")
    assert expression.ranges == (("5m", 21), ("{{window}}:1m", 28))


def test_complete_promql_has_no_placeholder() -> None:
    """`parse` reads what a server would read."""
    with pytest.raises(ExpressionError) as caught:
        parse("rate(x[{{window}}])")
    assert caught.value.message == 'unexpected character inside brackets: "{"'


def test_a_window_replaces_every_placeholder() -> None:
    """The text that a server gets."""
    assert at_window("a[{{window}}] + b[{{window}}]", "1h") == "a[1h] + b[1h]"


def test_a_metric_may_be_named_in_braces() -> None:
    """`{"x"}` and `{__name__="x"}` select the metric x."""
    found = parse('{"a.b", c="d"} + {__name__="e"}').selectors
    assert [one.selector for one in found] == [
        Selector("a.b", (Matcher("c", "=", "d"),)),
        Selector("e"),
    ]


def test_an_escaped_quotation_mark_does_not_end_a_text() -> None:
    """What looks like a brace or a comment inside a value is a part of it."""
    text = "x{a='it\\'s } # {'} / y"
    found = parse(text).selectors
    assert found[0].selector == Selector("x", (Matcher("a", "=", "it's } # {"),))
    assert [text[one.start : one.end] for one in found] == ["x{a='it\\'s } # {'}", "y"]


def test_a_selector_without_a_name_has_no_metric() -> None:
    """A name that is only a pattern stays a matcher."""
    (found,) = parse('{__name__=~"a.*"}').selectors
    assert found.selector == Selector("", (Matcher("__name__", "=~", "a.*"),))


def test_calls_have_names_and_offsets() -> None:
    """Functions and aggregations are listed as they stand; a metric of that name is none."""
    expression = parse("SUM by (rate) (rate(x[5m])) or vector(0) + sum")
    assert expression.calls == (Call("sum", 0), Call("rate", 15), Call("vector", 31))
    assert expression.calls_of("vector", "absent") == (Call("vector", 31),)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "vector"),
        ("1 + (2)", "scalar"),
        ("1 + x", "vector"),
        ("x[5m]", "matrix"),
        ("(x)[5m:]", "matrix"),
        ('"x"', "string"),
        ("time()", "scalar"),
        ("-rate(x[5m])", "vector"),
        ("sum(x)", "vector"),
    ],
)
def test_an_expression_has_the_type_that_prometheus_gives_it(text: str, kind: str) -> None:
    """Rules need a vector; everything else can be told from the text."""
    assert parse(text).type == kind


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "the expression is empty", 0),
        ("# nothing", "the expression is empty", 0),
        ("sum(x", "the parenthesis is not closed", 3),
        ("sum(x))", 'expected an operator or the end, found ")"', 6),
        ("x + * y", 'expected a metric, a number or "(", found "*"', 4),
        ("x +", 'expected a metric, a number or "(", found the end', 3),
        ("x y", 'expected an operator or the end, found "y"', 2),
        ("x, y", 'expected an operator or the end, found ","', 1),
        ('x{a="b}', "the quotation mark is not closed on this line", 4),
        ("x{a='b'", "the brace is not closed", 1),
        ("x[5m", "the bracket is not closed", 1),
        ("x offset y", 'expected a time, found "y"', 9),
        ("x @ ", "expected a time, found the end", 4),
        ("sum by x", 'expected "(", found "x"', 7),
        ("sum by (x", 'expected ")", found the end', 9),
        ("1 + rates(x[5m])", 'unknown function with name "rates"', 4),
        ("x + \u00e9", 'unexpected character "\u00e9"', 4),
        ('x{a="b" or c="d"}', 'Prometheus has no "or" between matchers', 0),
        ("x" * 20_001, "the expression is longer than 20000 characters", None),
        ("(" * 300 + "x" + ")" * 300, "more than 250 operators and nested brackets", 251),
        ("x" + "+x" * 300, "more than 250 operators and nested brackets", 502),
        ("-" * 300 + "x", "more than 250 operators and nested brackets", 251),
    ],
)
def test_an_error_says_what_and_where(text: str, message: str, offset: int | None) -> None:
    """Each refused text has a reason, and a place where there is one."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.message, caught.value.offset) == (message, offset)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("sum(rate(x_total[5m]))", []),
        ("increase(x_total[5m]) > 0", []),
        ("x_total / y", ["x_total"]),
        ("sum(x_total)", ["sum"]),
        ("rate(sum(x_total)[5m:])", ["sum"]),
        ("count(x_total) + absent(x_total)", []),
        ("y unless x_total", []),
        ("max_over_time(x_total[5m])", ["max_over_time"]),
        ("sum(y)", []),
    ],
)
def test_counters_that_are_read_raw_are_found(text: str, raw: list[str]) -> None:
    """A running total is meaningless unless a rate is taken or its value is ignored."""
    found = raw_reads(parse(text), lambda metric: metric.endswith("_total"))
    assert [one.function or one.selector.metric for one in found] == raw


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a / b", 2),
        ("100 * (a + c) / b", 14),
        ("100 * (a / b)", 9),
        ("sum((a + b) / c)", 12),
        ("quantile(1 / 2, a / b)", 18),
        ("1 - a / b", 6),
        ("a / 60", None),
        ("a * (b / c)", None),
        ("sum(rate(x[5m]))", None),
    ],
)
def test_a_quotient_as_a_whole_is_found(text: str, offset: int | None) -> None:
    """Scaling by numbers and aggregating do not hide a ratio; a ratio as a factor is none."""
    assert ratio_at(parse(text)) == offset
