"""Where log records go: what is changed about the root logger, and what is undone."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

__all__ = ["LogRouting"]

_PAUSE = 60.0


class LogRouting:
    """Sends the records of the root logger to one place; never to two.

    Handlers that already write to stdout or stderr keep their place and get the JSON format, so
    that no line is written twice.

    Args:
        level: level of the root logger when nobody set one.
        lost: called for each record that could not be written.
    """

    def __init__(self, level: str, lost: Callable[[], None]) -> None:
        self._level = level
        self._complaint = _Complaint(lost)
        self._added: list[logging.Handler] = []
        self._level_before: int | None = None

    def to_stdout(self, formatter: logging.Formatter) -> None:
        """Write each record as one line of `formatter`, for as long as the process lives.

        This is not undone: what is logged after the end of telemetry holds secrets too.
        """
        root = logging.getLogger()
        console = [handler for handler in root.handlers if _writes_to_console(handler)]
        if not console:
            console = [logging.StreamHandler(sys.stdout)]
            self._add(console[0])
        for handler in console:
            handler.setFormatter(formatter)
            self._complain_for(handler)

    def to(self, handler: logging.Handler) -> None:
        """Give each record to `handler`, until that is undone."""
        self._complain_for(handler)
        self._add(handler)
        self._added.append(handler)

    def undo(self) -> None:
        """Take away what can work no more."""
        root = logging.getLogger()
        for handler in self._added:
            root.removeHandler(handler)
        if self._added and self._level_before is not None:
            root.setLevel(self._level_before)
        self._added, self._level_before = [], None

    def _add(self, handler: logging.Handler) -> None:
        root = logging.getLogger()
        if not root.handlers and root.level == logging.WARNING:
            self._level_before = root.level
            root.setLevel(self._level)
        root.addHandler(handler)

    def _complain_for(self, handler: logging.Handler) -> None:
        # The method of the standard library prints message and arguments as they are. Handlers of
        # the application have a class of their own, so it is the object that is changed.
        vars(handler)["handleError"] = self._complaint


class _Complaint:
    """Counts the records that could not be written and says so, at most once a minute.

    Args:
        lost: counts.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost
        self._next = 0.0

    def __call__(self, record: logging.LogRecord) -> None:
        """In place of `Handler.handleError`, while the exception is current."""
        self._lost()
        now = time.monotonic()
        if now < self._next or not logging.raiseExceptions or sys.stderr is None:
            return
        self._next = now + _PAUSE
        kind = getattr(sys.exc_info()[0], "__name__", "an exception")
        try:
            sys.stderr.write(f"rtobs: records of {record.name!a} are lost: {kind}\n")
        except (OSError, ValueError):  # stderr is closed too
            return


def _writes_to_console(handler: logging.Handler) -> bool:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return (
        isinstance(handler, logging.StreamHandler)
        and not isinstance(handler, logging.FileHandler)
        and handler.stream in streams
    )
