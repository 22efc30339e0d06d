"""Both engines of polars, and a small export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.store import About, series_frame

START = datetime(2026, 11, 1, 23, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture(autouse=True, params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs every test on both engines."""
    pl.Config.set_engine_affinity(request.param)
    yield request.param
    pl.Config.set_engine_affinity("auto")


@pytest.fixture
def about() -> About:
    """A grid of half an hour over three hours around midnight."""
    return About(
        source="http://prometheus:9090",
        server_version="Prometheus 3.5.0",
        dialect=Dialect.V3,
        start=START,
        end=START + 6 * HALF_HOUR,
        mode="grid",
        step=HALF_HOUR,
        queries=("up", "job:up:sum"),
        types={"up": "gauge"},
    )


@pytest.fixture
def series() -> pl.DataFrame:
    """Three series of two metrics, SERIES."""
    return series_frame(
        [
            {"__name__": "job:up:sum", "job": "api"},
            {"__name__": "up", "job": "api", "path": 'a"b\\c\nd'},
            {"__name__": "up"},
        ]
    )


@pytest.fixture
def samples() -> pl.DataFrame:
    """Six samples of each series, SAMPLES."""
    rows = [
        {"series_id": one, "ts": START + n * HALF_HOUR, "value": one + n / 10}
        for one in range(3)
        for n in range(6)
    ]
    return pl.DataFrame(rows, schema=dict(SAMPLES.columns))
