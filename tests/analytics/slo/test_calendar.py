"""Calendar budgets begin at local midnight and are measured against the whole period."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.slo.accounting import ACCOUNT, budget, closing
from rtobs.analytics.slo.calendar import Calendar
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from tests.analytics.slo.exports import tiles_of
from tests.proof.slos import BAD_FORM, slo

DAY = 288  # tiles
TWO_NINES = slo("requests", BAD_FORM.indicator, "0.99")


def _periods(calendar: Calendar, first: datetime, last: datetime) -> list[str]:
    return [f"{start:%Y-%m-%d %H:%M}" for start in calendar.starts(first, last)]


def test_months_follow_the_clock_of_the_zone() -> None:
    """Berlin's midnight is 23:00 UTC in winter and 22:00 in summer; New York's is after it."""
    first, last = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    assert _periods(Calendar("month", "Europe/Berlin"), first, last) == [
        "2026-01-31 23:00",
        "2026-02-28 23:00",
        "2026-03-31 22:00",
        "2026-04-30 22:00",
        "2026-05-31 22:00",
    ]
    assert _periods(Calendar("quarter", "America/New_York"), first, last) == [
        "2026-01-01 05:00",
        "2026-04-01 04:00",
        "2026-07-01 04:00",
    ]


def test_a_midnight_that_does_not_exist_is_when_clocks_skip_it() -> None:
    """In Cairo Friday 2026-04-24 begins at 01:00, and the week on Monday as ever."""
    calendar = Calendar("week", "Africa/Cairo")
    moment = datetime(2026, 4, 25, tzinfo=UTC)
    assert _periods(calendar, moment, moment) == ["2026-04-19 22:00", "2026-04-26 21:00"]


def test_weeks_begin_on_monday() -> None:
    """As ISO 8601 has them."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday
    assert _periods(Calendar("week"), moment, moment) == ["2026-02-23 00:00", "2026-03-02 00:00"]


def test_a_tile_that_ends_at_midnight_belongs_to_the_day_before() -> None:
    """Its events happened before."""
    tiles = tiles_of([1, 2, 3], start=datetime(2026, 3, 31, 23, 50, tzinfo=UTC))
    found = budget(tiles, TWO_NINES, dialect=Dialect.V3, mode="calendar")
    months = [f"{start:%m}" for start in found["window_start"]]
    assert (months, found["bad"].to_list()) == (["03", "03", "04"], [1, 3, 3])


def test_what_is_left_of_a_week() -> None:
    """Half a week with 100 events a tile: 2016 tiles, a budget of 2016 events or 100.8 minutes."""
    bad = [504.0] + [0.0] * (1008 - 1)
    tiles = tiles_of(bad, 100, start=datetime(2026, 3, 2, tzinfo=UTC))
    last = budget(
        tiles, TWO_NINES, dialect=Dialect.V3, mode="calendar", calendar=Calendar("week")
    ).row(-1, named=True)
    assert last["coverage"] == 0.5
    assert last["consumed"] == pytest.approx(0.25)
    assert last["events_left"] == pytest.approx(2016 - 504)
    assert last["minutes_left"] == pytest.approx(100.8 * 0.75)


def test_a_whole_period_agrees_with_the_rolling_window() -> None:
    """Seven days that were seen completely are the same, however they are called."""
    weekly = replace(TWO_NINES, window=Duration.parse("7d"))
    tiles = tiles_of([n % 7 for n in range(7 * DAY)], start=datetime(2026, 3, 2, tzinfo=UTC))
    columns = [name for name, kind in ACCOUNT.columns.items() if kind == pl.Float64]
    rolling = budget(tiles, weekly, dialect=Dialect.V3).tail(1)
    period = budget(
        tiles, weekly, dialect=Dialect.V3, mode="calendar", calendar=Calendar("week")
    ).tail(1)
    assert period.select(columns).row(0) == pytest.approx(rolling.select(columns).row(0))
    assert period.select("window_start", "window_end").row(0) == rolling.select(
        "window_start", "window_end"
    ).row(0)


def test_before_the_first_event_nothing_is_known() -> None:
    """Consumption without events is no number; a bad part that is absent is not bad."""
    tiles = tiles_of([0, 0], [0, 10]).with_columns(bad=pl.lit(None, pl.Float64))
    found = budget(tiles, TWO_NINES, dialect=Dialect.V3, mode="calendar")
    assert found["consumed"].to_list() == [None, 0]


def test_other_slos_are_left_out() -> None:
    """A frame may hold many; none of this one is no row."""
    tiles = tiles_of([1], slo_id="shop-other")
    modes: tuple[Literal["rolling", "calendar"], ...] = ("rolling", "calendar")
    for mode in modes:
        found = budget(tiles, TWO_NINES, dialect=Dialect.V3, mode=mode)
        assert (found.height, found.schema) == (0, ACCOUNT.columns)


@given(
    st.integers(1, 40 * DAY),
    st.sampled_from(["week", "month", "quarter"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1)),  # noqa: DTZ001  # made aware below
)
@settings(max_examples=30, deadline=None)
def test_periods_partition_the_tiles(count: int, period: str, zone: str, start: datetime) -> None:
    """Every tile is in exactly one period: closing rows add up to all events."""
    aware = start.replace(microsecond=0, tzinfo=UTC)
    tiles = tiles_of([1.0] * count, 2, start=aware)
    calendar = Calendar(period, zone)  # type: ignore[arg-type]
    found = budget(tiles, TWO_NINES, dialect=Dialect.V3, mode="calendar", calendar=calendar)
    assert (found["window_start"] < found["ts"]).all()
    assert (found["ts"] <= found["window_end"]).all()
    last = closing(found)
    assert last["window_start"].is_unique().all()
    assert (last["bad"].sum(), last["total"].sum()) == (count, 2 * count)
    zones = found.select(pl.col("window_start", "window_end").dt.convert_time_zone(zone))
    assert set(zones.select(pl.all().dt.hour()).unique().rows()) <= {(0, 0), (0, 1), (1, 0)}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("day", "UTC"), '"day" is no period; take week, month or quarter'),
        (("month", "Europe/Atlantis"), '"Europe/Atlantis" is no time zone known here'),
        (("month", "../etc/passwd"), '"../etc/passwd" is no time zone known here'),
        (("month", ""), '"" is no time zone known here'),
    ],
)
def test_calendars_that_do_not_exist(arguments: tuple[str, str], sentence: str) -> None:
    """Each is refused in one sentence."""
    with pytest.raises(ValueError, match=sentence):
        Calendar(*arguments)  # type: ignore[arg-type]


def test_an_unknown_mode_and_a_wrong_frame_are_refused() -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match='"monthly" is no mode of a budget'):
        budget(tiles_of([1]), TWO_NINES, dialect=Dialect.V3, mode="monthly")  # type: ignore[arg-type]
    with pytest.raises(FrameError, match="this is no frame of tiles: bad is absent"):
        budget(tiles_of([1]).drop("bad"), TWO_NINES, dialect=Dialect.V3, mode="calendar")
