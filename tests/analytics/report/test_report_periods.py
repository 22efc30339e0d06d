"""Weeks and months, by the clock of a time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rtobs.analytics.report import Period, last_period, period_named

UNTIL = datetime(2025, 4, 2, 12, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last", "name"),
    [
        ("week", date(2025, 3, 24), date(2025, 3, 30), "week 13, 24 to 30 March 2025"),
        ("month", date(2025, 3, 1), date(2025, 3, 31), "March 2025"),
        ("2025-W01", date(2024, 12, 30), date(2025, 1, 5), "week 1, 30 December 2024 to 5 January"),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31), "December 2024"),
        ("2025-03-03/2025-03-04", date(2025, 3, 3), date(2025, 3, 3), "3 March 2025"),
        ("2025-02-27/2025-03-02", date(2025, 2, 27), date(2025, 3, 1), "27 February to 1 March"),
    ],
)
def test_words_for_periods(text: str, first: date, last: date, name: str) -> None:
    """The last complete week or month, a week or month by number, or two days."""
    found = period_named(text, UNTIL)
    assert (found.first, found.last) == (first, last)
    assert found.name.startswith(name)


def test_a_week_that_ends_now_is_over() -> None:
    """At Monday midnight the week that ends then is complete, by the clock of the zone."""
    monday = datetime(2025, 3, 30, 22, tzinfo=UTC)  # midnight in Berlin, in summer time
    assert last_period("week", monday, "Europe/Berlin").first == date(2025, 3, 24)
    assert last_period("week", monday, "UTC").first == date(2025, 3, 17)


def test_a_month_in_which_the_clock_changes_is_an_hour_shorter() -> None:
    """March 2025 in Berlin begins at 23:00 UTC and ends at 22:00 UTC."""
    march = period_named("2025-03", UNTIL, "Europe/Berlin")
    assert march.start == datetime(2025, 2, 28, 23, tzinfo=UTC)
    assert march.end == datetime(2025, 3, 31, 22, tzinfo=UTC)
    assert march.seconds == 31 * 86_400 - 3_600
    assert len(march.days) == 31


def test_the_period_before() -> None:
    """The month before a month, as many days before anything else."""
    assert period_named("2025-03", UNTIL).previous == period_named("2025-02", UNTIL)
    assert period_named("2025-W10", UNTIL).previous == period_named("2025-W09", UNTIL)
    three = period_named("2025-03-03/2025-03-06", UNTIL).previous
    assert (three.first, three.last) == (date(2025, 2, 28), date(2025, 3, 2))


def test_the_period_before_ends_where_the_period_begins() -> None:
    """No instant is between them, none is in both."""
    for text in ("2025-01", "2025-03", "2025-W14", "2025-03-30/2025-04-01"):
        period = period_named(text, UNTIL, "Europe/Berlin")
        assert period.previous.end == period.start


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yesterday", "none of these forms"),
        ("2025-13", "month must be in 1..12"),
        ("2025-W60", "Invalid week: 60"),
        ("2025-03-03/2025-03-03", "it ends before it starts"),
        ("2025-03-03/soon", "Invalid isoformat string"),
    ],
)
def test_what_is_no_period_is_said(text: str, why: str) -> None:
    """The words that can be used, and what is wrong with these."""
    with pytest.raises(ValueError, match=f"write week, month, .*{why}"):
        period_named(text, UNTIL)


def test_an_unknown_zone_is_said() -> None:
    """With an example of one."""
    for zone in ("Berlin", "Europe", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="no time zone known here; names look like Europe"):
            period_named("week", UNTIL, zone)
    with pytest.raises(ValueError, match="neither week nor month"):
        last_period("year", UNTIL)


def test_periods_are_values() -> None:
    """Two that mean the same days are equal."""
    made = Period(date(2025, 3, 1), date(2025, 3, 31), "UTC", "March 2025")
    assert made == period_named("2025-03", UNTIL)
