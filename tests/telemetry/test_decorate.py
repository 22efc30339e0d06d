"""Instrumented functions behave as before and are measured once."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest
from opentelemetry import trace

import rtobs
from rtobs import ConfigurationError
from rtobs.testing import Captured, fake_clock


def outcomes(captured: Captured, operation: str) -> dict[str, float]:
    """Runs by outcome, zeros left out."""
    return {
        point.attributes["outcome"]: point.value
        for point in captured.points
        if point.metric == "rtobs.operations"
        and point.attributes["operation"] == operation
        and point.value
    }


def test_a_function_is_counted_timed_and_traced(rtobs_capture: Captured) -> None:
    """Return value, name and docstring stay; duration and outcome are recorded."""
    with fake_clock() as clock:

        @rtobs.instrument("pay", kind="server", attributes={"a": 1})
        def pay(amount: int) -> int:
            """Pay."""
            clock.advance(0.25)
            return amount

        assert (pay(7), pay.__name__, pay.__doc__) == (7, "pay", "Pay.")
    assert outcomes(rtobs_capture, "pay") == {"ok": 1}
    assert rtobs_capture.total("rtobs.operation.duration", operation="pay") == 0.25
    span = rtobs_capture.span("pay")
    assert (span.kind, span.attributes["a"]) == ("SERVER", 1)


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [
        (ValueError("text"), "error", "ERROR"),
        (SystemExit(1), "error", "ERROR"),
        (SystemExit(0), "ok", "UNSET"),
        (KeyboardInterrupt(), "cancelled", "UNSET"),
        (asyncio.CancelledError(), "cancelled", "UNSET"),
    ],
)
def test_an_exception_passes_and_names_the_outcome(
    error: BaseException, outcome: str, status: str, rtobs_capture: Captured
) -> None:
    """The caller gets the very same exception."""

    @rtobs.instrument("fail")
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        fail()
    assert raised.value is error
    assert outcomes(rtobs_capture, "fail") == {outcome: 1}
    assert rtobs_capture.span("fail").status == status


def test_the_kind_of_function_is_kept() -> None:
    """Frameworks that ask what a function is get the same answer as before."""
    keep = rtobs.instrument()

    async def coroutine() -> None: ...
    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    assert inspect.iscoroutinefunction(keep(coroutine))
    assert inspect.isgeneratorfunction(keep(generator))
    assert inspect.isasyncgenfunction(keep(async_generator))


def test_a_coroutine_is_measured_until_it_ends(rtobs_capture: Captured) -> None:
    """The wait inside belongs to the duration, and its span is the parent of what it does."""

    @rtobs.instrument("load")
    async def load() -> int:
        await asyncio.sleep(0)
        with rtobs.span("inner"):
            return 3

    assert asyncio.run(load()) == 3
    assert outcomes(rtobs_capture, "load") == {"ok": 1}
    assert rtobs_capture.span("inner").parent_id == rtobs_capture.span("load").span_id


def test_a_generator_keeps_its_whole_protocol(rtobs_capture: Captured) -> None:
    """`send`, `throw`, the return value and the clean-up of a generator work as before."""
    cleaned = []

    @rtobs.instrument("talk")
    def talk() -> Generator[Any, Any, str]:
        try:
            got = yield "first"
            try:
                yield got
            except KeyError:
                yield "caught"
            return "result"
        finally:
            cleaned.append(trace.get_current_span() is not trace.INVALID_SPAN)

    talking = talk()
    said = [next(talking), talking.send("sent"), talking.throw(KeyError())]
    with pytest.raises(StopIteration) as stop:
        next(talking)
    assert (said, stop.value.value, cleaned) == (["first", "sent", "caught"], "result", [True])
    assert outcomes(rtobs_capture, "talk") == {"ok": 1}


def test_a_span_that_a_generator_holds_open_stays_its_own(rtobs_capture: Captured) -> None:
    """Across a yield an inner span is current for the generator and not for its consumer."""

    @rtobs.instrument("numbers")
    def numbers() -> Iterator[int]:
        with rtobs.span("inner"):
            yield 1
            with rtobs.span("deep"):
                yield 2

    for _ in numbers():
        assert trace.get_current_span() is trace.INVALID_SPAN
    deep, inner = rtobs_capture.span("deep"), rtobs_capture.span("inner")
    assert deep.parent_id == inner.span_id
    assert inner.parent_id == rtobs_capture.span("numbers").span_id


def test_a_coroutine_destroyed_elsewhere_leaves_that_place_alone(rtobs_capture: Captured) -> None:
    """Closing a suspended coroutine does not change what is current where it is closed."""

    class Pause:
        def __await__(self) -> Generator[None, None, None]:
            yield

    @rtobs.instrument("wait")
    async def wait() -> None:
        await Pause()

    suspended: Any = wait()
    contextvars.copy_context().run(suspended.send, None)
    with rtobs.span("mine"):
        mine = rtobs.current_trace()
        suspended.close()
        assert rtobs.current_trace() == mine
    assert outcomes(rtobs_capture, "wait") == {"cancelled": 1}


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_generator_that_is_left_is_cancelled(end: str, rtobs_capture: Captured) -> None:
    """A consumer that goes away is counted, and no span stays current."""

    @rtobs.instrument("numbers")
    def numbers() -> Iterator[int]:
        with rtobs.span("inner"):
            yield 1
            yield 2

    running = numbers()
    next(running)
    assert trace.get_current_span() is trace.INVALID_SPAN
    if end == "close":
        running.close()  # type: ignore[attr-defined]
    del running
    assert outcomes(rtobs_capture, "numbers") == {"cancelled": 1}
    assert rtobs_capture.span("inner").parent_id == rtobs_capture.span("numbers").span_id


def test_an_asynchronous_generator_closed_from_another_task_is_quiet(
    rtobs_capture: Captured, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing it elsewhere logs nothing, leaks nothing and is counted once."""

    @rtobs.instrument("numbers")
    async def numbers() -> AsyncIterator[int]:
        with rtobs.span("inner"):
            yield 1
            yield 2

    async def run() -> None:
        running: Any = numbers()
        await anext(running)
        assert trace.get_current_span() is trace.INVALID_SPAN
        await asyncio.create_task(running.aclose())
        assert trace.get_current_span() is trace.INVALID_SPAN

    asyncio.run(run())
    assert outcomes(rtobs_capture, "numbers") == {"cancelled": 1}
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_an_asynchronous_generator_keeps_its_protocol(rtobs_capture: Captured) -> None:
    """`asend` and `athrow` reach the generator, and its end is `ok`."""

    @rtobs.instrument("talk")
    async def talk() -> Any:
        got = yield "first"
        try:
            yield got
        except KeyError:
            yield "caught"

    async def run() -> list[Any]:
        talking = talk()
        said = [await anext(talking), await talking.asend("sent"), await talking.athrow(KeyError())]
        return [*said, [rest async for rest in talking]]

    assert asyncio.run(run()) == ["first", "sent", "caught", []]
    assert outcomes(rtobs_capture, "talk") == {"ok": 1}


def test_a_span_in_a_generator_does_not_leak_into_another_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A plain `rtobs.span` across a yield, ended in another task, logs nothing there."""

    async def numbers() -> AsyncIterator[int]:
        with rtobs.span("across"):
            yield 1

    async def close(running: Any, started: asyncio.Event) -> bool:
        with rtobs.span("closer"):
            await started.wait()
            mine = rtobs.current_trace()
            await running.aclose()
            return rtobs.current_trace() == mine

    async def run() -> bool:
        running: Any = numbers()
        started = asyncio.Event()
        closer = asyncio.create_task(close(running, started))
        await asyncio.sleep(0)
        await anext(running)
        started.set()
        return await closer

    assert asyncio.run(run())
    gc.collect()
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_a_span_decorates_functions_and_coroutines(rtobs_capture: Captured) -> None:
    """Each call has a span of its own."""

    @rtobs.span("plain", a=1)
    def plain() -> str:
        return "x"

    @rtobs.span("waits")
    async def waits() -> str:
        async with rtobs.span("inner"):
            return "y"

    assert (plain(), plain(), asyncio.run(waits())) == ("x", "x", "y")
    names = [span.name for span in rtobs_capture.spans]
    assert names == ["plain", "plain", "inner", "waits"]


def test_instrument_works_without_parentheses(rtobs_capture: Captured) -> None:
    """Then the operation has the qualified name of the function, whatever its kind."""

    @rtobs.instrument
    def plain(text: str) -> str:
        return text + "!"

    @rtobs.instrument
    async def waits() -> int:
        return 2

    assert (plain("hello"), asyncio.run(waits())) == ("hello!", 2)
    for function in (plain, waits):
        assert outcomes(rtobs_capture, function.__qualname__) == {"ok": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: rtobs.instrument(3),  # type: ignore[call-overload]
        lambda: rtobs.span(lambda: None),  # type: ignore[arg-type]
        lambda: rtobs.instrument(kind="other"),  # type: ignore[call-overload]
        lambda: rtobs.span("x")(lambda: (yield)),
    ],
)
def test_wrong_uses_are_refused(wrong: Callable[[], object]) -> None:
    """What cannot work raises when it is declared, not when it is called."""
    with pytest.raises(ConfigurationError):
        wrong()
