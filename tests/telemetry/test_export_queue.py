"""The export queue keeps its bound, its order and its account."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from rtobs.telemetry.export_queue import ExportQueue
from rtobs.telemetry.health import Health
from rtobs.telemetry.outlet import Sent
from rtobs.telemetry.worker import Worker, in_worker


class Outlet:
    """Answers as it is told and keeps what it accepted."""

    def __init__(self) -> None:
        self.answer = Sent.OK
        self.accepted: list[int] = []
        self.sizes: list[int] = []
        self.renewed = 0
        self.bad: set[int] = set()

    def send(self, batch: Sequence[int]) -> tuple[Sent, float]:
        """Answer."""
        self.sizes.append(len(batch))
        if self.bad.intersection(batch):
            return Sent.UNENCODABLE, 0.0
        if self.answer is Sent.OK:
            self.accepted.extend(batch)
        return self.answer, 0.0

    def abort(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def renew(self) -> None:
        """Count."""
        self.renewed += 1


def build(capacity: int = 10, batch: int = 4) -> tuple[ExportQueue[int], Outlet, Health]:
    """A queue with its outlet and account."""
    outlet, health = Outlet(), Health()
    return ExportQueue("traces", outlet, health, capacity, batch), outlet, health


def drops(health: Health) -> dict[str, int]:
    """Losses by reason, zeros left out."""
    return {reason: count for _, reason, count in health.drops() if count}


def test_the_oldest_give_way_and_are_counted() -> None:
    """Fifteen items in a queue for ten: the last ten are sent, five are counted as lost."""
    queue, outlet, health = build()
    for number in range(15):
        queue.put(number)
    queue.drain(urgent=True)
    assert outlet.accepted == list(range(5, 15))
    assert drops(health) == {"queue_full": 5}


def test_a_failure_that_may_pass_keeps_order_and_items() -> None:
    """A refused batch goes back to the head and is sent first later."""
    queue, outlet, health = build()
    for number in range(6):
        queue.put(number)
    outlet.answer = Sent.RETRY
    queue.drain(urgent=True)
    assert len(queue) == 6
    outlet.answer = Sent.OK
    queue.drain(urgent=True)
    assert (outlet.accepted, drops(health)) == (list(range(6)), {})
    assert (health.count_failures("traces"), health.count_sent("traces")) == (1, 6)


def test_after_a_failure_the_receiver_is_left_alone() -> None:
    """Until the pause is over only an urgent request tries again."""
    queue, outlet, _ = build()
    queue.put(1)
    outlet.answer = Sent.RETRY
    queue.drain(urgent=False)
    queue.drain(urgent=False)
    assert outlet.sizes == [1]
    queue.drain(urgent=True)
    assert outlet.sizes == [1, 1]


def test_a_rejected_batch_is_lost_and_the_next_is_tried() -> None:
    """A batch that the receiver does not want never blocks the rest."""
    queue, outlet, health = build(batch=2)
    for number in range(4):
        queue.put(number)
    outlet.answer = Sent.REJECTED
    queue.drain(urgent=True)
    assert (outlet.sizes, drops(health)) == ([2, 2], {"rejected": 4})


def test_an_unhurried_export_sends_whole_batches() -> None:
    """At the interval one batch goes, and more only while whole batches wait."""
    queue, outlet, _ = build(capacity=20)
    for number in range(11):
        queue.put(number)
    queue.drain(urgent=False)
    assert (outlet.sizes, len(queue)) == ([4, 4], 3)


def test_a_closed_queue_counts_what_it_leaves() -> None:
    """What waits at the end and what comes after it is lost and counted."""
    queue, _, health = build()
    queue.put(1)
    queue.put(2)
    queue.close()
    queue.put(3)
    assert (len(queue), drops(health)) == (0, {"shutdown": 3})


def test_a_child_forgets_what_its_parent_exports() -> None:
    """After a fork the queue is empty and the connection is not used."""
    queue, outlet, health = build()
    queue.put(1)
    queue.renew()
    queue.drain(urgent=True)
    assert (outlet.accepted, outlet.renewed, drops(health)) == ([], 1, {})


def test_many_threads_lose_nothing_uncounted() -> None:
    """Sent and lost add up to what was put, with eight threads and a small queue."""
    queue, outlet, health = build(capacity=50, batch=10)

    def fill() -> None:
        for number in range(2000):
            queue.put(number)

    threads = [threading.Thread(target=fill) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        queue.drain(urgent=False)
    queue.drain(urgent=True)
    assert len(outlet.accepted) + drops(health).get("queue_full", 0) == 16_000


def test_a_full_batch_wakes_the_worker() -> None:
    """The worker is asked as soon as a batch is complete, not at every item."""
    queue, _, _ = build()
    woken = []
    queue.wake = lambda: woken.append(len(queue))
    for number in range(5):
        queue.put(number)
    assert woken == [4, 5]


def test_a_full_queue_wakes_the_worker_too() -> None:
    """What comes when nothing more fits asks for an export, or each would cost another."""
    queue, _, health = build(capacity=4)
    for number in range(4):
        queue.put(number)
    woken = []
    queue.wake = lambda: woken.append(len(queue))
    queue.put(4)
    assert (woken, drops(health)) == ([4], {"queue_full": 1})


def test_nobody_wakes_the_worker_before_the_pause_is_over() -> None:
    """While a receiver is away, the threads of the service do not pay for each item."""
    queue, outlet, _ = build(capacity=4)
    queue.put(0)
    outlet.answer = Sent.RETRY
    queue.drain(urgent=False)
    woken = []
    queue.wake = lambda: woken.append(len(queue))
    for number in range(10):
        queue.put(number)
    assert woken == []


def test_a_worker_survives_what_its_work_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Work that raises is logged, and the next request is served."""
    calls = []

    def work(urgent: bool) -> None:  # noqa: FBT001  # the worker's contract
        calls.append((urgent, in_worker()))
        raise ValueError

    worker = Worker("test", work, interval=60.0)
    worker.start()
    assert worker.flush(10)
    assert worker.flush(10)
    worker.ask_to_stop()
    assert worker.join(10)
    assert calls == [(True, True)] * 3
    assert [record.getMessage() for record in caplog.records] == ["test failed"] * 3
    assert not in_worker()


def test_a_flush_of_an_ended_worker_fails_at_once() -> None:
    """Nobody waits for a thread that is gone."""
    worker = Worker("test", lambda urgent: None, interval=60.0)  # noqa: ARG005
    worker.start()
    worker.ask_to_stop()
    assert worker.join(10)
    assert not worker.flush(10)


@pytest.mark.parametrize("urgent", [True, False])
def test_an_item_that_cannot_be_encoded_costs_only_itself(urgent: bool) -> None:  # noqa: FBT001
    """The others of its batch arrive in their order, and the requests stay few."""
    queue, outlet, health = build(capacity=300, batch=256)
    outlet.bad = {100, 101}
    for number in range(256):
        queue.put(number)
    queue.drain(urgent=urgent)
    assert outlet.accepted == [number for number in range(256) if number not in outlet.bad]
    assert drops(health) == {"rejected": 2}
    assert len(outlet.sizes) <= 32
    assert len(queue) == 0


def test_batches_grow_again_after_a_bad_item() -> None:
    """The bad item is found in few steps, and what comes later is sent in whole batches."""
    queue, outlet, _ = build(capacity=100, batch=8)
    outlet.bad = {0}
    for number in range(40):
        queue.put(number)
    queue.drain(urgent=True)
    assert outlet.sizes == [8, 4, 2, 1, 2, 4, 8, 8, 8, 8, 1]
