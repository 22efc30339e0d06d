"""Frames are checked at the door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from rtobs.analytics import frames
from rtobs.analytics.frames import SAMPLES, Schema, check, empty, utc
from rtobs.analytics.inference import Intervals
from rtobs.analytics.slo import Span
from rtobs.analytics.statistics import Calendar
from rtobs.errors import FrameError
from rtobs.model.duration import Duration


def test_a_frame_with_more_columns_is_cut_to_the_schema() -> None:
    """Order and number of columns are those of the schema."""
    wide = empty(SAMPLES).with_columns(extra=pl.lit(1)).select("extra", "value", "ts", "series_id")
    assert list(check(wide, SAMPLES).columns) == ["series_id", "ts", "value"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """An absent column and a wrong type are one sentence."""
    frame = pl.DataFrame({"series_id": [1], "value": [1.0]})
    with pytest.raises(FrameError) as caught:
        check(frame, SAMPLES)
    assert str(caught.value) == (
        "this is no frame of samples: ts is absent; series_id is Int64, not UInt32"
    )


def test_a_lazy_frame_stays_lazy() -> None:
    """Checking looks at the schema and collects nothing."""
    lazy = empty(SAMPLES).lazy()
    assert isinstance(check(lazy, SAMPLES), pl.LazyFrame)


def test_keys_are_columns() -> None:
    """Every schema is sorted by columns that it has."""
    schemas = [value for value in vars(frames).values() if isinstance(value, Schema)]
    assert [s.name for s in schemas if not set(s.key) <= set(s.columns)] == []
    assert len(schemas) == 9


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_an_aware_moment_is_one_of_utc(zone: str) -> None:
    """Whatever clock it was read from; one of no clock is refused."""
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert utc(noon.astimezone(ZoneInfo(zone))).isoformat() == "2026-03-29T12:00:00+00:00"
    with pytest.raises(FrameError, match="needs a time zone"):
        utc(noon.replace(tzinfo=None))


def test_the_doors_take_any_clock() -> None:
    """Spans, intervals and periods of a day with 23 hours are 23 hours long."""
    start, end = (datetime(2026, 3, day, tzinfo=ZoneInfo("Europe/Berlin")) for day in (29, 30))
    doors = (Span(start, end), Intervals(start, end, Duration.parse("1h")), Calendar(start, end))
    assert [door.end - door.start for door in doors] == [timedelta(hours=23)] * 3
