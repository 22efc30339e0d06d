"""Tests in this folder start real servers."""

from __future__ import annotations

import pytest

from tests.servers.fixtures import pytest_runtest_makereport, real_parts

__all__ = ["pytest_runtest_makereport", "real_parts"]


@pytest.fixture(autouse=True)
def _needs_real_parts(real_parts: None) -> None:
    del real_parts
