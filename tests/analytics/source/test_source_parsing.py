"""JSON of a matrix becomes samples, to the last bit."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.source.parsing import parse_matrix
from rtobs.analytics.source.questions import Question
from rtobs.prometheus import Matrix

SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True, params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs every test on both engines."""
    pl.Config.set_engine_affinity(request.param)
    yield request.param
    pl.Config.set_engine_affinity("auto")


def _go_text(value: float) -> str:
    """A double as Go's shortest text, as far as it differs from Python's."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    return text.removesuffix(".0")


def _matrix(series: list[tuple[dict[str, str], list[tuple[int, float]]]], **dumps: Any) -> Matrix:
    result = [
        {"metric": labels, "values": [[ms / 1000, _go_text(value)] for ms, value in points]}
        for labels, points in series
    ]
    dumps = dumps or {"separators": (",", ":")}
    body = json.dumps({"resultType": "matrix", "result": result}, **dumps)
    return msgspec.json.decode(body.encode(), type=Matrix)


def _bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack(">d", value)


points = st.dictionaries(st.integers(0, 4_000_000_000_000), st.floats(), max_size=20)


@SETTINGS
@given(st.lists(points, max_size=5))
def test_every_double_and_millisecond_is_read(found: list[dict[int, float]]) -> None:
    """Times are exact in milliseconds and values bit by bit, of empty and of many series."""
    series = [({"__name__": "m", "i": str(n)}, sorted(one.items())) for n, one in enumerate(found)]
    parsed = parse_matrix(_matrix(series), Question("m"))
    expected = [(labels["i"], ms, _bits(value)) for labels, one in series for ms, value in one]
    actual = [
        (parsed.labels[number]["i"], ms, _bits(value))
        for number, ms, value in parsed.samples.with_columns(pl.col("ts").cast(pl.Int64)).rows()
    ]
    assert actual == expected
    assert parsed.samples.schema == pl.Schema(dict(SAMPLES.columns))


@pytest.mark.parametrize("dumps", [{"indent": 1}, {}, {"separators": (", ", ": ")}])
def test_json_with_spaces_is_read_too(dumps: dict[str, Any]) -> None:
    """A proxy may rewrite JSON; that is slower and as exact."""
    series = [({"__name__": "m", "i": i}, [(1500, 1.5), (2001, math.inf)]) for i in "ab"]
    compact = parse_matrix(_matrix(series), Question("m"))
    spaced = parse_matrix(_matrix(series, **(dumps or {"sort_keys": True})), Question("m"))
    assert spaced.samples.equals(compact.samples)
    assert compact.samples["value"].to_list() == [1.5, math.inf] * 2


def test_series_are_in_the_order_of_their_labels() -> None:
    """Whatever order a server has, ids follow metric and labels, those of the question included."""
    series = [({"b": "2"}, [(2, 2.0)]), ({"__name__": "z"}, [(3, 3.0)]), ({"b": "1"}, [(1, 1.0)])]
    parsed = parse_matrix(_matrix(series), Question("m", "rule", {"a": "x"}))
    assert parsed.labels == (
        {"__name__": "rule", "a": "x"},
        {"__name__": "rule", "a": "x", "b": "1"},
        {"__name__": "rule", "a": "x", "b": "2"},
    )
    assert parsed.samples["value"].to_list() == [3.0, 1.0, 2.0]


def test_batches_are_one_frame() -> None:
    """Texts beyond the size of a batch are read in several, and no row is lost between them."""
    rows = [(1_700_000_000_000 + n * 1000, float(n)) for n in range(60_000)]
    series = [({"__name__": "m", "i": str(n)}, rows) for n in range(7)]
    parsed = parse_matrix(_matrix(series), Question("m"))
    assert parsed.samples.height == 7 * 60_000
    counts = parsed.samples.group_by("series_id").len().sort("series_id")
    assert counts.rows() == [(n, 60_000) for n in range(7)]
    assert parsed.samples["value"].to_list() == [float(n) for n in range(60_000)] * 7
    assert parsed.samples["ts"].diff().drop_nulls().max() == timedelta(seconds=1)
