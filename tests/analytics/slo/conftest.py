"""Every test of this folder holds on both engines of polars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl
import pytest

from tests.servers.fixtures import pytest_runtest_makereport, real_parts

__all__ = ["pytest_runtest_makereport", "real_parts"]


@pytest.fixture(params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Literal["in-memory", "streaming"]:
    """Which engine a test runs on."""
    chosen: Literal["in-memory", "streaming"] = request.param
    return chosen


@pytest.fixture(autouse=True)
def _on_that_engine(engine: Literal["in-memory", "streaming"]) -> Iterator[None]:
    pl.Config.set_engine_affinity(engine)
    yield
    pl.Config.set_engine_affinity(None)
