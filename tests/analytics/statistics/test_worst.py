"""The worst window of every length."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.statistics import WINDOWS, WORST, worst_windows
from rtobs.model.duration import Duration

pytestmark = pytest.mark.usefixtures("engine")
Make = Callable[..., pl.DataFrame]

_SQL = """
    WITH grid AS (
      SELECT unnest(generate_series(min(ts), max(ts), INTERVAL 5 MINUTE)) AS ts FROM t
    ), filled AS (
      SELECT ts, coalesce(total, 0) AS total, coalesce(bad, 0) AS bad
      FROM grid LEFT JOIN t USING (ts)
    ), summed AS (
      SELECT ts, sum(bad) OVER w AS bad, sum(total) OVER w AS total, count(*) OVER w AS tiles
      FROM filled WINDOW w AS (ORDER BY ts ROWS BETWEEN {before} PRECEDING AND CURRENT ROW)
    )
    SELECT ts, total, bad FROM summed WHERE tiles = {before} + 1 AND total > 0
    ORDER BY bad / total DESC, ts LIMIT 1
"""

_counts = st.lists(
    st.integers(0, 20).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))),
    min_size=1,
    max_size=40,
)


@given(counts=_counts, size=st.integers(1, 12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_window_is_worse(make_tiles: Make, counts: list[tuple[int, int]], size: int) -> None:
    """All windows of a length, one after the other."""
    tiles = make_tiles([bad for bad, _ in counts], [total for _, total in counts])
    found = worst_windows(tiles, [Duration(300 * size)])
    expected = []
    for first in range(len(counts) - size + 1):
        window = counts[first : first + size]
        bad, total = sum(b for b, _ in window), sum(t for _, t in window)
        if total:
            expected.append((bad / total, -first, total, bad))
    rows = [
        (1 - ratio, tiles["ts"][size - 1 - first], float(total), float(bad))
        for ratio, first, total, bad in sorted(expected, key=lambda e: e[:2])[-1:]
    ]
    assert found.select("sli", "ts", "total", "bad").rows() == rows


def test_sums_are_those_of_an_sql_window(clustered: Callable[..., pl.DataFrame]) -> None:
    """DuckDB's window over a grid of time says the same of tiles with holes."""
    whole = clustered(np.random.default_rng(5), 3, incidents_a_day=3)
    kept = np.random.default_rng(6).choice(len(whole), 700, replace=False)
    tiles = whole.gather(np.sort(kept))
    windows = [Duration.parse("1h"), Duration.parse("6h")]
    expected = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE t (ts TIMESTAMP, total DOUBLE, bad DOUBLE)")
        rows = tiles.select(pl.col("ts").dt.replace_time_zone(None), "total", "bad").rows()
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        for window in windows:
            query = _SQL.format(before=window.seconds // 300 - 1)
            expected.append(connection.execute(query).fetchall()[0])
    found = worst_windows(tiles, windows)
    assert found.select(pl.col("ts").dt.replace_time_zone(None), "total", "bad").rows() == expected


def test_a_multiple_of_a_length_is_never_worse(clustered: Callable[..., pl.DataFrame]) -> None:
    """It is the mean of windows of that length."""
    windows = [Duration(300 * 2**power) for power in range(10)]
    found = worst_windows(clustered(np.random.default_rng(4), 7), windows)["sli"].to_list()
    assert all(short <= long + 1e-12 for short, long in pairwise(found))


def test_it_tells_many_short_outages_from_one_long(make_tiles: Make) -> None:
    """Both spend one hour of two days; only the hour shows it."""
    size = 576
    short = [1.0 if i % 48 == 0 else 0.0 for i in range(size)]
    long = [1.0 if 100 <= i < 112 else 0.0 for i in range(size)]
    both = [make_tiles(bad, [1.0] * size, group=name) for bad, name in ((short, "a"), (long, "b"))]
    found = worst_windows(pl.concat(both), [Duration.parse(w) for w in ("2d", "1h", "5m")])
    assert found.select("group", "window_s", "sli").rows() == [
        ("a", 300, 0.0),
        ("a", 3600, 1 - 1 / 12),
        ("a", 172800, 1 - 12 / 576),
        ("b", 300, 0.0),
        ("b", 3600, 0.0),
        ("b", 172800, 1 - 12 / 576),
    ]


def test_windows_longer_than_the_data_have_no_row(make_tiles: Make) -> None:
    """An hour of data has no day."""
    found = worst_windows(make_tiles([0] * 12, [1] * 12))
    assert found["window_s"].to_list() == [300, 600, 900, 1800, 3600]
    assert found.schema == pl.Schema(dict(WORST.columns))


def test_without_events_there_is_no_worst(make_tiles: Make) -> None:
    """Nothing happened, nothing was bad."""
    assert worst_windows(make_tiles([0, 0], [0, 0])).rows() == []


def test_a_window_between_tiles_is_refused(make_tiles: Make) -> None:
    """Tiles are five minutes long."""
    with pytest.raises(ValueError, match="7m is no multiple of 5m"):
        worst_windows(make_tiles([0, 0], [1, 1]), [Duration.parse("7m")])


def test_the_lengths_of_the_curve_are_tiles() -> None:
    """From five minutes to a quarter of a year."""
    assert " ".join(str(w) for w in WINDOWS) == (
        "5m 10m 15m 30m 1h 2h 3h 6h 12h 1d 2d 3d 7d 14d 28d 30d 90d"
    )
