"""Thinning keeps what is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.charts import thin
from rtobs.analytics.charts.rows import segments

START = datetime(2025, 3, 3, tzinfo=UTC)
values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=300)


def _line(numbers: list[float | None], name: str = "a") -> pl.DataFrame:
    times = [START + timedelta(minutes=step) for step in range(len(numbers))]
    columns = {"line": name, "ts": times, "y": numbers}
    return pl.DataFrame(columns, schema_overrides={"y": pl.Float64})


@settings(deadline=None, max_examples=60)
@given(numbers=values, points=st.integers(4, 60))
def test_few_rows_with_the_same_extremes(numbers: list[float | None], points: int) -> None:
    """At most so many rows, all of them given, with the first, last, lowest and highest."""
    frame = _line(numbers)
    known = frame.drop_nulls("y")
    found = thin(frame, x="ts", y="y", points=points)
    assert found.height <= points
    assert found.rows() == [row for row in known.rows() if row in set(found.rows())]
    if not known.is_empty():
        ends = [known.row(0), known.row(-1)]
        assert [found.row(0), found.row(-1)] == ends
        assert (found["y"].min(), found["y"].max()) == (known["y"].min(), known["y"].max())


def test_a_peak_of_one_row_stays() -> None:
    """What lasted a minute of a month is still in the picture."""
    numbers: list[float | None] = [0.0] * 43_200
    numbers[31_415] = 9.0
    found = thin(_line(numbers), x="ts", y="y", points=600)
    assert found.filter(pl.col("y") == 9.0)["ts"].to_list() == [START + timedelta(minutes=31_415)]


def test_a_short_line_stays_as_it_is() -> None:
    """Where there are fewer rows than steps, none is lost."""
    frame = _line([3.0, 1.0, 2.0])
    assert thin(frame, x="ts", y="y", points=20).rows() == frame.rows()


def test_each_line_is_thinned_by_itself() -> None:
    """A high line does not swallow a low one."""
    low, high = _line([0.0, 1.0] * 50, "low"), _line([10.0, 11.0] * 50, "high")
    found = thin(pl.concat([low, high]), x="ts", y="y", by=["line"], points=10)
    counts = dict(found.group_by("line").len().rows())
    assert set(counts) == {"low", "high"}
    assert max(counts.values()) <= 10
    assert found.rows() == found.sort("line", "ts").rows()


def test_nan_is_no_number() -> None:
    """Rows without a number are left out."""
    assert thin(_line([1.0, float("nan"), None, 2.0]), x="ts", y="y")["y"].to_list() == [1.0, 2.0]


def test_too_few_points_are_refused() -> None:
    """A line needs its ends and its extremes."""
    with pytest.raises(ValueError, match="at least 4 points, not 3"):
        thin(_line([1.0]), x="ts", y="y", points=3)


def test_a_gap_begins_a_segment() -> None:
    """A gap is longer than three usual steps; each line has its own."""
    frame = _line([1.0] * 20).filter(~pl.col("ts").is_between(*_between(5, 9)))
    both = pl.concat([frame, _line([1.0] * 20, "b")])
    found = segments(both, x="ts", by=["line"])
    assert dict(found.group_by("line").agg(pl.col("segment").max()).rows()) == {"a": 1, "b": 0}
    assert found.filter(pl.col("segment") == 1)["ts"].min() == START + timedelta(minutes=10)


def _between(first: int, last: int) -> tuple[datetime, datetime]:
    return START + timedelta(minutes=first), START + timedelta(minutes=last)
