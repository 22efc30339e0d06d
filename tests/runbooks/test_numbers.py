"""Ratios in minutes and events."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rtobs.model.indicator import RatioIndicator
from rtobs.runbooks.numbers import count_words, smallest_fault, smallest_outage, span, text_percent
from tests.dashboards.samples import EVENTS, LATENCY, PROBE, SLICES, tiers


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (Fraction(0), "less than 1 s"),
        (Fraction(1, 2), "less than 1 s"),
        (Fraction(52), "52 s"),
        (Fraction(518, 10), "51 s"),
        (Fraction(2592), "43 min 12 s"),
        (Fraction(12960), "3 h 36 min"),
        (Fraction(86400 * 3), "3 d"),
        (Fraction(86400 + 30), "1 d"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: Fraction, words: str) -> None:
    """Rounded down: an outage that is said to be seen is seen."""
    assert span(seconds) == words


@pytest.mark.parametrize(("objective", "minutes"), [("0.999", 3), ("0.995", 5), ("0.99", 9)])
def test_bad_minutes_are_counted_whole(objective: str, minutes: int) -> None:
    """Measured on a real Prometheus: the 3rd, 5th and 9th bad minute page."""
    fast = tiers("30d", objective)[0]
    assert smallest_outage(fast, PROBE) == minutes * 60


def test_an_outage_of_events_is_a_share_of_the_long_window() -> None:
    """1.44 % of an hour."""
    assert smallest_outage(tiers("30d", "0.999")[0], EVENTS) == Fraction("51.84")


def test_a_partial_fault_takes_longer() -> None:
    """Ten percent of the events: ten times as long."""
    assert smallest_fault(tiers("30d", "0.999")[0], Fraction(1, 10)) == Fraction("518.4")


def test_a_fault_below_the_threshold_is_never_seen() -> None:
    """At 95 % the fast tier needs 72 % of the events."""
    assert smallest_fault(tiers("30d", "0.95")[0], Fraction(1, 10)) is None


@pytest.mark.parametrize(
    ("indicator", "words"),
    [
        (EVENTS, "events"),
        (LATENCY, "events"),
        (SLICES, "minutes"),
        (RatioIndicator("x"), "minutes"),
    ],
)
def test_a_budget_counts_events_or_minutes(indicator: object, words: str) -> None:
    """By the kind of the indicator."""
    assert count_words(indicator) == words  # type: ignore[arg-type]


def test_percentages_have_three_digits() -> None:
    """1.44 %, not 1.4399999 %."""
    assert text_percent(Fraction(144, 10000)) == "1.44%"
