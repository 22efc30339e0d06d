"""Fixtures of the backtests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl
import pytest


@pytest.fixture(params=["in-memory", "streaming"])
def engine(request: pytest.FixtureRequest) -> Iterator[Literal["in-memory", "streaming"]]:
    """Each engine of polars, for modules that use this fixture in all their tests."""
    with pl.Config() as config:
        config.set_engine_affinity(request.param)
        yield request.param
