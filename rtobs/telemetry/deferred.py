"""Work that a finalizer must not do itself.

A finalizer may run in the middle of any code, also of code that holds a lock of the SDK; recording
a metric there would deadlock. It leaves the work here, and the next call of the library or the
next export does it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

__all__ = ["defer", "run_deferred"]

_logger = logging.getLogger(__name__)
# Bounded: what is abandoned faster than it can be recorded is forgotten, oldest first.
_waiting: deque[Callable[[], None]] = deque(maxlen=10_000)


def defer(work: Callable[[], None]) -> None:
    """Leave work to be done soon; safe in a finalizer."""
    _waiting.append(work)


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
