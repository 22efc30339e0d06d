"""What a budget says in the futures that may come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.statistics import Calendar, Outlook, Rolling
from rtobs.analytics.statistics.futures import Futures, consumption, draw
from rtobs.analytics.statistics.timeline import timeline
from rtobs.model.duration import Duration

Make = Callable[..., pl.DataFrame]
_HOUR = Duration.parse("1h")

_tiles = st.lists(
    st.integers(0, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.booleans())),
    min_size=13,
    max_size=80,
)
_hours = st.lists(
    st.integers(0, 99).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=10,
)


def _nothing() -> Futures:
    return Futures(np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((1, 0)))


@given(past=_tiles, ahead=_hours, window=st.integers(1, 8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_rolling_budget_forgets_what_left_the_window(
    make_tiles: Make, past: list[tuple[int, int, bool]], ahead: list[tuple[int, int]], window: int
) -> None:
    """Tile by tile: bad over allowed of the last hours, times the share of tiles that was seen."""
    frame = make_tiles([b for b, _, _ in past], [n for _, n, _ in past])
    keep = [True, *(seen for _, _, seen in past[1:-1]), True]
    line = timeline(frame.filter(pl.Series(keep)))
    bad, total = (np.array([[float(pair[i]) for pair in ahead]]) for i in (0, 1))
    futures = Futures(bad, total, np.ones_like(bad))
    found = consumption(line, futures, 0.1, Rolling(Duration(3600 * window)))[0].tolist()
    size = 12 * window
    rows = [(b, n, 1) if k else (0, 0, 0) for (b, n, _), k in zip(past, keep, strict=True)]
    expected = []
    for hours in range(len(ahead) + 1):
        old = rows[-(size - 12 * hours) :] if size > 12 * hours else []
        new = ahead[max(0, hours - window) : hours]
        spent = sum(r[0] for r in old) + sum(b for b, _ in new)
        events = sum(r[1] for r in old) + sum(n for _, n in new)
        seen = sum(r[2] for r in old) + 12 * len(new)
        expected.append(spent / (0.1 * events) * seen / size if events else 0.0)
    assert found == pytest.approx(expected)


def test_what_is_spent_now_is_what_the_alert_compares(make_tiles: Make) -> None:
    """One bad hour on the first day of 30 at 99.9 % is 1.39 budgets, not 42."""
    bad = [100.0 if i < 12 else 0.0 for i in range(288)]
    line = timeline(make_tiles(bad, [100.0] * 288))
    now = consumption(line, _nothing(), 0.001, Rolling(Duration.parse("30d")))
    assert now.tolist() == [[pytest.approx(1 / 0.72)]]


def test_a_calendar_budget_that_is_still_to_begin_counts_none_of_the_hours_before(
    make_tiles: Make,
) -> None:
    """Twelve hours ahead, of which the last four and a half are of the period."""
    line = timeline(make_tiles([10.0] * 288, [100.0] * 288))
    start = line.last + timedelta(hours=7, minutes=30)
    period = Calendar(start, start + timedelta(hours=4, minutes=30))
    futures = Futures(np.full((1, 12), 6.0), np.full((1, 12), 1200.0), np.ones((1, 12)))
    spent = consumption(line, futures, 0.01, period)[0]
    passed = [max(0.0, hours - 7.5) for hours in range(13)]
    assert spent.tolist() == pytest.approx([6 * hours / (0.01 * 1200 * 4.5) for hours in passed])


def test_a_calendar_budget_counts_from_its_start(make_tiles: Make) -> None:
    """What was bad before does not matter, what comes makes the budget larger."""
    bad = [10.0] * 288 + [1.0] * 144
    line = timeline(make_tiles(bad, [100.0] * 432))
    start = line.first - timedelta(minutes=5) + timedelta(days=1)
    period = Calendar(start, start + timedelta(days=1))
    futures = Futures(np.full((1, 12), 6.0), np.full((1, 12), 1200.0), np.ones((1, 12)))
    spent = consumption(line, futures, 0.01, period)[0]
    assert spent.tolist() == pytest.approx([(144 + 6 * h) / 288 for h in range(13)])


def test_a_calendar_period_that_was_not_seen_from_its_start(make_tiles: Make) -> None:
    """The first half is taken as good: half of the share counts."""
    line = timeline(make_tiles([1.0] * 144, [100.0] * 144))
    period = Calendar(line.last - timedelta(days=1), line.last)
    assert consumption(line, _nothing(), 0.01, period).tolist() == [[pytest.approx(0.5)]]


def test_the_last_step_may_be_a_part() -> None:
    """A period that ends within an hour brings a part of its events."""
    futures = Futures(np.ones((2, 3)), np.full((2, 3), 4.0), np.ones((2, 3))).ending(0.25)
    assert futures.bad.tolist() == [[1, 1, 0.25]] * 2
    assert futures.total.tolist() == [[4, 4, 1]] * 2
    assert futures.seen.tolist() == [[1, 1, 0.25]] * 2


def test_recent_goes_on_like_the_last_hours(make_tiles: Make) -> None:
    """The mean of what was seen of them."""
    tiles = make_tiles([0.0] * 24 + [1.0] * 12 + [3.0] * 12, [10.0] * 48)
    past = timeline(tiles.filter(pl.int_range(pl.len()) != 30)).coarser(_HOUR)
    outlook = Outlook("recent", recent=Duration.parse("2h"))
    found = draw(past, 3, outlook, np.random.default_rng(0))
    assert found.bad.tolist() == [pytest.approx([(11 + 36) / 23 * 12] * 3)]
    assert found.total.tolist() == [pytest.approx([120.0] * 3)]


def test_the_profile_repeats_the_hour_of_the_week(make_tiles: Make) -> None:
    """Means of the same hours; hours that were never seen are like all."""
    hours = np.arange(168 * 2)
    tiles = make_tiles(np.repeat(hours / 12, 12), np.repeat(hours, 12))
    past = timeline(tiles).coarser(_HOUR)
    found = draw(past, 170, Outlook("profile"), np.random.default_rng(0))
    expected = [(hour + hour + 168) / 2 for hour in range(168)]
    assert found.bad[0].tolist() == pytest.approx([*expected, *expected[:2]])
    young = draw(past.until(2), 3, Outlook("profile"), np.random.default_rng(0))
    assert young.bad[0].tolist() == pytest.approx([0.5, 0.5, 0.5])


@given(st.integers(48, 120), st.integers(1, 100), st.sampled_from([1, 6, 24, 30]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_blocks_keep_their_place_in_the_season(
    make_tiles: Make, length: int, count: int, block: int
) -> None:
    """What comes at an hour of the day was seen at that hour, and blocks are not torn."""
    hours = np.repeat(np.arange(length), 12)
    past = timeline(make_tiles(hours / 12, hours)).coarser(_HOUR)
    outlook = Outlook(block=Duration(3600 * block), draws=5)
    if length < block + 23:  # some places of the day have no block
        return
    found = draw(past, count, outlook, np.random.default_rng(length)).bad
    assert found.shape == (5, count)
    ahead = np.arange(length, length + count)
    assert (np.rint(found - ahead) % 24 == 0).all()
    steps = np.rint(np.diff(found, axis=1))
    inside = np.arange(1, count) % block != 0
    assert (steps[:, inside] == 1).all()


def test_a_past_without_blocks_is_refused(make_tiles: Make) -> None:
    """And one without data."""
    past = timeline(make_tiles([0.0] * 240, [1.0] * 240)).coarser(_HOUR)
    with pytest.raises(ValueError, match="too short to draw blocks of 1d at the same place of 1d"):
        draw(past, 24, Outlook(), np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least an hour of data"):
        draw(past.until(0), 24, Outlook(), np.random.default_rng(0))
