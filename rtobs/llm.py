"""Timing of generated answers: `rtobs.llm.stream` around an iterator, `rtobs.llm.observe` by hand.

Per answer: time to the first token, time per token, longest pause, tokens, duration, and the
counter `rtobs.llm.requests` by outcome and by whether both limits of the latency class were met.
No prompt and no answer is ever read, except to see whether a chunk is empty.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar, Unpack, overload

from opentelemetry.context import Context

from rtobs import conventions
from rtobs.telemetry.clock import clock
from rtobs.telemetry.generation import Generation, View, make_profile
from rtobs.telemetry.scope import Scope
from rtobs.telemetry.stream import AsyncStream, Reading, Stream

__all__ = ["Call", "StreamOptions", "declare", "observe", "stream"]

T = TypeVar("T")


class _ProfileOptions(TypedDict, total=False):
    provider: str
    operation: str
    slo_class: str
    view: View


class StreamOptions(_ProfileOptions, total=False):
    """The keyword arguments of `stream` beside `model`.

    provider: `gen_ai.provider.name`, default "openai".
    operation: `gen_ai.operation.name`, default "chat".
    slo_class: latency class, default "standard".
    view: "client" (default) calls the model server, "server" is it.
    is_content: whether a chunk carries something that a reader sees; default: as OpenAI streams do.
    tokens: tokens of a chunk, for servers that do not report usage.
    parent: context of the request; default: the current one.
    """

    is_content: Callable[[Any], bool]
    tokens: Callable[[Any], int]
    parent: Context


@overload
def stream(
    source: AsyncIterator[T] | Awaitable[AsyncIterator[T]],
    *,
    model: str,
    **options: Unpack[StreamOptions],
) -> AsyncStream[T]: ...
@overload
def stream(
    source: Iterator[T] | Callable[[], Iterator[T]],
    *,
    model: str,
    **options: Unpack[StreamOptions],
) -> Stream[T]: ...
def stream(source: Any, *, model: str, **options: Unpack[StreamOptions]) -> Any:
    """Time a stream of chunks; iterate over what is returned instead.

    The clock starts here. So give what sends the request, not what it returned: an awaitable
    (`client.chat.completions.create(...)` of an asynchronous client) or a function without
    arguments that returns the iterator. A ready iterator is taken too, from its present state on.

    Read to its end, an answer is `ok`; closed before, `cancelled`; dropped, `abandoned`; an
    exception makes it `error` and passes through.

    Args:
        source: iterator, asynchronous iterator, awaitable of one, or function that returns one.
        model: the model that was asked for.
        options: see `StreamOptions`.

    Raises:
        ConfigurationError: the latency class or the view is unknown.
    """
    reading = Reading(options.get("is_content"), options.get("tokens"))
    generation = _generation(model, options, options.get("parent"))
    if callable(source) and not hasattr(source, "__next__"):
        source = _call(source, generation)
    if hasattr(source, "__aiter__") or hasattr(source, "__await__"):
        return AsyncStream(generation, reading, source)
    return Stream(generation, reading, source)


def observe(*, model: str, **options: Unpack[_ProfileOptions]) -> Call:
    """Time an answer by hand, for streams that are not iterators.

    Raises:
        ConfigurationError: the latency class or the view is unknown.
    """
    return Call(_generation(model, options, None))


def declare(
    model: str, *, slo_class: str = conventions.DEFAULT_LATENCY_CLASS, provider: str = "openai"
) -> None:
    """Make the counters of a model start at 0 now, before its first answer.

    Raises:
        ConfigurationError: the latency class is unknown.
    """
    make_profile(model, provider=provider, operation="chat", slo_class=slo_class, view="client")


class Call:
    """One answer; a context manager whose exit ends it, with the exception if there was one.

    Args:
        generation: the answer.
    """

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._timing = generation.timing
        self._scope = Scope()

    def __enter__(self) -> Self:
        self._scope.enter(self._generation.within)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self._scope.leave()
        self._generation.end(error)

    def chunk(self, tokens: int = 1) -> None:
        """Content with `tokens` tokens came."""
        self._timing.content(clock.now())
        self._timing.tokens += tokens

    def usage(self, *, input: int | None = None, output: int | None = None) -> None:  # noqa: A002  # the words of the conventions
        """Note token counts as the server reports them; they win over counted ones."""
        self._generation.usage(input_tokens=input, output_tokens=output)

    def finish(self, reason: str | None = None) -> None:
        """The answer ended by itself."""
        if reason is not None:
            self._generation.reason(reason)
        self._generation.end(None)


def _generation(model: str, options: _ProfileOptions, parent: Context | None) -> Generation:
    profile = make_profile(
        model,
        provider=options.get("provider", "openai"),
        operation=options.get("operation", "chat"),
        slo_class=options.get("slo_class", conventions.DEFAULT_LATENCY_CLASS),
        view=options.get("view", "client"),
    )
    return Generation(profile, parent)


def _call(function: Callable[[], Any], generation: Generation) -> Any:  # noqa: ANN401  # either kind of iterator
    """Send the request inside of the span of the answer."""
    scope = Scope()
    scope.enter(generation.within)
    try:
        return function()
    except BaseException as error:
        generation.end(error)
        raise
    finally:
        scope.leave()
