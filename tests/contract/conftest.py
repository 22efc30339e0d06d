"""Fixtures of the contract between the library and the rules."""

from __future__ import annotations

from rtobs.testing import slo_contract
from tests.servers.fixtures import pytest_runtest_makereport, real_parts

__all__ = ["pytest_runtest_makereport", "real_parts", "slo_contract"]
