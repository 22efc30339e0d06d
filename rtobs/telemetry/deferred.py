"""Work that a finalizer must not do itself.

A finalizer may run in the middle of any code, also of code that holds a lock of the SDK; recording
a metric there would deadlock. It leaves the work here, and the next call of the library or the
next export does it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from rtobs.telemetry.instruments import instruments

__all__ = ["CAPACITY", "defer", "forget_deferred", "run_deferred"]

_logger = logging.getLogger(__name__)
# Bounded: what is abandoned faster than it can be recorded is lost and counted, oldest first.
CAPACITY = 10_000
_waiting: deque[Callable[[], None]] = deque()


def defer(work: Callable[[], None]) -> None:
    """Leave work to be done soon; safe in a finalizer."""
    _waiting.append(work)
    if len(_waiting) > CAPACITY:
        with suppress(IndexError):  # another thread did the work meanwhile
            _waiting.popleft()
            instruments.health.dropped("traces", "queue_full")


def forget_deferred() -> None:
    """Leave to the parent, in a forked child, what is the parent's."""
    _waiting.clear()


def run_deferred() -> None:
    """Do what finalizers left."""
    while _waiting:
        try:
            work = _waiting.popleft()
        except IndexError:
            return
        try:
            work()
        except Exception:  # whoever calls this has nothing to do with it
            _logger.exception("the end of an operation cannot be recorded")
