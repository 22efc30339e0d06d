"""Label values that satisfy matchers."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rtobs.model.selector import Matcher, MatchOp
from rtobs.proof.samples import matches, satisfies, values_for


def first(*conditions: tuple[MatchOp, str], known: tuple[str, ...] = ()) -> str | None:
    """The first value found for a label with these conditions."""
    matchers = [Matcher("x", op, value) for op, value in conditions]
    return next(values_for(matchers, known), None)


@pytest.mark.parametrize(
    ("conditions", "value"),
    [
        ((("=", "inference"),), "inference"),
        ((("=~", "5.."),), "500"),
        ((("!~", "5.."),), "200"),
        ((("=~", "/v1/.*"),), "/v1/x"),
        ((("=~", "argocd|argo-cd"),), "argocd"),
        ((("=~", "argocd|argo-cd"), ("!=", "argocd")), "argo-cd"),
        ((("=~", "[a-c]{2,}"), ("!=", "aa")), "cc"),
        ((("!=", ""),), "200"),
        ((("=~", "(?:2|3)\\d\\d"),), "200"),
        ((("=~", "[^/]+"), ("!~", "2.*")), "500"),
    ],
)
def test_value(conditions: tuple[tuple[MatchOp, str], ...], value: str) -> None:
    """The most natural value that meets every condition is found."""
    assert first(*conditions) == value


def test_known_values_come_first() -> None:
    """A closed list of values is used before anything is invented."""
    assert first(("!=", "5xx"), known=("1xx", "2xx", "5xx")) == "1xx"


def test_contradictions_have_no_value() -> None:
    """Conditions that exclude each other yield nothing."""
    assert first(("=", "a"), ("!=", "a")) is None


def test_a_suffix_tells_values_apart() -> None:
    """Two suffixes make two values of one free label."""
    conditions = [Matcher("x", "=~", "llama.*")]

    names = [next(values_for(conditions, suffix=name)) for name in ("alpha", "beta")]

    assert names == ["llamaxalpha", "llamaxbeta"]


def test_an_unparsable_pattern_is_matched_by_nothing_invented() -> None:
    """Syntax that no example is made for falls back to ordinary values that match."""
    assert first(("=~", "(?=2)200")) == "200"


def test_absent_labels_are_empty() -> None:
    """A series without a label meets the condition that it is empty."""
    assert matches({}, [Matcher("x", "=", "")])


@given(st.from_regex(r"\A[a-z0-9|.()\[\]*+?]{1,12}\Z"))
def test_every_value_satisfies_its_pattern(pattern: str) -> None:
    """Whatever is offered for a pattern matches it."""
    try:
        re.compile(pattern)
    except (re.error, FutureWarning):
        assume(False)  # noqa: FBT003
    matcher = Matcher("x", "=~", pattern)

    assert all(satisfies(value, matcher) for value in values_for([matcher]))
