"""Tiles made by hand and by chance, and both engines of polars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from rtobs.analytics.frames import TILES

MakeTiles = Callable[..., pl.DataFrame]

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test that asks for it runs on both engines."""
    with pl.Config():
        pl.Config.set_engine_affinity(request.param)
        yield request.param


@pytest.fixture(scope="session")
def make_tiles() -> MakeTiles:
    """Tiles from arrays; the first ends five minutes after `start`."""
    return _tiles


@pytest.fixture(scope="session")
def clustered() -> Callable[..., pl.DataFrame]:
    """Tiles with a daily season of traffic and incidents that come by chance."""
    return _clustered


def _tiles(
    bad: npt.ArrayLike,
    total: npt.ArrayLike,
    *,
    start: datetime = MONDAY,
    slo_id: str = "api-up",
    group: str = "",
) -> pl.DataFrame:
    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "ms")
    events = np.asarray(total, dtype=float)
    ends = first + 300_000 * np.arange(1, len(events) + 1)
    frame = pl.DataFrame(
        {
            "ts": ends,
            "total": events,
            "bad": np.asarray(bad, dtype=float),
        }
    )
    return frame.select(
        pl.lit(slo_id).alias("slo_id"),
        pl.lit(group).alias("group"),
        pl.col("ts").dt.replace_time_zone("UTC"),
        "total",
        "bad",
    ).cast(pl.Schema(dict(TILES.columns)))


def _clustered(
    rng: np.random.Generator, days: int, *, incidents_a_day: float = 0.5
) -> pl.DataFrame:
    """The long-run error ratio is 0.001 + 0.199 * incidents_a_day * 6 / 288."""
    size = days * 288
    hour = np.arange(size) / 12 % 24
    total = rng.poisson(1000 * (1 + 0.8 * np.sin(2 * np.pi * hour / 24)))
    # An incident starts at any tile, lasts six and makes a fifth of the events bad.
    starts = rng.random(size + 6) < incidents_a_day / 288
    broken = np.convolve(starts, np.ones(6))[5 : 5 + size] > 0
    bad = rng.binomial(total, np.where(broken, 0.2, 0.001))
    return _tiles(bad, total)
