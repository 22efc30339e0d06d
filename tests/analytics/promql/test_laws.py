"""What holds for any samples, on both engines of polars."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rtobs.analytics import promql
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES, SERIES, WINDOWED
from rtobs.analytics.promql import Query, map_partitions
from rtobs.model.duration import Duration
from tests.analytics.promql import literal

pytestmark = pytest.mark.usefixtures("both_engines")

# The fixture sets the engine once for all examples, which is what is meant.
_SETTINGS: Final = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS: Final = [Duration(seconds) for seconds in (7, 20, 60)]
_OVER_TIME: Final[list[Callable[..., pl.DataFrame]]] = [
    getattr(promql, name)
    for name in promql.__all__
    if name.endswith("_over_time") and name != "quantile_over_time"
]
_ALL: Final[list[Callable[..., pl.DataFrame]]] = [
    *_OVER_TIME,
    *(promql.increase, promql.rate, promql.delta, promql.irate, promql.idelta),
    *(promql.resets, promql.changes, partial(promql.quantile_over_time, 0.3)),
]

Sample = literal.Sample
Series = list[Sample]

_values = st.one_of(st.integers(0, 1000).map(float), st.floats(0, 1e9))
_odd_values = st.one_of(_values, st.sampled_from([math.nan, math.inf, -math.inf, -1.0]))


def _series(values: st.SearchStrategy[float]) -> st.SearchStrategy[Series]:
    sample = st.tuples(st.integers(-20_000, 120_000), values)
    near = st.tuples(st.integers(-20, 120).map(lambda s: s * 1000), values)
    listed = st.lists(st.one_of(sample, near), max_size=25, unique_by=lambda one: one[0])
    return listed.map(sorted)


def _samples(*series: Sequence[Sample]) -> pl.DataFrame:
    rows = [(number, *sample) for number, one in enumerate(series) for sample in one]
    columns = {"series_id": pl.UInt32, "ts": pl.Int64, "value": pl.Float64}
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(pl.col("ts").cast(SAMPLES.columns["ts"]))


def _query(
    dialect: Dialect, step: int = 10, start: int = 0, engine: promql.Engine = "auto"
) -> Query:
    return {
        "start": _EPOCH + timedelta(seconds=start),
        "end": _EPOCH + timedelta(seconds=110),
        "step": Duration(step),
        "dialect": dialect,
        "engine": engine,
    }


def _bits(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Rows with the bits of their values, so that NaN equals NaN and 0 does not equal -0."""
    values = frame["value"].to_numpy().copy()
    values[np.isnan(values)] = np.nan
    return frame.with_columns(value=pl.Series(values.view(np.int64))).rows()


@_SETTINGS
@given(_series(_values), st.sampled_from(list(Dialect)), st.integers(1, 13))
@example([(-50, 1.0), (450, 9.0)], Dialect.V2, 1)  # exactly 1.1 intervals to the right edge
@example([(-5_450, 90.0), (-4_950, 99.0)], Dialect.V2, 1)  # and to the left edge
@example([(-5_450, 90.0), (-4_950, 99.0)], Dialect.V3, 1)
def test_increase_is_what_the_source_says(one: Series, dialect: Dialect, step: int) -> None:
    """Each point of each window has the bits of a literal reading, in each dialect."""
    made = promql.increase(_samples(one), _WINDOWS, **_query(dialect, step))
    expected = [
        (window.seconds, at, value)
        for window in _WINDOWS
        for at in range(0, 111, step)
        if (value := literal.increase(one, at * 1000, window.seconds * 1000, dialect)) is not None
    ]
    rows = made.select("window_s", pl.col("ts").dt.epoch("s"), "value").rows()
    assert rows == expected


@_SETTINGS
@given(
    _series(_odd_values), _series(_odd_values), st.sampled_from(list(Dialect)), st.integers(1, 13)
)
@example([(-50, 1.0), (450, 9.0)], [], Dialect.V2, 1)  # exactly 1.1 intervals to the edges
@example([], [(-5_450, 90.0), (-4_950, 99.0)], Dialect.V2, 1)
@example([(-5_450, 90.0), (-4_950, 99.0)], [], Dialect.V3, 1)
def test_numba_gives_the_same_bits(one: Series, other: Series, dialect: Dialect, step: int) -> None:
    """Engines differ in speed only."""
    pytest.importorskip("numba")
    samples = _samples(one, other)
    for function in (promql.increase, promql.rate, promql.delta):
        plain = function(samples, _WINDOWS, **_query(dialect, step, engine="numpy"))
        compiled = function(samples, _WINDOWS, **_query(dialect, step, engine="numba"))
        assert _bits(plain) == _bits(compiled)


@_SETTINGS
@given(
    st.lists(_series(_odd_values), min_size=1, max_size=5), st.integers(1, 3), st.sampled_from(_ALL)
)
def test_parts_do_not_change_results(
    series: list[Series], each: int, function: Callable[..., pl.DataFrame]
) -> None:
    """A series alone gives what it gives among others, whatever the size of the parts."""
    samples = _samples(*series)
    asked = partial(function, windows=_WINDOWS, **_query(Dialect.V3))
    together = asked(samples)
    assert _bits(map_partitions(asked, samples, each)) == _bits(together)
    shuffled = samples.sample(fraction=1, shuffle=True, seed=1)
    assert _bits(asked(shuffled)) == _bits(together)


@_SETTINGS
@given(_series(_odd_values), st.sampled_from(list(Dialect)), st.sampled_from(_ALL))
def test_functions_look_at_their_window_only(
    one: Series, dialect: Dialect, function: Callable[..., pl.DataFrame]
) -> None:
    """Samples outside of a window change nothing within it."""
    window, end = Duration(20), 100
    near = [sample for sample in one if (end - 20) * 1000 <= sample[0] <= end * 1000]
    query = _query(dialect, start=end)
    at_end = pl.col("ts") == query["start"]
    everything = function(_samples(one), windows=[window], **query).filter(at_end)
    alone = function(_samples(near), windows=[window], **query).filter(at_end)
    assert _bits(everything) == _bits(alone)


@_SETTINGS
@given(_series(st.floats(-1e6, 1e6)))
def test_sums_are_right_to_the_last_digits(one: Series) -> None:
    """Sum, mean and variance agree with exact fractions."""
    query, windows = _query(Dialect.V2), [Duration(60)]
    samples = _samples(one)
    rows = zip(
        promql.sum_over_time(samples, windows, **query).iter_rows(named=True),
        promql.avg_over_time(samples, windows, **query)["value"],
        promql.stdvar_over_time(samples, windows, **query)["value"],
        strict=True,
    )
    for row, mean, variance in rows:
        end = round((row["ts"] - _EPOCH).total_seconds() * 1000)
        inside = [Fraction(value) for ts, value in one if end - 60_000 <= ts <= end]
        total = sum(inside, Fraction())
        exact = total / len(inside)
        spread = sum(((value - exact) ** 2 for value in inside), Fraction()) / len(inside)
        assert row["value"] == pytest.approx(float(total), rel=1e-15, abs=1e-300)
        assert mean == pytest.approx(float(exact), rel=1e-15, abs=1e-300)
        assert variance == pytest.approx(float(spread), rel=1e-11, abs=1e-18)


@_SETTINGS
@given(_series(_values), st.sampled_from(list(Dialect)))
def test_a_counter_without_resets_grows_as_much_as_its_samples_say(
    one: Series, dialect: Dialect
) -> None:
    """The increase is at least what the samples differ by, and at most that over the coverage."""
    total = 0.0
    counter = [(ts, total := total + value) for ts, value in one]
    samples = _samples(counter)
    made = promql.increase(samples, _WINDOWS, **_query(dialect))
    highest = promql.max_over_time(samples, _WINDOWS, **_query(dialect))
    lowest = promql.min_over_time(samples, _WINDOWS, **_query(dialect))
    keys = ["series_id", "window_s", "ts"]
    both = made.join(highest, on=keys).join(lowest, on=keys, suffix="_low")
    for value, high, low, coverage in both.select(
        "value", "value_right", "value_low", "coverage"
    ).rows():
        assert value >= (high - low) * (1 - 1e-12)
        assert value <= (high - low) / coverage * (1 + 1e-6)


@_SETTINGS
@given(_series(_odd_values), st.sampled_from(list(Dialect)), st.sampled_from(_ALL))
def test_every_function_keeps_the_schema(
    one: Series, dialect: Dialect, function: Callable[..., pl.DataFrame]
) -> None:
    """Columns, order and keys are those of WINDOWED; no value is null and no row is a guess."""
    made = function(_samples(one), windows=list(reversed(_WINDOWS)), **_query(dialect))
    assert dict(made.schema) == dict(WINDOWED.columns)
    keys = made.select(WINDOWED.key).rows()
    assert keys == sorted(set(keys))
    assert made.null_count().row(0) == (0,) * made.width
    assert all(count > 0 for count in made["samples"])


@_SETTINGS
@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=6),
    st.floats(0, 1),
)
def test_a_quantile_lies_where_its_fraction_says(counts: list[int], q: float) -> None:
    """The fraction of observations below the quantile is the share that was asked for."""
    bounds = [*(str(float(bound)) for bound in range(1, len(counts))), "+Inf"]
    labels = [[{"name": "le", "value": bound}] for bound in bounds]
    total = np.cumsum(counts)
    samples = _samples(*([(0, float(count))] for count in total))
    series = pl.DataFrame(
        {
            "series_id": range(len(bounds)),
            "fingerprint": [""] * len(bounds),
            "metric": ["wait_bucket"] * len(bounds),
            "labels": labels,
        },
        schema=dict(SERIES.columns),
    )
    values = promql.instant(samples, **_query(Dialect.V3))
    quantile = promql.histogram_quantile(q, values, series).values["value"]
    for bound in quantile:
        if counts[0] == 0 or total[-1] == 0 or not 1 < bound < len(counts) - 1:
            continue
        share = promql.histogram_fraction(-math.inf, bound, values, series).values["value"]
        assert share[0] == pytest.approx(q, abs=1e-9)


def test_a_small_spread_around_a_large_mean_is_right() -> None:
    """A billionth of the mean is told apart, where the mean alone would be rounded away."""
    values = (1e8 + np.random.default_rng(0).normal(0, 1e-4, 61)).tolist()
    samples = _samples([(nth * 1_000, value) for nth, value in enumerate(values)])
    query = _query(Dialect.V3, start=60)
    made = promql.stdvar_over_time(samples, [Duration(61)], **query)["value"][0]
    mean = sum(map(Fraction, values)) / 61
    assert made == pytest.approx(
        float(sum((Fraction(v) - mean) ** 2 for v in values) / 61), rel=1e-14, abs=0
    )
