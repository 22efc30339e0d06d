"""`rtobs.span` and `rtobs.instrument`: around a block, a function, a coroutine or a generator."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from functools import partial, wraps
from typing import Any, Literal, TypeVar, cast, overload

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.types import AttributeValue

from rtobs.errors import ConfigurationError
from rtobs.telemetry.clock import clock
from rtobs.telemetry.deferred import defer
from rtobs.telemetry.operations import Operation, Running, end_span, start_span
from rtobs.telemetry.scope import Scope

__all__ = ["Kind", "instrument", "span"]

Kind = Literal["internal", "server", "client", "producer", "consumer"]
F = TypeVar("F", bound=Callable[..., Any])


class span:  # noqa: N801  # used like a function: `with rtobs.span("load")`
    """A span around a block, or around each call of a function that it decorates.

    An exception leaves its type on the span, never its message, and passes through.

    Args:
        name: name of the span; constant, ids belong into attributes.
        attributes: attributes of the span.

    Raises:
        ConfigurationError: there is no name, as in `@rtobs.span` without parentheses.
    """

    def __init__(self, name: str, /, **attributes: AttributeValue) -> None:
        if not isinstance(name, str):
            raise ConfigurationError('rtobs.span needs a name: write rtobs.span("load")')
        self._name = name
        self._attributes = attributes
        self._scope = Scope()
        self._span: Span = trace.INVALID_SPAN

    def __enter__(self) -> Span:
        parent = context.get_current()
        self._span = start_span(self._name, SpanKind.INTERNAL, self._attributes, parent)
        self._scope.enter(trace.set_span_in_context(self._span, parent))
        return self._span

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._scope.leave()
        end_span(self._span, error)

    async def __aenter__(self) -> Span:
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, stack: object) -> None:
        self.__exit__(kind, error, stack)

    def __call__(self, function: F) -> F:
        """Decorate a function or a coroutine function; generators need `rtobs.instrument`."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ConfigurationError("rtobs.span cannot decorate a generator: use rtobs.instrument")
        make = partial(span, self._name, **self._attributes)
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any signature
                with make():
                    return await function(*args, **kwargs)

            return cast("F", call_async)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any signature
            with make():
                return function(*args, **kwargs)

        return cast("F", call)


@overload
def instrument(name: F, /) -> F: ...


@overload
def instrument(
    name: str | None = None,
    *,
    kind: Kind = "internal",
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Callable[[F], F]: ...


def instrument(
    name: F | str | None = None,
    *,
    kind: Kind = "internal",
    attributes: Mapping[str, AttributeValue] | None = None,
) -> F | Callable[[F], F]:
    """Count, time and trace each call of a function, coroutine function or generator function.

    `rtobs.operations` counts outcomes (ok, cancelled, error), each from 0;
    `rtobs.operation.duration` measures seconds. Of a generator the whole iteration is measured,
    and its span is current only while the generator itself runs.

    Args:
        name: value of the label `operation`; default: the qualified name of the function, also
            for `@rtobs.instrument` without parentheses.
        kind: kind of the span.
        attributes: constant attributes of the span.

    Raises:
        ConfigurationError: `kind` is unknown, or `name` is no text.
    """
    if callable(name):
        return instrument(kind=kind, attributes=attributes)(name)
    if name is not None and not isinstance(name, str):
        raise ConfigurationError("the name of an operation must be text")
    if kind.upper() not in SpanKind.__members__:
        raise ConfigurationError(f'"{kind}" is not a kind of span')

    def decorate(function: F) -> F:
        operation = Operation(
            name or function.__qualname__, SpanKind[kind.upper()], dict(attributes or {})
        )
        operation.declare()
        return cast("F", _wrap(function, operation))

    return decorate


def _wrap(function: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, operation)
    if inspect.isgeneratorfunction(function):
        return _generator(function, operation)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, operation)
    return _plain(function, operation)


def _plain(function: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any signature
        running = operation.start()
        try:
            with running:
                result = function(*args, **kwargs)
        except BaseException as error:
            running.finish(error)
            raise
        running.finish(None)
        return result

    return call


def _coroutine(function: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any signature
        running = operation.start()
        try:
            with running:
                result = await function(*args, **kwargs)
        except BaseException as error:
            running.finish(error)
            raise
        running.finish(None)
        return result

    return call


def _generator(function: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
    @wraps(function)
    def iterate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401
        running = operation.start()
        try:
            result = yield from _steps(function(*args, **kwargs), running)
        except GeneratorExit as error:
            # This may be a finalizer: what it must not do itself is left for later.
            defer(partial(running.finish, error, clock.now()))
            raise
        except BaseException as error:
            running.finish(error)
            raise
        running.finish(None)
        return result

    return iterate


def _steps(source: Generator[Any, Any, Any], running: Running) -> Generator[Any, Any, Any]:
    """Run `source` with the span current inside of each step and not between them."""
    step: Callable[[], Any] = partial(next, source)
    while True:
        try:
            with running:
                item = step()
        except StopIteration as stop:
            return stop.value
        try:
            sent = yield item
        except GeneratorExit:
            with running:
                source.close()
            raise
        except BaseException as error:  # noqa: BLE001  # it is thrown into the source
            step = partial(source.throw, error)
        else:
            step = partial(source.send, sent)


def _async_generator(function: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
    @wraps(function)
    async def iterate(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401
        running = operation.start()
        source: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        step: Awaitable[Any] = source.__anext__()
        try:
            while True:
                try:
                    with running:
                        item = await step
                except StopAsyncIteration:
                    break
                try:
                    sent = yield item
                except GeneratorExit:
                    with running:
                        await source.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001  # it is thrown into the source
                    step = source.athrow(error)
                else:
                    step = source.asend(sent)
        except GeneratorExit as error:
            defer(partial(running.finish, error, clock.now()))
            raise
        except BaseException as error:
            running.finish(error)
            raise
        running.finish(None)

    return iterate
