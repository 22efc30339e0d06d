"""The library's account of itself: what was sent, what was given up and why."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

from rtobs import conventions

__all__ = ["Health"]


class Health:
    """Counts by signal; any thread may add to them.

    The lock is reentrant: a finalizer that interrupts an addition may add too.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from zero, as a forked child does."""
        self._lock = threading.RLock()
        self._sent: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()
        self._overflow: Counter[str] = Counter()
        self._started = time.monotonic()
        self._last: dict[str, float] = {}

    def sent(self, signal: str, count: int) -> None:
        """An export of `count` items succeeded."""
        with self._lock:
            self._sent[signal] += count
            self._last[signal] = time.monotonic()

    def failed(self, signal: str) -> None:
        """An export request failed, its retries included."""
        with self._lock:
            self._failures[signal] += 1

    def dropped(self, signal: str, reason: str, count: int = 1) -> None:
        """`count` items are lost; `reason` is one of `conventions.DROP_REASONS`."""
        with self._lock:
            self._dropped[signal, reason] += count

    def overflowed(self, instrument: str) -> None:
        """A measurement lost its labels because the instrument reached a limit."""
        with self._lock:
            self._overflow[instrument] += 1

    def overflows(self) -> dict[str, int]:
        """Measurements that lost their labels, by instrument."""
        with self._lock:
            return dict(self._overflow)

    def drops(self) -> Iterator[tuple[str, str, int]]:
        """Signal, reason and count of losses, zeros included."""
        with self._lock:
            counts = dict(self._dropped)
        for signal in conventions.SIGNALS:
            for reason in conventions.DROP_REASONS:
                yield signal, reason, counts.get((signal, reason), 0)

    def count_failures(self, signal: str) -> int:
        """Export requests of `signal` that failed."""
        with self._lock:
            return self._failures[signal]

    def count_sent(self, signal: str) -> int:
        """Items of `signal` that a receiver acknowledged."""
        with self._lock:
            return self._sent[signal]

    def age(self, signal: str) -> float:
        """Seconds since the last successful export, or since the start when there was none."""
        with self._lock:
            return time.monotonic() - self._last.get(signal, self._started)
