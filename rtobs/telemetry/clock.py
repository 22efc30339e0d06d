"""The one place where durations are read, so that a test can script them."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Clock", "clock"]


class Clock:
    """Reads a monotonic time in nanoseconds through a function that tests may replace."""

    def __init__(self) -> None:
        self.now: Callable[[], int] = time.perf_counter_ns


clock = Clock()
# A divisor: 0.3 s is 300,000,000 / 1e9 exactly, and 0.30000000000000004 by multiplication, which
# is beyond the bucket of 0.3.
NANOSECONDS = 1e9
