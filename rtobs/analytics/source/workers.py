"""A few threads that fetch chunks at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from rtobs.errors import RtobsError

__all__ = ["Crew", "Result"]

_LOOK_UP_SECONDS: Final = 0.2
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Result(Generic[_In, _Out]):
    """What became of one piece of work: a value, or an error of rtobs."""

    given: _In
    value: _Out | None = None
    error: RtobsError | None = None


class Crew(Generic[_In, _Out]):
    """Calls a function for each value, some at a time, for the length of a `with` block.

    When the block ends, no new work begins and what is under way is waited for. Not after an
    interrupt: the threads are daemons, so a program that is told to end does so at once.

    Args:
        function: what to do; its errors of rtobs are results, any other ends the iteration.
        given: values to call it with.
        size: how many at a time.
    """

    def __init__(self, function: Callable[[_In], _Out], given: Iterable[_In], size: int) -> None:
        self._function = function
        self._todo: queue.SimpleQueue[_In] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Result[_In, _Out] | BaseException] = queue.SimpleQueue()
        self._count = 0
        for value in given:
            self._todo.put(value)
            self._count += 1
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(min(size, self._count))
        ]

    def results(self) -> Iterator[Result[_In, _Out]]:
        """Results as they are ready."""
        for _ in range(self._count):
            result = self._next()
            if isinstance(result, BaseException):
                raise result
            yield result

    def _next(self) -> Result[_In, _Out] | BaseException:
        """The next result; looks up now and then.

        The signal handler that polars installs restarts a wait, so a wait without end would never
        see an interrupt.
        """
        while True:
            try:
                return self._results.get(timeout=_LOOK_UP_SECONDS)
            except queue.Empty:
                continue

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                value = self._todo.get_nowait()
            except queue.Empty:
                return
            self._results.put(self._result(value))

    def _result(self, value: _In) -> Result[_In, _Out] | BaseException:
        try:
            return Result(value, self._function(value))
        except RtobsError as error:
            return Result(value, error=error)
        except BaseException as error:  # noqa: BLE001  # the thread hands it to whoever waits
            return error

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if kind is None or issubclass(kind, Exception):
            for thread in self._threads:
                thread.join()
