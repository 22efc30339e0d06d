"""Aggregations say what they cannot do, and what their rows rest on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SERIES, WINDOWED
from rtobs.analytics.promql import Vector, aggregate, histogram_fraction, histogram_quantile
from rtobs.errors import FrameError

pytestmark = pytest.mark.usefixtures("both_engines")

_AT: Final = datetime(2025, 1, 1, tzinfo=UTC)


def _series(*labels: dict[str, str]) -> pl.DataFrame:
    rows = {
        "series_id": range(len(labels)),
        "fingerprint": [""] * len(labels),
        "metric": ["up"] * len(labels),
        "labels": [[{"name": n, "value": v} for n, v in one.items()] for one in labels],
    }
    return pl.DataFrame(rows, schema=dict(SERIES.columns))


def _values(*rows: tuple[int, int, float, int, float]) -> pl.DataFrame:
    full = [(number, _AT, window, *rest) for number, window, *rest in rows]
    return pl.DataFrame(full, schema=dict(WINDOWED.columns), orient="row")


def test_a_group_rests_on_all_samples_and_on_the_least_coverage() -> None:
    """Samples add up; the coverage is that of the worst series; windows stay apart."""
    values = _values((0, 300, 1.0, 4, 0.5), (0, 600, 5.0, 9, 1.0), (1, 300, 2.0, 3, 0.75))
    made = aggregate(values, _series({"pod": "a"}, {"pod": "b"}), by=[])
    assert made.values.rows() == [(0, _AT, 300, 3.0, 7, 0.5), (0, _AT, 600, 5.0, 9, 1.0)]
    assert dict(made.values.schema) == dict(WINDOWED.columns)


def test_points_of_a_group_are_in_order_of_window_and_time() -> None:
    """A window is listed from its first time to its last before the next one is."""
    one = _values((0, 300, 1.0, 1, 0.0), (0, 600, 2.0, 1, 0.0))
    later = one.with_columns(pl.col("ts").dt.offset_by("1m"), value=pl.col("value") * 10)
    made = aggregate(pl.concat([later, one]), _series({"pod": "a"}), by=["pod"])
    assert made.values["value"].to_list() == [1.0, 10.0, 2.0, 20.0]


def test_a_grouped_series_has_the_labels_that_are_kept() -> None:
    """Groups are numbered in the order of their labels, whatever the order of the series."""
    series = _series({"job": "b", "pod": "x"}, {"job": "a", "pod": "y"}, {"pod": "z"})
    values = _values((0, 300, 1.0, 1, 0.0), (1, 300, 2.0, 1, 0.0), (2, 300, 3.0, 1, 0.0))
    made = aggregate(values, series, by=["job"])
    assert made.series["labels"].to_list() == [
        [],
        [{"name": "job", "value": "a"}],
        [{"name": "job", "value": "b"}],
    ]
    assert made.values["value"].to_list() == [3.0, 2.0, 1.0]
    assert aggregate(values, series, without=["pod"]).series.equals(made.series)
    assert dict(made.series.schema) == dict(SERIES.columns)


@pytest.mark.parametrize(
    ("dialect", "function", "expected"),
    [
        (Dialect.V2, "sum", 0.0),
        (Dialect.V3, "sum", 1.0),
        (Dialect.V3, "avg", 0.25),
        (Dialect.V3, "max", 1e16),
        (Dialect.V3, "count", 4.0),
    ],
)
def test_series_are_added_in_the_order_of_their_labels(
    dialect: Dialect, function: Any, expected: float
) -> None:
    """The number that a series has does not matter, nor does the order of the frames' rows."""
    added = {"a": 1.0, "b": 1e16, "c": 0.0, "d": -1e16}  # what comes before 1e16 is rounded away
    for pods in ("abcd", "dcba", "bdac"):
        series = _series(*({"pod": pod} for pod in pods))
        rows = [(nth, 300, added[pod], 1, 0.0) for nth, pod in enumerate(pods)]
        made = aggregate(_values(*reversed(rows)), series, [], function, dialect=dialect)
        assert made.values["value"].to_list() == [expected]


def test_times_of_a_group_need_not_be_even() -> None:
    """Series that were there at other times than others are in no one's way."""
    times = [_AT + timedelta(milliseconds=ms) for ms in (0, 7, 60_000, 3_600_001)]
    points = [(0, times[0]), (0, times[2]), (1, times[1]), (1, times[2]), (2, times[3])]
    rows = [(number, at, 300, 1.0 + number, 1, 0.5) for number, at in points]
    values = pl.DataFrame(rows, schema=dict(WINDOWED.columns), orient="row")
    series = _series({"job": "a", "pod": "x"}, {"job": "a", "pod": "y"}, {"job": "b", "pod": "z"})
    made = aggregate(values, series, by=["job"]).values
    assert made.select("series_id", "ts", "value", "samples").rows() == [
        (0, times[0], 1.0, 1),
        (0, times[1], 2.0, 1),
        (0, times[2], 3.0, 2),
        (1, times[3], 3.0, 1),
    ]
    assert aggregate(values[[2, 0, 4, 3, 1]], series, by=["job"]).values.equals(made)


def test_nothing_gives_nothing() -> None:
    """No values are no rows, not a zero."""
    made = aggregate(_values(), _series({"pod": "a"}), by=["pod"])
    assert made.values.rows() == []
    assert histogram_quantile(0.5, _values(), _series({"le": "1"})).values.rows() == []


@pytest.mark.parametrize(("more", "expected"), [(1e-10, 2.0), (1e-13, 1.0)])
def test_only_what_rounding_can_make_is_no_observation(more: float, expected: float) -> None:
    """A ten-billionth of a count is an observation in the second bucket; a thousandth of it not."""
    counts = enumerate((1.0, 1 + more, 1 + more))
    values = _values(*((nth, 300, count, 1, 0.0) for nth, count in counts))
    series = _series({"le": "1"}, {"le": "2"}, {"le": "+Inf"})
    made = histogram_quantile(1.0, values, series, dialect=Dialect.V3)
    assert made.values["value"].to_list() == [expected]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "say either by=[...] or without=[...]; by=[] is one group of everything"),
        (
            {"by": [], "without": []},
            "say either by=[...] or without=[...]; by=[] is one group of everything",
        ),
        ({"by": [], "function": "topk"}, '"topk" is none of sum, min, max, avg, count'),
    ],
)
def test_wrong_aggregations_are_refused(given: dict[str, Any], said: str) -> None:
    """What cannot be computed is named in one sentence."""
    with pytest.raises(FrameError) as refused:
        aggregate(_values((0, 300, 1.0, 1, 0.0)), _series({"pod": "a"}), **given)
    assert str(refused.value) == said


def test_values_of_an_unknown_series_are_refused() -> None:
    """Each value's series must be among the series."""
    values, series = _values((5, 300, 1.0, 1, 0.0)), _series({"le": "1"})
    calls: list[Callable[[], Vector]] = [
        lambda: aggregate(values, series, by=[]),
        lambda: histogram_quantile(0.5, values, series),
        lambda: histogram_fraction(0, 1, values, series),
    ]
    for call in calls:
        with pytest.raises(FrameError) as refused:
            call()
        assert str(refused.value) == "series lacks some of the series_id in the windowed values"
