"""Fixtures of the tests of PromQL on frames."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.analytics.promql.comparison import Server
from tests.analytics.promql.history import Past, random_past
from tests.servers.fixtures import pytest_runtest_makereport, real_parts
from tests.servers.parts import Release
from tests.servers.prometheus import Prometheus

__all__ = ["pytest_runtest_makereport", "real_parts"]


@pytest.fixture(params=["in-memory", "streaming"])
def both_engines(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs the test on each engine of polars."""
    with pl.Config():
        pl.Config.set_engine_affinity(request.param)
        yield


@pytest.fixture(scope="session")
def past(real_parts: None) -> Past:
    """What both servers have seen."""
    del real_parts
    return random_past(7)


@pytest.fixture(scope="session")
def blocks(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The past as blocks of a Prometheus."""
    storage = tmp_path_factory.mktemp("history") / "blocks"
    past.write_blocks(storage)
    return storage


@pytest.fixture(scope="session")
def oldest(blocks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The oldest release, with the past."""
    with _started(Release.OLDEST, blocks, tmp_path_factory.mktemp("oldest")) as prometheus:
        yield Server(prometheus, Release.OLDEST)


@pytest.fixture(scope="session")
def newest(blocks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The newest release, with the past."""
    with _started(Release.NEWEST, blocks, tmp_path_factory.mktemp("newest")) as prometheus:
        yield Server(prometheus, Release.NEWEST)


@pytest.fixture(params=["oldest", "newest"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two."""
    made: Server = request.getfixturevalue(request.param)
    return made


def _started(release: Release, blocks: Path, folder: Path) -> Prometheus:
    storage = folder / "data"
    shutil.copytree(blocks, storage)
    quiet = {"global": {"scrape_interval": "1h", "scrape_timeout": "10s"}}
    kept = "--storage.tsdb.retention.time=10y"
    return Prometheus(quiet, release=release, storage=storage, flags=[kept])
