"""For tests of services: see what they emit.

`capture()` catches spans, metrics and log records in the process, `fake_clock()` scripts durations,
and `OTLPSink` is a receiver on the loopback address that can also fail on request. With pytest,
`pytest_plugins = ["rtobs.testing"]` in the topmost `conftest.py` brings `rtobs_capture`, and
`slo_contract`, which proves that a fault of the service fires the alert of its SLO.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rtobs.errors import MissingExtraError
from rtobs.telemetry.capture import Captured, FakeClock, capture, fake_clock
from rtobs.telemetry.otlp_values import Log, Point, Span
from rtobs.telemetry.sink import OTLPSink

if TYPE_CHECKING:
    from rtobs.contract.burning import Contract

__all__ = [
    "Captured",
    "FakeClock",
    "Log",
    "OTLPSink",
    "Point",
    "Span",
    "capture",
    "fake_clock",
]

try:
    import pytest
except ImportError:  # tests may run without pytest
    pass
else:

    @pytest.fixture
    def rtobs_capture() -> Iterator[Captured]:
        """Everything that the test emits."""
        with capture() as captured:
            yield captured

    @pytest.fixture
    def slo_contract(pytestconfig: pytest.Config) -> Callable[..., Contract]:
        """`slo_contract("shop-orders").burns(healthy=..., fault=...)`; see the how-to.

        Raises:
            MissingExtraError: the rules cannot be made without the extra `definitions`.
        """
        try:
            from rtobs.contract.fixture import contract_of  # noqa: PLC0415  # needs an extra
        except ModuleNotFoundError as error:
            raise MissingExtraError("definitions", "slo_contract") from error
        return contract_of(pytestconfig.rootpath)

    __all__ += ["rtobs_capture", "slo_contract"]
