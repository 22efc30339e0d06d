"""Every test of this folder that asks for frames holds on both engines of polars."""

from tests.analytics.engines import engine, on_that_engine

__all__ = ["engine", "on_that_engine"]
