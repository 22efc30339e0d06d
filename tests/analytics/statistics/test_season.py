"""What is usual for this hour of the week."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.frames import TIME
from rtobs.analytics.statistics import hour_of_week, season_profile, unusual
from rtobs.errors import FrameError

pytestmark = pytest.mark.usefixtures("engine")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def _hourly(values: list[float], start: datetime = MONDAY) -> pl.DataFrame:
    times = [start + timedelta(hours=i) for i in range(len(values))]
    return pl.DataFrame({"ts": times, "value": values}, schema={"ts": TIME, "value": pl.Float64})


@given(
    times=st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), max_size=20),  # noqa: DTZ001
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_hour_is_that_of_the_clock_on_the_wall(times: list[datetime], zone: str) -> None:
    """Through changes of the clock and odd offsets."""
    aware = [t.replace(microsecond=0, tzinfo=UTC) for t in times]
    frame = pl.DataFrame({"ts": aware}, schema={"ts": TIME})
    local = [t.astimezone(ZoneInfo(zone)) for t in aware]
    found = frame.select(hour_of_week(zone))["hour_of_week"].to_list()
    assert found == [t.weekday() * 24 + t.hour for t in local]


def test_a_profile_is_the_median_and_mad_of_each_hour() -> None:
    """Three weeks, each hour with three values."""
    values = np.random.default_rng(1).gamma(2, 5, 3 * 168)
    profile = season_profile(_hourly(values.tolist()))
    by_hour = values.reshape(3, 168).T.tolist()
    medians = [statistics.median(v) for v in by_hour]
    mads = [statistics.median(abs(x - m) for x in v) for v, m in zip(by_hour, medians, strict=True)]
    assert profile["hour_of_week"].to_list() == list(range(168))
    assert profile["median"].to_list() == pytest.approx(medians)
    assert profile["mad"].to_list() == pytest.approx(mads)
    assert profile["count"].to_list() == [3] * 168


def test_series_have_profiles_of_their_own() -> None:
    """Sorted by series and hour; nulls and NaN are no values."""
    rows = pl.concat(
        [
            _hourly([v, v, math.nan]).with_columns(group=pl.lit(g))
            for v, g in ((2.0, "b"), (1.0, "a"))
        ]
    )
    found = season_profile(rows, by=["group"])
    assert found.select("group", "hour_of_week", "median", "count").rows() == [
        ("a", 0, 1.0, 1),
        ("a", 1, 1.0, 1),
        ("b", 0, 2.0, 1),
        ("b", 1, 2.0, 1),
    ]


def test_what_is_usual_at_noon_is_unusual_at_night() -> None:
    """The same number of requests, told apart by the hour; a past incident hides nothing."""
    rng = np.random.default_rng(2)
    day = [100.0 if hour < 6 else 1000.0 for hour in range(24)]
    past = np.array(day * 84) * rng.normal(1, 0.05, 84 * 24)
    past[26] = 5000  # an incident at night
    now = np.array(day) * rng.normal(1, 0.02, 24)
    now[3] = 1000
    found = unusual(_hourly(now.tolist()), season_profile(_hourly(past.tolist())))
    assert found["ts"].to_list() == [MONDAY + timedelta(hours=3)]
    assert found["score"][0] > 50


def test_normal_noise_is_seldom_unusual() -> None:
    """With 3.5 about 0.05 % of values of a normal distribution, more as the MAD is estimated."""
    rng = np.random.default_rng(3)
    past, now = (_hourly(rng.normal(10, 1, n * 168).tolist()) for n in (52, 8))
    assert len(unusual(now, season_profile(past))) <= 5


def test_where_most_values_are_the_same_the_mean_deviation_counts() -> None:
    """Mostly 0 errors: the MAD is 0, and one error is not infinitely far away."""
    past = _hourly([*([0.0] * 168 * 4), *([8.0] * 168)])
    profile = season_profile(past)
    assert profile["mad"].to_list() == [0.0] * 168
    now = unusual(_hourly([0.0, 8.0]), profile)
    assert now.rows() == [
        (MONDAY + timedelta(hours=1), 8.0, 0.0, pytest.approx(8 / (1.6 * math.sqrt(math.pi / 2))))
    ]


def test_where_all_values_are_the_same_any_other_is_unusual() -> None:
    """Infinitely so, in its direction."""
    profile = season_profile(_hourly([1.0] * 168))
    found = unusual(_hourly([1.0, 0.0, 2.0]), profile)
    assert found["score"].to_list() == [-math.inf, math.inf]


def test_absent_columns_are_named() -> None:
    """The sentence says which."""
    with pytest.raises(FrameError, match="these values lack the columns group, value"):
        season_profile(pl.DataFrame({"ts": [MONDAY]}), by=["group"])
