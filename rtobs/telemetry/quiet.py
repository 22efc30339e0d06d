"""Keeps what telemetry says about itself from flooding the log of the service."""

from __future__ import annotations

import logging
import time
from collections import deque

__all__ = ["QuietHandler", "hush", "unhush"]

_OWN = ("opentelemetry", "rtobs")
_WINDOW = 60.0


class QuietHandler(logging.Handler):
    """Passes at most `lines` records a minute on to the root logger's handlers.

    Args:
        lines: lines a minute.
    """

    def __init__(self, lines: int) -> None:
        super().__init__(logging.WARNING)
        self._times: deque[float] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on or swallow it."""
        now = time.monotonic()
        full = len(self._times) == self._times.maxlen
        if full and now - self._times[0] < _WINDOW:
            return
        self._times.append(now)
        root = logging.getLogger()
        if root.handlers:
            root.handle(record)
        elif logging.lastResort is not None:
            logging.lastResort.handle(record)


def hush(lines: int) -> QuietHandler:
    """Put a limit on the loggers of OpenTelemetry and of rtobs."""
    handler = QuietHandler(lines)
    for name in _OWN:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(handler)
    return handler


def unhush(handler: QuietHandler) -> None:
    """Take the limit off again."""
    for name in _OWN:
        logger = logging.getLogger(name)
        logger.propagate = True
        logger.removeHandler(handler)
