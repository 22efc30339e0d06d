"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.analytics.charts.percent import (
    MINUS,
    PERCENT,
    objective_text,
    share_text,
    signed_share_text,
    sli_text,
)
from rtobs.analytics.charts.times import instant_text, milliseconds, span_text, time_axis

OBJECTIVE = Decimal("0.999")


@pytest.mark.parametrize(
    ("sli", "objective", "text"),
    [
        (0.99953, "0.999", "99.953"),
        (0.9995, "0.999", "99.950"),
        (1.0, "0.999", "100.000"),
        (0.97, "0.95", "97.00"),
        (0.999_999, "0.999", "99.9999"),  # not 100.000: something was bad
        (0.998_999_9, "0.999", "99.89999"),  # not 99.900: the objective was missed
        (0.999_000_1, "0.999", "99.90001"),  # not 99.900: it was more than met
        (0.0, "0.999", "0.000"),
        (0.3, "0.5", "30.0"),
    ],
)
def test_an_sli_has_the_digits_that_its_budget_needs(sli: float, objective: str, text: str) -> None:
    """A hundredth of the budget is seen, and the side of the objective is right."""
    assert sli_text(sli, Decimal(objective)) == f"{text}{PERCENT}"


@given(sli=st.floats(0, 1), objective=st.sampled_from(["0.5", "0.9", "0.99", "0.999", "0.99995"]))
def test_an_sli_never_crosses_its_objective_by_rounding(sli: float, objective: str) -> None:
    """Whoever reads the text and compares comes to the same verdict."""
    target = Fraction(Decimal(objective))
    shown = Fraction(Decimal(sli_text(sli, Decimal(objective)).removesuffix(PERCENT))) / 100
    exact = Fraction(sli)
    if abs(exact - target) > Fraction(1, 10**13) and 1 - exact > Fraction(1, 10**13):
        assert (shown < target, shown == 1) == (exact < target, exact == 1)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.37, "37"),
        (0.024, "2.4"),
        (0.0, "0"),
        (1.0, "100"),
        (0.9996, "99.96"),
        (0.00004, "0.004"),
        (1.0004, "100.04"),
        (-0.283, f"{MINUS}28"),
        (4.69, "469"),
        (0.05, "5"),
    ],
)
def test_a_share_has_two_digits_and_never_says_all_or_nothing_wrongly(
    share: float, text: str
) -> None:
    """Zero and a hundred percent are exact."""
    assert share_text(share) == f"{text}{PERCENT}"


def test_what_is_not_known_is_said() -> None:
    """Neither NaN nor infinity nor None is a number."""
    unknown = {share_text(None), share_text(float("nan")), sli_text(None, OBJECTIVE)}
    assert unknown | {sli_text(float("inf"), OBJECTIVE)} == {"no data"}


def test_changes_have_a_sign() -> None:
    """Points of a percentage, with a real minus."""
    space = PERCENT[0]
    assert signed_share_text(0.12) == f"+12{space}points"
    assert signed_share_text(-0.004) == f"{MINUS}0.4{space}points"
    assert signed_share_text(0.0) == "no change"


def test_an_objective_is_as_it_was_defined() -> None:
    """No digit more, no digit less."""
    assert objective_text(Decimal("0.9995")) == f"99.95{PERCENT}"
    assert objective_text(0.999) == f"99.9{PERCENT}"
    assert objective_text(Fraction(1, 2)) == f"50{PERCENT}"


def test_spans_have_two_units() -> None:
    """The two largest ones."""
    texts = [span_text(s) for s in (0, 0.2, 59.6, 3_600, 12_960, 86_400 * 3 + 60, 90_061)]
    assert texts == ["0 s", "under 1 s", "1 min", "1 h", "3 h 36 min", "3 d", "1 d 1 h"]


def test_an_instant_is_on_the_clock_of_its_zone() -> None:
    """Half an hour past midnight in Berlin is the day before in UTC."""
    instant = datetime(2025, 3, 2, 23, 30, tzinfo=UTC)
    assert instant_text(instant) == "Sun 2 Mar 2025, 23:30"
    assert instant_text(instant, "Europe/Berlin") == "Mon 3 Mar 2025, 00:30"


def test_days_begin_at_local_midnight_also_when_the_clock_changes() -> None:
    """On 30 March 2025 a day of Berlin has 23 hours; its tick stands where it begins."""
    start, end = datetime(2025, 3, 28, tzinfo=UTC), datetime(2025, 4, 2, tzinfo=UTC)
    axis = _axis(start, end, "Europe/Berlin")
    midnights = [
        datetime(2025, 3, 28, 23, tzinfo=UTC),
        datetime(2025, 3, 29, 23, tzinfo=UTC),
        datetime(2025, 3, 30, 22, tzinfo=UTC),
        datetime(2025, 3, 31, 22, tzinfo=UTC),
        datetime(2025, 4, 1, 22, tzinfo=UTC),
    ]
    assert axis["values"] == [milliseconds(one) for one in midnights]
    assert '"Sun 30 Mar"' in axis["labelExpr"]


@pytest.mark.parametrize(
    ("days", "first"), [(1, "06:00"), (7, "Tue 4 Mar"), (40, "Mon 10 Mar"), (200, "Apr 2025")]
)
def test_ticks_are_as_far_apart_as_there_is_room(days: int, first: str) -> None:
    """Quarters of a day, days, Mondays or months."""
    start = datetime(2025, 3, 3, 1, tzinfo=UTC)
    end = datetime.fromtimestamp(start.timestamp() + days * 86_400, UTC)
    axis = _axis(start, end, "UTC")
    assert axis["labelExpr"].split('"')[3] == first
    assert len(axis["values"]) <= 10


def _axis(start: datetime, end: datetime, zone: str) -> dict[str, Any]:
    encoding: Any = time_axis(start, end, zone).to_dict()
    axis: dict[str, Any] = encoding["axis"]
    return axis
