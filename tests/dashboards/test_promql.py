"""What dashboards ask Prometheus: it parses, it reads recorded series only, and rightly."""

from __future__ import annotations

import re
from typing import Final

import promql_parser
import pytest

from rtobs import conventions as names
from tests.dashboards.boards import boards, every_expression, substituted, variable_queries

EXPRESSIONS: Final = every_expression()
FIXED: Final = {
    names.SLICE_BAD,
    names.TOTAL_RATE,
    names.BAD_RATE,
    names.TOTAL_TILE,
    names.BAD_TILE,
    names.PERIOD_ERROR_RATIO,
    names.OBJECTIVE,
    names.ERROR_BUDGET,
    names.PERIOD_DAYS,
    names.CURRENT_BURN_RATE,
    names.BUDGET_REMAINING,
    names.COVERAGE,
    names.INFO,
    "ALERTS",
}
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
KNOWN: Final = FIXED | {names.error_ratio(window) for window in WINDOWS}
MINUTELY: Final = {
    names.SLICE_BAD,
    names.TOTAL_RATE,
    names.BAD_RATE,
    names.CURRENT_BURN_RATE,
    *(names.error_ratio(window) for window in WINDOWS[:5]),
    "ALERTS",
}


def selectors(text: str) -> list[promql_parser.VectorSelector]:
    """Every selector of a query, those with a range too."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(text), visit)
    return found


@pytest.mark.parametrize(("where", "text"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_every_query_parses_and_names_its_slo(where: str, text: str) -> None:
    """Each selector says slo_id, so no query of ours can read the whole server."""
    found = selectors(substituted(text))
    silent = [
        one.name for one in found if not any(m.name == "slo_id" for m in one.matchers.matchers)
    ]
    assert found != [], where
    assert silent == []


def test_every_series_is_recorded_by_us_or_is_alerts() -> None:
    """A query of a series that nobody records would show an empty panel for ever."""
    read = {one.name for _, text in EXPRESSIONS for one in selectors(substituted(text))}
    assert read - KNOWN == set()


@pytest.mark.parametrize(("where", "text"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_series_of_the_five_minute_group_are_read_over_a_range(where: str, text: str) -> None:
    """A plain read of such a series finds nothing while its group is evaluated."""
    bare = re.findall(r"([a-z_:0-9]+)\{[^}]*\}(?!\[)", substituted(text))
    assert set(bare) <= MINUTELY, where


@pytest.mark.parametrize(("where", "text"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_recorded_series_are_never_rated(where: str, text: str) -> None:
    """They are rates already; $__rate_interval belongs to raw counters."""
    assert re.findall(r"\b(?:i?rate|increase)\(|\$__rate_interval", text) == [], where


def test_variables_ask_prometheus_in_forms_that_it_knows() -> None:
    """label_values and query_result with valid PromQL inside."""
    for board in boards().values():
        for query in variable_queries(board):
            match = re.fullmatch(r"label_values\((.+), \w+\)|query_result\((.+)\)", query)
            assert match is not None, query
            promql_parser.parse(substituted(match[1] or match[2]))


def test_a_query_that_skips_a_variable_is_noticed() -> None:
    """The substitution refuses variables that it does not know."""
    with pytest.raises(AssertionError):
        substituted("up{job=~'$job'}")
