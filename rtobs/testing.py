"""For tests of services: see what they emit.

`capture()` catches spans, metrics and log records in the process, `fake_clock()` scripts durations,
and `OTLPSink` is a receiver on the loopback address that can also fail on request. With pytest,
`pytest_plugins = ["rtobs.testing"]` in the topmost `conftest.py` brings `rtobs_capture`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rtobs.telemetry.capture import Captured, FakeClock, capture, fake_clock
from rtobs.telemetry.otlp_values import Log, Point, Span
from rtobs.telemetry.sink import OTLPSink

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

    __all__ += ["rtobs_capture"]
