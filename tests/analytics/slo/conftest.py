"""Every test of this folder holds on both engines of polars."""

from tests.analytics.engines import engine, on_that_engine
from tests.servers.fixtures import pytest_runtest_makereport, real_parts

__all__ = ["engine", "on_that_engine", "pytest_runtest_makereport", "real_parts"]
