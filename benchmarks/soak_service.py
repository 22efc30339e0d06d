"""The service that `benchmarks.soak` watches: steady work, streams and forks for a while.

It prints one JSON object a line: samples of itself, the account of each forked child, and at the
end what it emitted and what it knows to be lost.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import rtobs
from rtobs.telemetry.runtime import Handle

THREADS = 2
EVERY_STREAM = 20
IN_CHILD = 40
_write = threading.Lock()


def tell(kind: str, **facts: object) -> None:
    """Print a line."""
    with _write:
        print(json.dumps({"kind": kind, **facts}), flush=True)


class Work:
    """What is done at each tick, and how often it was done.

    Attributes:
        done: ticks and streams of this process.
    """

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self._numbers = itertools.count()
        self._items = rtobs.counter("soak.items", "{item}")
        self._log = logging.getLogger("soak")
        self._lock = threading.Lock()

    def tick(self, number: int) -> None:
        """One numbered span with a log record and a count."""
        with rtobs.span("tick", number=number):
            self._log.info("tick", extra={"number": number})
            self._items.add()
        with self._lock:
            self.done["ticks"] += 1

    def stream(self) -> None:
        """One answer of five chunks, every other one left halfway."""
        chunks = rtobs.llm.stream(iter("abcde"), model="soak")
        for place, _ in enumerate(chunks):
            if place == 2 and self.done["streams"] % 2:
                break
        chunks.close()
        with self._lock:
            self.done["streams"] += 1

    def until(self, end: float, rate: float) -> None:
        """Tick at a steady rate until the time has come."""
        due = time.monotonic()
        for turn in itertools.count(1):
            due += 1 / rate
            time.sleep(max(due - time.monotonic(), 0.0))
            if due >= end:
                return
            self.tick(next(self._numbers))
            if turn % EVERY_STREAM == 0:
                self.stream()

    def reserve(self, count: int) -> list[int]:
        """Numbers that nobody else will use."""
        return [next(self._numbers) for _ in range(count)]

    def renew(self) -> None:
        """Count from zero in a forked child."""
        self.done = Counter()
        self._lock = threading.Lock()


def fork(work: Work, handle: Handle) -> None:
    """Have a child work, export and tell what became of it; the parent waits."""
    numbers = work.reserve(IN_CHILD)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        work.renew()
        for number in numbers:
            work.tick(number)
        report = handle.shutdown()
        account = {"done": dict(work.done), "dropped": dict(report.dropped)}
        os.write(write, json.dumps(account).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        account = json.loads(pipe.read())
    code = os.waitpid(child, 0)[1]
    tell("child", code=code, **account)


def sample(handle: Handle) -> None:
    """Tell memory, threads, descriptors and losses."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    dropped = handle.stats()["dropped"]
    tell(
        "sample",
        resident=pages * os.sysconf("SC_PAGE_SIZE"),
        threads=threading.active_count(),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208  # a count, not paths
        lost=sum(count for key, count in dropped.items() if not key.startswith("metrics")),
    )


def every(seconds: float, end: float, action: Callable[[], object]) -> None:
    """Do something again and again until the time has come."""
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(seconds, left))
        action()


def main() -> None:
    """Work for a while, then end and give the account."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--queue", type=int, required=True)
    parser.add_argument("--fork-every", type=float, required=True)
    asked = parser.parse_args()
    handle = rtobs.init(
        "soak",
        endpoint=asked.endpoint,
        logs="otlp",
        instrument=False,
        limits=rtobs.Limits(queue=asked.queue, batch=min(512, asked.queue // 4)),
        timeout=5.0,
        exit_budget=3.0,
    )
    work = Work()
    end = time.monotonic() + asked.seconds
    threads = [
        threading.Thread(target=work.until, args=(end, asked.rate / THREADS))
        for _ in range(THREADS)
    ]
    threads.append(threading.Thread(target=every, args=(0.5, end, lambda: sample(handle))))
    for thread in threads:
        thread.start()
    every(asked.fork_every, end, lambda: fork(work, handle))
    for thread in threads:
        thread.join()
    gc.collect()
    report = handle.shutdown()
    tell("end", done=dict(work.done), dropped=dict(report.dropped), seconds=report.seconds)


if __name__ == "__main__":
    main()
