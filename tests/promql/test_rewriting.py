"""Changing selectors in the user's text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from rtobs.model.selector import Matcher, Selector
from rtobs.promql.expression import parse_template
from rtobs.promql.rewriting import Change, one_line, rewrite
from tests.promql.grammar import NAMES, expressions

CHANGE = Change("site_", (Matcher("job", "=", 'a"}\\\n'), Matcher("group", "!=", "")))


@given(expressions)
def test_the_tree_gets_the_prefix_and_the_matchers(text: str) -> None:
    """After a rewrite each selector is what the change makes of it; functions stay."""
    before = parse_template(text)
    after = parse_template(rewrite(text, dict.fromkeys(NAMES, CHANGE)))
    assert [found.selector for found in after.selectors] == [
        CHANGE.applied(found.selector) for found in before.selectors
    ]
    assert [(f.function, f.range) for f in after.selectors] == [
        (f.function, f.range) for f in before.selectors
    ]
    assert [call.name for call in after.calls] == [call.name for call in before.calls]


@given(expressions)
def test_every_other_character_stays(text: str) -> None:
    """The user's text is a subsequence of the result."""
    rest = iter(rewrite(text, dict.fromkeys(NAMES, CHANGE)))
    assert all(character in rest for character in text)


@given(expressions)
def test_matchers_that_are_there_are_not_repeated(text: str) -> None:
    """Merging the same matchers twice changes nothing the second time."""
    changes = dict.fromkeys(NAMES, Change("", CHANGE.matchers))
    once = rewrite(text, changes)
    assert rewrite(once, changes) == once


@given(expressions)
def test_other_metrics_are_left_alone(text: str) -> None:
    """Without a named metric the text comes back as it was."""
    assert rewrite(text, {"something_else": CHANGE}) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", 'p_x{a="b"}'),
        ("x{}", 'p_x{a="b"}'),
        ("x{ }", 'p_x{ a="b"}'),
        ('x{c="d"}', 'p_x{c="d",a="b"}'),
        ('x{c="d",}', 'p_x{c="d",a="b"}'),
        ('x{c="d" # why\n}', 'p_x{c="d",a="b" # why\n}'),
        ('x{a="b"}', 'p_x{a="b"}'),
        ('{"x"}', '{"p_x",a="b"}'),
        ('{__name__="x", c="d"}', '{__name__="p_x", c="d",a="b"}'),
        ("sum(rate(x[{{window}}])) by (x)", 'sum(rate(p_x{a="b"}[{{window}}])) by (x)'),
        ("x or y", 'p_x{a="b"} or y'),
    ],
)
def test_insertions_stand_where_people_would_write_them(text: str, expected: str) -> None:
    """Spaces, comments and trailing commas survive."""
    assert rewrite(text, {"x": Change("p_", (Matcher("a", "=", "b"),))}) == expected


@given(expressions)
def test_one_line_says_the_same(text: str) -> None:
    """Selectors, functions and ranges are those of the text before, and no line is broken."""
    before, after = parse_template(text), parse_template(one_line(text))
    assert [(f.selector, f.function, f.range) for f in after.selectors] == [
        (f.selector, f.function, f.range) for f in before.selectors
    ]
    assert "\n" not in after.text


def test_one_line_drops_comments_and_keeps_strings() -> None:
    """A comment must not swallow what stood on the next line."""
    text = '  a{x="1  #  2"} # why\n  /  rate(b[ {{window}} ])\n'
    assert one_line(text) == 'a{x="1  #  2"} / rate(b[ {{window}} ])'


def test_a_change_applies_to_a_value_as_well() -> None:
    """The same prefix and matchers for a selector that is no text."""
    changed = Change("p_", (Matcher("a", "=", "b"),)).applied(Selector("x"))
    assert changed == Selector("p_x", (Matcher("a", "=", "b"),))
    assert re.fullmatch("p_x", changed.metric)
