"""PromQL as text: what is built is read back as the same value."""

from __future__ import annotations

import re

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.model.selector import Matcher, Selector
from rtobs.promql.expression import parse
from rtobs.promql.labels import output_labels
from rtobs.promql.text import (
    aggregate,
    any_of,
    le_matcher,
    quote,
    rate,
    regex_literal,
    selector_text,
)

texts = st.text(st.characters(codec="utf-8"), max_size=30)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True)
metrics = names | st.just("rule:with:colons") | st.just("http.server.duration")
matchers = st.builds(Matcher, names, st.sampled_from(["=", "!="]), texts)
selectors = st.builds(Selector, metrics, st.lists(matchers, max_size=4).map(tuple))


@given(texts)
def test_a_quoted_text_is_read_back(value: str) -> None:
    """No value of a label can end its own quotation marks."""
    literal = promql_parser.parse(quote(value))
    assert isinstance(literal, promql_parser.StringLiteral)
    assert literal.val == value


@given(selectors)
def test_a_selector_is_read_back(selector: Selector) -> None:
    """Names that are no plain identifiers go into the braces; everything else stays."""
    (found,) = parse(selector_text(selector)).selectors
    assert found.selector == selector


@given(selectors, st.sampled_from(["5m", "1h30m"]))
def test_a_window_follows_the_selector(selector: Selector, window: str) -> None:
    """The range is part of the text and of nothing else."""
    (found,) = parse(selector_text(selector, window)).selectors
    assert (found.selector, found.range) == (selector, window)


@given(st.text(st.characters(codec="ascii"), max_size=20), texts)
def test_a_literal_pattern_matches_itself_only(value: str, other: str) -> None:
    """Special characters of regular expressions lose their meaning."""
    pattern = re.compile(regex_literal(value))
    assert pattern.fullmatch(value) is not None
    assert (pattern.fullmatch(other) is not None) == (other == value)


@given(st.lists(st.text("ab.|(\\", max_size=4), min_size=2, max_size=4, unique=True), texts)
def test_any_of_matches_exactly_the_values(values: list[str], other: str) -> None:
    """A label that has one of several values, each compared as plain text."""
    matcher = any_of("status", values)
    assert (matcher.label, matcher.op) == ("status", "=~")
    assert all(re.fullmatch(matcher.value, value) for value in values)
    assert (re.fullmatch(matcher.value, other) is not None) == (other in values)


@pytest.mark.parametrize("values", [["a.b"], ["a.b", "a.b"]])
def test_one_value_needs_no_pattern(values: list[str]) -> None:
    """Equality is cheaper than a regular expression and cannot be misread."""
    assert any_of("path", values) == Matcher("path", "=", "a.b")


def test_a_bucket_is_matched_in_every_spelling() -> None:
    """A dot in a bound is a dot."""
    assert le_matcher(("1", "1.0")) == Matcher("le", "=~", "1|1\\.0")


@given(st.lists(names, max_size=3, unique=True))
def test_an_aggregation_has_exactly_the_groups(groups: list[str]) -> None:
    """`by` lists the groups; without groups one series is left."""
    assert output_labels(parse(aggregate("sum", groups, "x"))) == frozenset(groups)


def test_a_rate_is_summed_to_the_groups() -> None:
    """Events per second of a counter."""
    assert rate(("pod",), Selector("x_total", (Matcher("a", "=", "b"),)), "5m") == (
        'sum by (pod) (rate(x_total{a="b"}[5m]))'
    )
