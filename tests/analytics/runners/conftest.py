"""An export of counters, in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.store import About, series_frame, write_export

START = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)
END = START + timedelta(hours=60)


@pytest.fixture(params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both engines; the variable is what workers inherit."""
    with pl.Config():
        pl.Config.set_engine_affinity(request.param)
        yield request.param


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven counters with resets and gaps over two and a half days, and one gauge."""
    folder = tmp_path_factory.mktemp("runners") / "export"
    write_export(folder, *counters(), about())
    return folder


def about() -> About:
    """What the export says of itself."""
    return About(
        source="by hand",
        server_version="Prometheus 3.5.0",
        dialect=Dialect.V3,
        start=START,
        end=END,
        mode="raw",
        step=None,
        queries=("requests_total", "up"),
    )


def counters() -> tuple[pl.DataFrame, pl.DataFrame]:
    """SERIES and SAMPLES, the same at each call."""
    rng = np.random.default_rng(1)
    names = [{"__name__": "requests_total", "pod": str(n)} for n in range(7)] + [{"__name__": "up"}]
    series = series_frame(names)
    frames = []
    for one in series["series_id"]:
        seconds = np.arange(0, 60 * 3600, 60)
        kept = seconds[rng.random(len(seconds)) > 0.1]
        steps = rng.poisson(20, len(kept)).cumsum().astype(float)
        after = steps - np.where(
            np.arange(len(kept)) >= rng.integers(len(kept)), steps.max() / 3, 0
        )
        frames.append(
            pl.DataFrame({"series_id": one, "ts": kept * 1000, "value": np.maximum(after, 0.0)})
        )
    moments = pl.lit(START).cast(SAMPLES.columns["ts"]) + pl.col("ts").cast(pl.Duration("ms"))
    samples = pl.concat(frames).with_columns(
        pl.col("series_id").cast(pl.UInt32), moments.alias("ts")
    )
    return series, samples
