"""Real servers for the tests of the simulator."""

from tests.servers.fixtures import pytest_runtest_makereport, real_parts

__all__ = ["pytest_runtest_makereport", "real_parts"]
