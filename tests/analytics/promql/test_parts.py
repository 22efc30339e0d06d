"""Work is done in parts of whole series."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES, WINDOWED, empty
from rtobs.analytics.promql import (
    Query,
    increase,
    instant,
    map_partitions,
    partitions,
    sum_over_time,
)
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

_BEGIN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_WINDOWS: Final = [Duration(300)]


def _samples(series: int, rows: int) -> pl.DataFrame:
    times = [_BEGIN + timedelta(seconds=15 * nth) for nth in range(rows)]
    frames = [
        pl.DataFrame(
            {
                "series_id": [7 * nth] * rows,
                "ts": times,
                "value": [float(nth * n) for n in range(rows)],
            },
            schema=dict(SAMPLES.columns),
        )
        for nth in range(series)
    ]
    return pl.concat(frames)


def _query(**changed: object) -> Query:
    terms = {
        "start": _BEGIN,
        "end": _BEGIN + timedelta(minutes=10),
        "step": Duration(60),
        "dialect": Dialect.V3,
    }
    return {**terms, **changed}  # type: ignore[typeddict-item]


@pytest.mark.usefixtures("both_engines")
def test_a_part_holds_whole_series() -> None:
    """Parts put together are the samples, and no series is in two of them."""
    samples = _samples(5, 8)
    parts = list(partitions(samples, 2))
    assert [part["series_id"].unique(maintain_order=True).to_list() for part in parts] == [
        [0, 7],
        [14, 21],
        [28],
    ]
    assert pl.concat(parts).rows() == samples.rows()


@pytest.mark.usefixtures("both_engines")
def test_what_is_stored_is_read_part_by_part(tmp_path: Path) -> None:
    """A lazy frame gives the same parts, and the same results, as one in memory."""
    samples = _samples(5, 40)
    samples.write_parquet(tmp_path / "samples.parquet")
    lazy = pl.scan_parquet(tmp_path / "samples.parquet")
    assert [part.rows() for part in partitions(lazy, 2)] == [
        part.rows() for part in partitions(samples, 2)
    ]
    assert (
        increase(lazy, _WINDOWS, **_query()).rows()
        == increase(samples, _WINDOWS, **_query()).rows()
    )


@pytest.mark.usefixtures("both_engines")
def test_samples_in_any_order_are_put_in_order() -> None:
    """Each part is sorted by series and time."""
    samples = _samples(5, 8)
    shuffled = samples.sample(fraction=1, shuffle=True, seed=3)
    assert pl.concat(list(partitions(shuffled, 2))).rows() == samples.rows()


def test_parts_can_be_computed_by_other_processes() -> None:
    """A pool of processes gives what one process gives."""
    samples = _samples(5, 40)
    function = partial(increase, windows=_WINDOWS, **_query())
    # Spawned: polars has threads, which a fork does not take along.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        made = map_partitions(function, samples, 2, mapper=pool.map)
    assert made.rows() == function(samples).rows()


def test_a_day_of_a_series_is_the_day_of_the_whole() -> None:
    """A range of time gives the rows of that range, once it is padded by the window."""
    samples = _samples(2, 40)
    whole = sum_over_time(samples, _WINDOWS, **_query())
    half = _BEGIN + timedelta(minutes=7)
    padded = samples.filter(pl.col("ts") > half - timedelta(minutes=5))
    late = sum_over_time(padded, _WINDOWS, **_query(start=half))
    assert late.rows() == whole.filter(pl.col("ts") >= half).rows()


def test_no_series_give_no_rows() -> None:
    """Functions of nothing are empty frames of their schema."""
    nothing = empty(SAMPLES)
    function = partial(increase, windows=_WINDOWS, **_query())
    assert function(nothing).equals(empty(WINDOWED))
    assert function(nothing.lazy()).equals(empty(WINDOWED))
    assert map_partitions(function, nothing).equals(empty(WINDOWED))
    assert instant(nothing, **_query()).equals(empty(WINDOWED))


def test_parts_of_nothing_are_refused() -> None:
    """A part holds at least one series."""
    with pytest.raises(FrameError) as refused:
        list(partitions(_samples(1, 2), 0))
    assert str(refused.value) == "a part holds at least one series"


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (
            _samples(1, 3).drop("value"),
            "this is no frame of samples: value is absent",
        ),
        (
            _samples(1, 3).with_columns(value=None).cast({"value": pl.Float64}),
            "SAMPLES hold no nulls: a point that is missing has no row",
        ),
        (
            pl.concat([_samples(1, 3)] * 2),
            "a series has two samples of one time: drop one of them first",
        ),
    ],
    ids=["column", "null", "twice"],
)
def test_wrong_samples_are_refused(samples: pl.DataFrame, said: str) -> None:
    """What is no frame of SAMPLES is named in one sentence."""
    with pytest.raises(FrameError) as refused:
        increase(samples, _WINDOWS, **_query())
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("changed", "windows", "said"),
    [
        (
            {"start": _BEGIN.replace(tzinfo=None)},
            _WINDOWS,
            "start and end need a time zone, such as datetime(..., tzinfo=UTC)",
        ),
        (
            {"end": _BEGIN - timedelta(seconds=1)},
            _WINDOWS,
            "end (2024-12-31 23:59:59+00:00) is before start (2025-01-01 00:00:00+00:00)",
        ),
        (
            {"step": Duration(0)},
            _WINDOWS,
            "a step is at least a second: there would be no end of evaluations",
        ),
        ({}, [], "windows must be one or more durations, each once"),
        ({}, _WINDOWS * 2, "windows must be one or more durations, each once"),
        ({"engine": "gpu"}, _WINDOWS, '"gpu" is none of the engines auto, numpy, numba'),
    ],
)
def test_wrong_terms_are_refused(
    changed: dict[str, object], windows: list[Duration], said: str
) -> None:
    """A term of the query that cannot be is named in one sentence."""
    with pytest.raises(FrameError) as refused:
        increase(_samples(1, 3), windows, **_query(**changed))
    assert str(refused.value) == said


def test_times_keep_their_millisecond() -> None:
    """A start that a float of seconds cannot hold is evaluated at its very millisecond."""
    start = datetime(2025, 3, 1, 0, 0, 2, 11_000, tzinfo=UTC)
    sample = pl.DataFrame(
        {"series_id": [1], "ts": [start], "value": [5.0]}, schema=dict(SAMPLES.columns)
    )
    made = instant(sample, **_query(start=start, end=start))
    assert made.select("ts", "value").rows() == [(start, 5.0)]
