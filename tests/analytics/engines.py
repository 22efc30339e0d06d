"""Fixtures for folders whose tests all hold on both engines of polars; conftests import them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl
import pytest

__all__ = ["engine", "on_that_engine"]


@pytest.fixture(params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Literal["in-memory", "streaming"]:
    """Which engine a test runs on."""
    chosen: Literal["in-memory", "streaming"] = request.param
    return chosen


@pytest.fixture(autouse=True)
def on_that_engine(engine: Literal["in-memory", "streaming"]) -> Iterator[None]:
    """Runs the test on it."""
    pl.Config.set_engine_affinity(engine)
    yield
    pl.Config.set_engine_affinity(None)
