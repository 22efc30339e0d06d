"""Real servers, of the oldest and the newest version, give the same numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import pytest

from rtobs.analytics import promql
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.promql import Vector
from rtobs.model.duration import Duration
from tests.analytics.promql.comparison import Compared, Server, compare
from tests.analytics.promql.history import BEGIN, Past
from tests.servers.parts import Release

_DIALECTS: Final = {Release.OLDEST: Dialect.V2, Release.NEWEST: Dialect.V3}
_DAYS: Final = timedelta(days=1)


def test_the_dialect_is_told_by_the_server(server: Server) -> None:
    """The version that a server says it has names its dialect."""
    assert server.dialect == _DIALECTS[server.release]


def _of(past: Past, metric: str) -> pl.DataFrame:
    return past.series.filter(pl.col("metric") == metric)


def _query(dialect: Dialect, start: datetime, days: float, step: str) -> dict[str, Any]:
    end = start + days * _DAYS
    return {"dialect": dialect, "start": start, "end": end, "step": Duration.parse(step)}


def _windows(*texts: str) -> list[Duration]:
    return [Duration.parse(text) for text in texts]


# metric, windows, days from the beginning, days, step
_COUNTERS: Final = {
    "minutes": ("fast_total", ("5m", "30m", "1h"), 0, 2.1, "1m"),
    "uneven": ("fast_total", ("5m", "37s", "91s"), 0, 0.4, "7s"),
    "hours": ("fast_total", ("6h", "1d"), 0, 2.1, "1m"),
    "days": ("slow_total", ("1d", "3d", "30d"), 0, 40, "15m"),
}


@pytest.mark.parametrize("name", _COUNTERS)
@pytest.mark.parametrize("function", ["increase", "rate", "delta", "irate", "idelta"])
def test_whole_counters_are_the_same_bits(
    server: Server, past: Past, name: str, function: str
) -> None:
    """Each point of whole counters is there in both and has the same bits."""
    metric, windows, after, days, step = _COUNTERS[name]
    query = _query(server.dialect, BEGIN + after * _DAYS, days, step)
    values = getattr(promql, function)(past.samples(metric), _windows(*windows), **query)
    compared = compare(
        server, f"{function}({metric}[WINDOW])", query, Vector(values, _of(past, metric))
    )
    assert compared.points > 10_000
    assert compared == Compared(compared.points, 0, 0, 0.0)


def test_the_wrong_dialect_is_noticed(server: Server, past: Past) -> None:
    """Points differ when they are computed in the dialect of other versions, only then."""
    noticed = {}
    for dialect in Dialect:
        query = _query(dialect, BEGIN, 2.1, "30s")
        values = promql.increase(past.samples("fast_total"), _windows("5m"), **query)
        compared = compare(
            server, "increase(fast_total[WINDOW])", query, Vector(values, _of(past, "fast_total"))
        )
        noticed[dialect] = compared.differing + compared.only_one > 0
    assert noticed == {dialect: dialect is not server.dialect for dialect in Dialect}


@pytest.mark.parametrize("function", ["increase", "rate", "irate", "delta", "idelta"])
def test_fractional_counters_differ_by_rounding_at_most(
    server: Server, past: Past, function: str
) -> None:
    """Relative differences stay within 1e-12, presence is the same."""
    query = _query(server.dialect, BEGIN, 2.1, "1m")
    values = getattr(promql, function)(
        past.samples("float_total"), _windows("5m", "1h", "1d"), **query
    )
    compared = compare(
        server, f"{function}(float_total[WINDOW])", query, Vector(values, _of(past, "float_total"))
    )
    assert compared.points > 10_000
    assert compared.only_one == 0
    assert compared.relative <= 1e-12


_OVER_TIME: Final = [
    *("sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time"),
    *("last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time"),
    *("changes", "resets"),
]


@pytest.mark.parametrize("function", _OVER_TIME)
def test_functions_over_time_are_the_same(server: Server, past: Past, function: str) -> None:
    """Relative differences stay within 1e-9, with NaN and Inf among the samples."""
    query = _query(server.dialect, BEGIN, 1.1, "1m")
    values = getattr(promql, function)(past.samples("level"), _windows("5m", "37s", "6h"), **query)
    compared = compare(
        server, f"{function}(level[WINDOW])", query, Vector(values, _of(past, "level"))
    )
    # Prometheus rounds the distance of each sample from the mean, ten million times as small here.
    variance = function.startswith("std")
    summed = variance or function in {"sum_over_time", "avg_over_time"}
    assert compared.points > 10_000
    assert compared.only_one == 0
    assert compared.relative <= (1e-8 if variance else 1e-9)
    assert summed or compared.differing == 0


@pytest.mark.parametrize("q", [0.0, 0.33, 0.5, 0.99, 1.0, -1.0, 2.0])
def test_quantiles_over_time_are_the_same(server: Server, past: Past, q: float) -> None:
    """Quantiles of windows, those outside of 0 to 1 and of NaN included."""
    query = _query(server.dialect, BEGIN, 1.1, "5m")
    values = promql.quantile_over_time(q, past.samples("level"), _windows("5m", "1h"), **query)
    compared = compare(
        server, f"quantile_over_time({q}, level[WINDOW])", query, Vector(values, _of(past, "level"))
    )
    assert compared.points > 1_000
    assert compared.only_one == 0
    assert compared.relative <= 1e-9


@pytest.mark.parametrize("metric", ["level", "fast_total"])
def test_a_bare_selector_is_the_same(server: Server, past: Past, metric: str) -> None:
    """The newest sample within five minutes, then nothing."""
    query = _query(server.dialect, BEGIN, 2.1, "17s")
    values = promql.instant(past.samples(metric), **query)
    compared = compare(server, metric, query, Vector(values, _of(past, metric)))
    assert compared.points > 10_000
    assert compared == Compared(compared.points, 0, 0, 0.0)


_AGGREGATIONS: Final = ["sum", "avg", "min", "max", "count"]


@pytest.mark.parametrize("function", _AGGREGATIONS)
@pytest.mark.parametrize("grouping", ["by ()", "by (le)", "without (le)", "by (absent, nth)"])
def test_aggregations_are_the_same_bits(
    server: Server, past: Past, function: Any, grouping: str
) -> None:
    """Groups by labels that are there, are not there, and all but some."""
    query = _query(server.dialect, BEGIN, 1.1, "1m")
    rates = promql.rate(past.samples("wait_bucket"), _windows("5m", "1h"), **query)
    how, _, labels = grouping.removesuffix(")").partition(" (")
    made = promql.aggregate(
        rates,
        _of(past, "wait_bucket"),
        function=function,
        dialect=server.dialect,
        **{how: [label for label in labels.split(", ") if label]},
    )
    text = f"{function} {grouping} (rate(wait_bucket[WINDOW]))"
    compared = compare(server, text, query, made)
    assert compared.points > 2_000
    assert compared == Compared(compared.points, 0, 0, 0.0)


@pytest.mark.parametrize("function", _AGGREGATIONS)
@pytest.mark.parametrize("metric", ["level", "odd"])
def test_odd_values_are_aggregated_to_the_same_bits(
    server: Server, past: Past, function: Any, metric: str
) -> None:
    """NaN, both infinities, values that cancel, and those whose sum is too large for a float."""
    query = _query(server.dialect, BEGIN, 1.1, "1m")
    values = promql.instant(past.samples(metric), **query)
    made = promql.aggregate(
        values, _of(past, metric), by=[], function=function, dialect=server.dialect
    )
    compared = compare(server, f"{function}({metric})", query, made)
    assert compared.points > 1_000
    assert compared == Compared(compared.points, 0, 0, 0.0)


def test_a_sum_in_the_wrong_dialect_is_noticed(newest: Server, past: Past) -> None:
    """A plain sum differs from what 3.0 gives; so the comparisons above see the last bit."""
    query = _query(newest.dialect, BEGIN, 1.1, "1m")
    rates = promql.rate(past.samples("wait_bucket"), _windows("5m"), **query)
    for function in ("sum", "avg"):
        made = promql.aggregate(
            rates, _of(past, "wait_bucket"), by=[], function=function, dialect=Dialect.V2
        )
        compared = compare(newest, f"{function}(rate(wait_bucket[WINDOW]))", query, made)
        assert compared.differing > 100


@pytest.mark.parametrize("q", [0.0, 0.1, 0.5, 0.9, 0.99, 1.0, -1.0, 7.0])
def test_histogram_quantiles_are_the_same(server: Server, past: Past, q: float) -> None:
    """Quantiles of each histogram, among them one with falling counts and a negative bound."""
    query = _query(server.dialect, BEGIN, 1.1, "1m")
    rates = promql.rate(past.samples("wait_bucket"), _windows("5m", "1h"), **query)
    made = promql.histogram_quantile(q, rates, _of(past, "wait_bucket"), dialect=server.dialect)
    compared = compare(server, f"histogram_quantile({q}, rate(wait_bucket[WINDOW]))", query, made)
    assert compared.points > 4_000
    assert compared.only_one == 0
    assert compared.relative <= 1e-9


def test_a_histogram_quantile_of_a_sum_is_the_same(server: Server, past: Past) -> None:
    """Pods are summed by le before the quantile is taken."""
    query = _query(server.dialect, BEGIN, 1.1, "1m")
    rates = promql.rate(past.samples("wait_bucket"), _windows("5m"), **query)
    total = promql.aggregate(rates, _of(past, "wait_bucket"), by=["le"], dialect=server.dialect)
    made = promql.histogram_quantile(0.9, *total, dialect=server.dialect)
    text = "histogram_quantile(0.9, sum by (le) (rate(wait_bucket[WINDOW])))"
    compared = compare(server, text, query, made)
    assert compared.points > 1_000
    assert compared.only_one == 0
    assert compared.relative <= 1e-9


@pytest.mark.parametrize(
    ("lower", "upper"),
    [(0.1, 0.5), (0.3, 0.7), (float("-inf"), 1.0), (0.2, float("inf")), (1.0, 0.5), (0.0, 0.05)],
)
def test_histogram_fractions_are_the_same(
    newest: Server, past: Past, lower: float, upper: float
) -> None:
    """Shares of observations between two values; servers before 3.4 cannot tell them."""
    server = newest
    query = _query(server.dialect, BEGIN, 1.1, "1m")
    rates = promql.rate(past.samples("wait_bucket"), _windows("5m"), **query)
    made = promql.histogram_fraction(lower, upper, rates, _of(past, "wait_bucket"))
    text = f"histogram_fraction({lower}, {upper}, rate(wait_bucket[WINDOW]))"
    compared = compare(server, text, query, made)
    assert compared.points > 2_000
    assert compared.only_one == 0
    assert compared.relative <= 1e-9
