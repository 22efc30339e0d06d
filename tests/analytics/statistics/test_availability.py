"""The calculus of availability."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.analytics.statistics import (
    availability_in_series,
    incident_budget,
    objective_for_dependencies,
)
from rtobs.model.duration import Duration

_YEAR = Duration.parse("365d")
_shares = st.lists(st.fractions(0, 1, max_denominator=10**6), max_size=6)


def test_parts_in_series_multiply_exactly() -> None:
    """Three times three nines is not quite three nines."""
    found = availability_in_series([0.999, Decimal("0.999"), Fraction(999, 1000)])
    assert found == Fraction(997002999, 10**9)


@given(_shares, _shares)
def test_a_chain_of_chains_is_a_chain(first: list[Fraction], second: list[Fraction]) -> None:
    """It does not matter how parts are grouped, and no part makes a chain better."""
    whole = availability_in_series([*first, *second])
    chains = [availability_in_series(first), availability_in_series(second)]
    assert whole == availability_in_series(chains)
    assert whole <= min(chains)


@pytest.mark.parametrize(
    ("objective", "expected"), [("0.999", "0.9999"), ("0.9999", "0.99999"), ("0.95", "0.995")]
)
def test_dependencies_promise_one_nine_more(objective: str, expected: str) -> None:
    """The rule of the extra nine."""
    assert objective_for_dependencies(Decimal(objective)) == Fraction(expected)


def test_a_few_dependencies_with_the_extra_nine_leave_most_of_the_budget() -> None:
    """Five of them spend at most half of it."""
    needed = objective_for_dependencies(Decimal("0.999"))
    spent = 1 - availability_in_series([needed] * 5)
    assert Fraction("0.000499") < spent <= Fraction("0.0005")


def test_four_nines_allow_53_minutes_a_year() -> None:
    """The figure of the article: 0.01 % of 525,600 minutes."""
    assert incident_budget(0.9999, _YEAR, 1) == 52.56


@pytest.mark.parametrize(
    ("incidents", "affected", "expected"),
    [(4, 1, 10.8), (4, 0.5, 21.6), (1, 0.0001, 43200.0)],
)
def test_an_incident_may_last_its_part_of_the_budget(
    incidents: int, affected: float, expected: float
) -> None:
    """99.9 % of 30 days are 43.2 minutes; a partial outage lasts longer, at most the window."""
    window = Duration.parse("30d")
    assert incident_budget(0.999, window, incidents, share_affected=affected) == expected


def test_what_is_no_share_is_refused() -> None:
    """Percent are not shares, and no incident has no budget."""
    with pytest.raises(ValueError, match=r"a share lies between 0 and 1; 99\.9 does not"):
        availability_in_series([99.9])
    with pytest.raises(ValueError, match="at least one that makes events bad"):
        incident_budget(0.999, _YEAR, 0)
