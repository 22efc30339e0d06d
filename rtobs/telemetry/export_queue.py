"""A bounded queue of finished items and the work that exports them.

`put` takes no lock: it may interrupt itself, through a signal handler or a finalizer that ends a
span while the same thread is ending another.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rtobs.telemetry.health import Health
from rtobs.telemetry.outlet import Outlet, Sent

__all__ = ["ExportQueue"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)
_LONGEST_PAUSE = 30.0


class ExportQueue(Generic[T]):
    """Items waiting for export, at most `capacity`; the oldest give way.

    Args:
        signal: "traces" or "logs".
        outlet: where batches go.
        health: where losses are counted.
        capacity: items that may wait.
        batch: items of one request; so many wake the worker.
    """

    def __init__(
        self, signal: str, outlet: Outlet[T], health: Health, capacity: int, batch: int
    ) -> None:
        self._signal = signal
        self._outlet = outlet
        self._health = health
        self._capacity = capacity
        self._batch = min(batch, capacity)
        self._size = self._batch
        self._items: deque[T] = deque()
        self._in_flight = 0
        self._failures = 0
        self._retry_at = 0.0
        self._open = True
        self.wake: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._items) + self._in_flight

    def put(self, item: T) -> None:
        """Queue an item; counts what has to give way."""
        if not self._open:
            self._health.dropped(self._signal, "shutdown")
            return
        self._items.append(item)
        waiting = len(self._items)
        if waiting > self._capacity:
            self._give_way()
        # After a failure the worker has nothing to do before the pause is over, and from then on
        # each item counts: the queue may be full and lose one for each that comes.
        if waiting >= self._batch and time.monotonic() >= self._retry_at:
            self.wake()

    def refuse(self) -> None:
        """Count an item that cannot be queued."""
        self._health.dropped(self._signal, "rejected")

    def drain(self, urgent: bool) -> None:  # noqa: FBT001  # the worker's contract
        """Export until less than a batch waits; everything, and without pause, when `urgent`.

        A failure that may pass puts its batch back at the head of the queue. So does an item that
        cannot be encoded: it is found with ever smaller batches, and then it alone is lost.
        """
        if not urgent and time.monotonic() < self._retry_at:
            return
        if not self._send_batch():
            return
        while self._items and (
            urgent or len(self._items) >= self._batch or self._size < self._batch
        ):
            if not self._send_batch():
                return

    def close(self) -> None:
        """Refuse new items and count those that still wait as lost."""
        self._open = False
        lost = len(self)
        self._items.clear()
        if lost:
            self._health.dropped(self._signal, "shutdown", lost)
        if not self._in_flight:
            self._outlet.close()

    def renew(self) -> None:
        """Forget the parent's items in a forked child; the parent exports them."""
        self._items.clear()
        self._in_flight = 0
        self._size = self._batch
        self._failures = 0
        self._retry_at = 0.0
        self._outlet.renew()

    def abort(self) -> None:
        """End an export that waits."""
        self._outlet.abort()

    def _send_batch(self) -> bool:
        """Send what is next; False when the receiver should be left alone for a while."""
        batch = self._take()
        if not batch:
            return True
        self._in_flight = len(batch)
        outcome, pause = self._outlet.send(batch)
        if outcome is Sent.UNENCODABLE and len(batch) > 1:
            self._size = len(batch) // 2
            self._put_back(batch)
        else:
            self._account(batch, outcome, pause)
        self._in_flight = 0
        return outcome is not Sent.RETRY

    def _account(self, batch: Sequence[T], outcome: Sent, pause: float) -> None:
        if outcome is Sent.OK:
            self._health.sent(self._signal, len(batch))
            self._failures = 0
        else:
            self._health.failed(self._signal)
        if outcome is Sent.UNENCODABLE:
            _logger.warning("one of the %s cannot be encoded and is dropped", self._signal)
        if outcome is Sent.RETRY:
            self._pause(pause)
            self._put_back(batch)
            return
        if outcome is not Sent.OK:
            self._health.dropped(self._signal, "rejected", len(batch))
        self._size = min(2 * self._size, self._batch)

    def _take(self) -> list[T]:
        batch: list[T] = []
        while len(batch) < self._size:
            try:
                batch.append(self._items.popleft())
            except IndexError:
                break
        return batch

    def _pause(self, pause: float) -> None:
        self._failures += 1
        wait = max(pause, min(2.0 ** (self._failures - 1), _LONGEST_PAUSE))
        self._retry_at = time.monotonic() + wait

    def _put_back(self, batch: Sequence[T]) -> None:
        if not self._open:
            return  # closed meanwhile: the batch was in flight and is counted as lost
        self._items.extendleft(reversed(batch))
        while len(self._items) > self._capacity:
            self._give_way()

    def _give_way(self) -> None:
        try:
            self._items.popleft()
        except IndexError:  # another thread emptied the queue meanwhile
            return
        self._health.dropped(self._signal, "queue_full")
