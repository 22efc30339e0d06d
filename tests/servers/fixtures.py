"""For the conftest.py of a folder whose tests start real servers: import the names you need."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests.servers.server import running


@pytest.fixture(scope="session")
def real_parts() -> None:
    """Skips the test where the person who runs it has said that the parts are not there."""
    if os.environ.get("RTOBS_WITHOUT_PARTS") == "1":
        pytest.skip("RTOBS_WITHOUT_PARTS=1: no real servers here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the logs of the servers that run while a test fails."""
    report = yield
    if report.failed:
        report.sections += [(f"log of {server.name}", server.log()) for server in running()]
    return report
