"""Every test of the analysis runs on both engines of polars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl
import pytest


@pytest.fixture(autouse=True, params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine that polars prefers while a test runs."""
    chosen: Literal["in-memory", "streaming"] = request.param
    pl.Config.set_engine_affinity(chosen)
    yield chosen
    pl.Config.set_engine_affinity(None)
