"""One background thread that does one piece of work at an interval, on demand and at the end.

Requests travel through `queue.SimpleQueue`, whose `put` may be called from a signal handler or a
finalizer that interrupted any other code of the same thread; an Event or a Condition would
deadlock there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

__all__ = ["Worker", "in_worker"]

_logger = logging.getLogger(__name__)
_FIRST_DELAY = 1.0
_working = threading.local()


def in_worker() -> bool:
    """Whether the current thread exports telemetry; what it logs must not be exported again."""
    return getattr(_working, "here", False)


class Worker:
    """A daemon thread around `work`.

    Args:
        name: name of the thread.
        work: called with True when someone waits for it.
        interval: seconds between two calls.
    """

    def __init__(self, name: str, work: Callable[[bool], None], interval: float) -> None:
        self._name = name
        self._work = work
        self._interval = interval
        self._reset()

    def _reset(self) -> None:
        self._requests: SimpleQueue[threading.Event | None] = SimpleQueue()
        self._asked = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def restart(self) -> None:
        """Start a new thread in a forked child, where the old one does not exist."""
        self._reset()
        self._thread.start()

    def wake(self) -> None:
        """Ask for work soon; safe anywhere, cheap when it was asked already."""
        if not self._asked:
            self._asked = True
            self._requests.put(None)

    def flush(self, timeout: float) -> bool:
        """Have work done that starts after this call; False when it took longer than `timeout`."""
        if self._stopping or not self._thread.is_alive():
            return False
        done = threading.Event()
        self._requests.put(done)
        return done.wait(timeout)

    def ask_to_stop(self) -> None:
        """Have the last work done and the thread end; returns at once."""
        self._stopping = True
        self._requests.put(None)

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread; False when it took longer than `timeout` seconds."""
        if self._thread.ident is not None:
            self._thread.join(max(timeout, 0.0))
        return not self._thread.is_alive()

    def _run(self) -> None:
        _working.here = True
        due = time.monotonic() + min(_FIRST_DELAY, self._interval)
        last = False
        while not last:
            waiting = self._wait(due)
            last = self._stopping
            self._do(urgent=last or bool(waiting))
            due = time.monotonic() + self._interval
            for done in waiting:
                done.set()

    def _do(self, *, urgent: bool) -> None:
        try:
            self._work(urgent)
        except Exception:  # the thread must live, or everything after this is lost in silence
            _logger.exception("%s failed", self._name)

    def _wait(self, due: float) -> list[threading.Event]:
        """Sleep until `due` or a request; return whom to tell when the work is done."""
        waiting: list[threading.Event] = []
        try:
            first = self._requests.get(timeout=max(due - time.monotonic(), 0.0))
            if first is not None:
                waiting.append(first)
            while True:
                more = self._requests.get_nowait()
                if more is not None:
                    waiting.append(more)
        except Empty:
            self._asked = False
        return waiting
