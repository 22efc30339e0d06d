"""Units in processes of this machine: the default runner, without a dependency."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

import polars as pl

from rtobs.analytics.runners.units import Unit
from rtobs.errors import RunnerError

__all__ = ["LocalPool"]

_VARIABLE: Final = "POLARS_MAX_THREADS"


@dataclass(frozen=True, slots=True)
class LocalPool:
    """A pool of processes.

    They are spawned, since polars must not be forked. A script that uses the pool keeps its own
    work behind `if __name__ == "__main__":`.

    Attributes:
        workers: how many processes; default the number of cores.
        threads: threads of polars in each.
    """

    workers: int | None = None
    threads: int = 1

    def map(
        self, function: Callable[[Unit], pl.DataFrame], units: Sequence[Unit]
    ) -> Iterator[pl.DataFrame]:
        """See Runner.

        Raises:
            RunnerError: a process ended, mostly for want of memory.
        """
        if not units:
            return
        workers = min(self.workers or os.cpu_count() or 1, len(units))
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            try:
                # All processes start here; polars counts its threads when it is imported.
                with _threads(self.threads):
                    frames = pool.map(function, units)
                yield from frames
            except BrokenProcessPool as error:
                raise RunnerError(
                    "a worker process ended before its unit was done, often for want of memory; "
                    "take fewer workers or smaller units"
                ) from error


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """What processes that start meanwhile find in their environment."""
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
