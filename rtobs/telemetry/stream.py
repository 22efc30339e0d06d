"""Iterators that time what passes through them and change nothing.

The consumer gets the very same chunks and exceptions. No span is current while the consumer runs.
An iterator that is dropped without being closed counts as abandoned; its finalizer only notes the
time, because it may run in the middle of any other code.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Generic, Self, TypeVar

from rtobs.telemetry import chunks
from rtobs.telemetry.clock import clock
from rtobs.telemetry.deferred import defer
from rtobs.telemetry.generation import Generation
from rtobs.telemetry.outcome import ABANDONED, CANCELLED
from rtobs.telemetry.scope import Scope

__all__ = ["AsyncStream", "Reading", "Stream"]

T = TypeVar("T")


class Reading:
    """How chunks are read.

    Args:
        is_content: whether a chunk carries something that a reader sees.
        tokens: tokens of a chunk; None: the server reports usage.
    """

    __slots__ = ("is_content", "tokens")

    def __init__(
        self,
        is_content: Callable[[Any], bool] | None = None,
        tokens: Callable[[Any], int] | None = None,
    ) -> None:
        self.is_content = is_content or chunks.is_content
        self.tokens = tokens


class _Timed:
    """What both iterators share.

    Args:
        generation: the answer.
        reading: how its chunks are read.
    """

    def __init__(self, generation: Generation, reading: Reading) -> None:
        self._generation = generation
        self._timing = generation.timing
        self._is_content = reading.is_content
        self._tokens = reading.tokens
        self._now = clock.now
        self._last: Any = None
        self._source: Any = None
        self._ended = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the wrapped object has
        return getattr(self.__dict__.get("_source"), name)

    def __reduce__(self) -> str:
        raise TypeError("a stream cannot be copied")

    def __del__(self) -> None:
        if not self.__dict__.get("_ended", True):
            self._ended = True
            self._note_last()
            defer(partial(self._generation.close, ABANDONED, self._now()))

    def _passed(self, chunk: Any) -> None:  # noqa: ANN401  # chunks of any client
        """A chunk came; a reader that fails must not break the stream."""
        now = self._now()
        before, self._last = self._last, chunk
        try:
            is_content = self._is_content(chunk)
        except Exception:  # noqa: BLE001  # the caller's function, not the caller's stream
            is_content = True
        if not is_content:
            self._note_reason(before)  # it may stand in the last chunk but one, before the usage
            return
        self._timing.content(now)
        if self._tokens is not None:
            with contextlib.suppress(Exception):  # as above
                self._timing.tokens += self._tokens(chunk)

    def _end(self, error: BaseException | None) -> None:
        if not self._ended:
            self._ended = True
            self._note_last()
            self._generation.end(error)

    def _cancel(self) -> None:
        if not self._ended:
            self._ended = True
            self._note_last()
            self._generation.close(CANCELLED, self._now())

    def _note_last(self) -> None:
        """Read usage and reason from the end, which is where servers put them."""
        last, self._last = self._last, None
        self._note_reason(last)
        with contextlib.suppress(Exception):
            input_tokens, output_tokens = chunks.usage(last)
            self._generation.usage(input_tokens=input_tokens, output_tokens=output_tokens)

    def _note_reason(self, chunk: Any) -> None:  # noqa: ANN401  # chunks of any client
        with contextlib.suppress(Exception):
            reason = chunks.finish_reason(chunk)
            if reason is not None:
                self._generation.reason(reason)


class Stream(_Timed, Generic[T]):
    """A timed iterator.

    Args:
        generation: the answer.
        reading: how its chunks are read.
        source: the iterator.
    """

    def __init__(self, generation: Generation, reading: Reading, source: Iterator[T]) -> None:
        super().__init__(generation, reading)
        self._source = source
        self._next = iter(source).__next__

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            chunk = self._next()
        except StopIteration:
            self._end(None)
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._passed(chunk)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            self._end(error)
        self.close()

    def close(self) -> None:
        """Close the source; an answer that was not read to its end is cancelled."""
        self._cancel()
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


class AsyncStream(_Timed, Generic[T]):
    """A timed asynchronous iterator.

    Args:
        generation: the answer.
        reading: how its chunks are read.
        source: the iterator, or an awaitable of it as clients return it.
    """

    def __init__(
        self,
        generation: Generation,
        reading: Reading,
        source: AsyncIterator[T] | Awaitable[AsyncIterator[T]],
    ) -> None:
        super().__init__(generation, reading)
        self._source = source
        self._next: Callable[[], Awaitable[T]] = self._open

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            chunk = await self._next()
        except StopAsyncIteration:
            self._end(None)
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._passed(chunk)
        return chunk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            self._end(error)
        await self.aclose()

    async def aclose(self) -> None:
        """Close the source; an answer that was not read to its end is cancelled."""
        self._cancel()
        close = getattr(self._source, "aclose", None) or getattr(self._source, "close", None)
        if close is not None:
            result = close()
            if hasattr(result, "__await__"):
                await result

    async def _open(self) -> T:
        """Take the first step inside of the span of the answer; later steps go to the source.

        The first step is what sends the request, whether the source must be awaited for it or is
        an asynchronous generator.
        """
        scope = Scope()
        scope.enter(self._generation.within)
        try:
            if not hasattr(self._source, "__aiter__"):
                self._source = await self._source
            self._next = self._source.__aiter__().__anext__
            return await self._next()
        finally:
            scope.leave()
