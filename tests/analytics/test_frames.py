"""Frames are checked at the door."""

from __future__ import annotations

import polars as pl
import pytest

from rtobs.analytics import frames
from rtobs.analytics.frames import SAMPLES, Schema, check, empty
from rtobs.errors import FrameError


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
