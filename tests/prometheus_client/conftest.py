"""What the tests of the client share."""

from __future__ import annotations

from tests.servers.fixtures import pytest_runtest_makereport, real_parts

__all__ = ["pytest_runtest_makereport", "real_parts"]
