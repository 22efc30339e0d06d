"""Sums over windows are those of Prometheus, one window at a time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.slo.schedule import MINUTE, TILE, Schedule, moment
from rtobs.analytics.slo.windows import History, Reading, ranges, ratio
from rtobs.model.duration import Duration

patient = settings(deadline=None)
_STEP = 60_000
_FINITE = st.just(0.0) | st.floats(1e-6, 1e9)
_ANY = st.one_of(_FINITE, st.sampled_from([math.nan, math.inf, -math.inf]))
every_dialect = pytest.mark.parametrize("dialect", list(Dialect))


def _reading(samples: list[float | None]) -> Reading:
    values = np.array([[0.0 if sample is None else sample for sample in samples]])
    present = np.array([[sample is not None for sample in samples]])
    return Reading(np.arange(len(samples), dtype=np.int64) * _STEP, values, present)


def _inside(dialect: Dialect, ago: int, minutes: int) -> bool:
    """Whether a sample that old stands in a range of so many minutes."""
    return 0 <= ago <= minutes if dialect.closed == "both" else 0 <= ago < minutes


@every_dialect
@patient
@given(samples=st.lists(st.none() | _FINITE, min_size=1, max_size=40), minutes=st.integers(1, 20))
def test_a_sum_is_the_exact_sum_rounded_once(
    dialect: Dialect, samples: list[float | None], minutes: int
) -> None:
    """Whatever stood before a window leaves no trace in its sum."""
    reading = _reading(samples)
    window = ranges(reading.times, reading.times, Duration(60 * minutes), dialect)
    sums, counts = History.of(reading).total(window), History.of(reading).count(window)
    for at in range(len(samples)):
        inside = [
            s for i, s in enumerate(samples) if s is not None and _inside(dialect, at - i, minutes)
        ]
        assert counts[0, at] == len(inside)
        assert sums.present[0, at] == bool(inside)
        assert sums.values[0, at] == math.fsum(inside)


@patient
@given(samples=st.lists(_ANY, min_size=1, max_size=30), minutes=st.integers(1, 10))
def test_what_is_no_number_spoils_only_its_windows(samples: list[float], minutes: int) -> None:
    """A window with NaN is NaN, one with an infinity infinite, and the next is a number again."""
    reading = _reading(list(samples))
    window = ranges(reading.times, reading.times, Duration(60 * minutes), Dialect.V3)
    found = History.of(reading).total(window).values[0]
    with np.errstate(invalid="ignore"):
        expected = [
            float(np.sum(samples[max(at - minutes + 1, 0) : at + 1])) for at in range(len(samples))
        ]
    assert found.tolist() == pytest.approx(expected, nan_ok=True, rel=1e-9)


@pytest.mark.parametrize(
    ("dialect", "expected"), [(Dialect.V2, [1, 2, 3, 3]), (Dialect.V3, [1, 2, 2, 2])]
)
def test_the_left_edge_depends_on_the_dialect(dialect: Dialect, expected: list[int]) -> None:
    """A range of two minutes over samples a minute apart holds three of them, or two."""
    reading = _reading([1.0, 1.0, 1.0, 1.0])
    window = ranges(reading.times, reading.times, Duration(120), dialect)
    assert History.of(reading).count(window)[0].tolist() == expected


def test_an_offset_moves_the_range() -> None:
    """`[1m] offset 2m` reads the sample of two minutes ago."""
    reading = _reading([1.0, 2.0, 4.0, 8.0])
    window = ranges(reading.times, reading.times, MINUTE, Dialect.V3, Duration(120))
    found = History.of(reading).total(window)
    assert found.present[0].tolist() == [False, False, True, True]
    assert found.values[0, 2:].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("dialect", "seen"), [(Dialect.V2, True), (Dialect.V3, False)])
def test_an_instant_read_looks_back_five_minutes(dialect: Dialect, *, seen: bool) -> None:
    """A value five minutes old is read by Prometheus 2 only, an older one by none."""
    reading = _reading([7.0])
    at = np.array([0, 299_999, 300_000, 300_001], dtype=np.int64)
    assert reading.newest(at, dialect).present[0].tolist() == [True, True, seen, False]


def test_what_the_newest_evaluation_did_not_give_is_stale() -> None:
    """A fresh value before it does not help."""
    reading = _reading([7.0, None, 9.0])
    at = np.array([30_000, 90_000, 130_000], dtype=np.int64)
    found = reading.newest(at, Dialect.V3)
    assert found.present[0].tolist() == [True, False, True]
    assert found.values[0, [0, 2]].tolist() == [7.0, 9.0]


def test_an_instant_read_of_nothing_is_nothing() -> None:
    """Without any evaluation there is no value."""
    nothing = Reading(np.array([], dtype=np.int64), np.zeros((1, 0)), np.zeros((1, 0), dtype=bool))
    assert not nothing.newest(np.array([0], dtype=np.int64), Dialect.V3).present.any()


def test_a_ratio_needs_events() -> None:
    """Nothing is said of a minute without total, without bad part, or without events."""
    bad, total = _reading([1.0, None, 1.0, 0.0, 0.0]), _reading([4.0, 4.0, None, 0.0, 2.0])
    found = ratio(bad, total)
    assert found.present[0].tolist() == [True, False, False, False, True]
    assert found.values[0, [0, 4]].tolist() == [0.25, 0.0]


def test_groups_run_on_where_samples_are_missing() -> None:
    """Evaluations fill a gap at the group's own offset, up to the end, but not into a hole."""
    known = np.array([13_000, 73_000, 313_000], dtype=np.int64)
    every = Schedule(end=moment(400_000))
    assert every.fast(known).tolist() == [13_000 + _STEP * n for n in range(7)]
    down = Schedule(holes=((moment(100_000), moment(200_000)),))
    assert down.fast(known).tolist() == [13_000, 73_000, 253_000, 313_000]


def test_a_changed_offset_is_followed() -> None:
    """Samples tell when a group ran, also after it moved within its interval."""
    known = np.array([0, 60_000, 95_000, 215_000], dtype=np.int64)
    assert Schedule().fast(known).tolist() == [0, 60_000, 95_000, 155_000, 215_000]


def test_the_long_group_runs_at_its_offset() -> None:
    """Without tiles the five-minute group runs at the offset that is given."""
    fast = np.arange(0, 1_000_000, _STEP, dtype=np.int64)
    nothing = np.array([], dtype=np.int64)
    late = Schedule(long_phase=timedelta(seconds=30, milliseconds=250))
    assert Schedule().long(fast, nothing).tolist() == [0, 300_000, 600_000, 900_000]
    assert late.long(fast, nothing).tolist() == [30_250, 330_250, 630_250, 930_250]
    assert Schedule().long(fast, np.array([17_000, 617_000])).tolist() == [
        17_000,
        317_000,
        617_000,
        917_000,
    ]
    assert Schedule().long(nothing, nothing).tolist() == []


def test_moments_are_exact() -> None:
    """A moment and its milliseconds are the same."""
    when = datetime(2026, 7, 1, 12, tzinfo=UTC) + timedelta(milliseconds=1)
    assert moment((when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)) == when
    assert (MINUTE.seconds, TILE.seconds) == (60, 300)
