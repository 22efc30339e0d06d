"""Streamed answers: what is measured, how each end is named, and what the consumer sees."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace

import rtobs
from rtobs import ConfigurationError
from rtobs.testing import Captured, FakeClock, fake_clock

FIRST, NEXT = 0.4, 0.05
REQUESTS = "rtobs.llm.requests"


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """A clock that the sources of this file move."""
    with fake_clock() as fake:
        yield fake


def source(clock: FakeClock, chunks: int, error: BaseException | None = None) -> Iterator[str]:
    """Chunks after scripted pauses, then an exception if there is one."""
    for number in range(chunks):
        clock.advance(NEXT if number else FIRST)
        yield "text"
    if error is not None:
        raise error


async def async_source(
    clock: FakeClock, chunks: int, error: BaseException | None = None
) -> AsyncIterator[str]:
    """The same, asynchronously."""
    for chunk in source(clock, chunks, error):
        await asyncio.sleep(0)
        yield chunk


def counted(captured: Captured) -> dict[tuple[str, str], float]:
    """Requests by outcome and goodput, zeros left out."""
    return {
        (point.attributes["outcome"], point.attributes["goodput"]): point.value
        for point in captured.points
        if point.metric == REQUESTS and point.value
    }


@dataclass(frozen=True)
class Ending:
    """A source of `chunks`, of which `count` are read (None: all), and how reading ends."""

    chunks: int
    count: int | None
    end: str
    outcome: str

    @property
    def error(self) -> RuntimeError | None:
        """What the source raises after its last chunk."""
        return RuntimeError("x") if self.end == "exception" else None


def consume(stream: Any, ending: Ending) -> None:
    """Read and end as told."""
    if ending.end == "exception":
        with pytest.raises(RuntimeError):
            list(stream)
    elif ending.count is None:
        list(stream)
    else:
        for _ in range(ending.count):
            next(stream)
        if ending.end == "close":
            stream.close()


ENDINGS = [
    Ending(chunks, count, end, outcome)
    for chunks in (0, 1, 5)
    for count, end, outcome in (
        (None, "full", "ok"),
        (None, "exception", "error"),
        (chunks, "close", "cancelled"),
        (chunks, "drop", "abandoned"),
        (chunks // 2, "close", "cancelled"),
        (chunks // 2, "drop", "abandoned"),
    )
]


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_each_end_of_a_stream_is_named_once(
    ending: Ending,
    clock: FakeClock,
    rtobs_capture: Captured,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the end, there is one request, one ended span and no complaint."""
    answer = source(clock, ending.chunks, ending.error)
    consume(rtobs.llm.stream(answer, model="m"), ending)
    assert [key[0] for key in counted(rtobs_capture)] == [ending.outcome]
    assert sum(counted(rtobs_capture).values()) == 1
    span = rtobs_capture.span("chat m")
    assert span.attributes["outcome"] == ending.outcome
    assert span.status == ("ERROR" if ending.outcome == "error" else "UNSET")
    assert caplog.records == []


async def _consume_async(stream: Any, ending: Ending) -> None:
    if ending.end == "exception":
        with pytest.raises(RuntimeError):
            [chunk async for chunk in stream]
    elif ending.count is None:
        [chunk async for chunk in stream]
    else:
        for _ in range(ending.count):
            await anext(stream)
        if ending.end == "close":
            await asyncio.create_task(stream.aclose())


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_each_end_of_an_asynchronous_stream_is_named_once(
    ending: Ending,
    clock: FakeClock,
    rtobs_capture: Captured,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same holds for asynchronous streams, closed from another task."""

    async def run() -> None:
        answer = async_source(clock, ending.chunks, ending.error)
        stream = rtobs.llm.stream(answer, model="m")
        await _consume_async(stream, ending)
        del stream
        gc.collect()

    asyncio.run(run())
    assert [key[0] for key in counted(rtobs_capture)] == [ending.outcome]
    assert sum(counted(rtobs_capture).values()) == 1
    assert rtobs_capture.span("chat m").attributes["outcome"] == ending.outcome
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_cancelling_the_reading_task_is_a_cancellation(rtobs_capture: Captured) -> None:
    """A task that is cancelled while it waits for a chunk makes the answer `cancelled`."""

    async def never() -> AsyncIterator[str]:
        await asyncio.sleep(60)
        yield "late"

    async def read() -> None:
        async for _ in rtobs.llm.stream(never(), model="m"):
            pass

    async def run() -> None:
        task = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert list(counted(rtobs_capture)) == [("cancelled", "met")]


def test_times_are_exact(clock: FakeClock, rtobs_capture: Captured) -> None:
    """First chunk, mean per chunk, longest gap and duration follow the script exactly."""

    def slow_once() -> Iterator[str]:
        yield from source(clock, 3)
        clock.advance(0.7)
        yield "text"
        clock.advance(1.0)

    list(rtobs.llm.stream(slow_once(), model="m"))
    client = "gen_ai.client.operation"
    assert rtobs_capture.total(f"{client}.time_to_first_chunk") == pytest.approx(0.4)
    assert rtobs_capture.total(f"{client}.time_per_output_chunk") == pytest.approx(0.8 / 3)
    assert rtobs_capture.total("rtobs.llm.longest_gap") == pytest.approx(0.7)
    assert rtobs_capture.total(f"{client}.duration") == pytest.approx(2.2)


def chunk(text: str | None = None, reason: str | None = None, **more: object) -> Any:
    """A chunk as the OpenAI client gives it."""
    delta = SimpleNamespace(content=text, role="assistant")
    return SimpleNamespace(choices=[SimpleNamespace(delta=delta, finish_reason=reason)], **more)


def test_a_role_only_chunk_is_not_the_first_token(
    clock: FakeClock, rtobs_capture: Captured
) -> None:
    """Chunks without content, at the beginning, between or at the end, are not counted."""

    def answer() -> Iterator[Any]:
        clock.advance(0.1)
        yield chunk("")
        clock.advance(0.2)
        yield chunk("Hel")
        clock.advance(0.1)
        yield chunk("lo", reason="stop")
        clock.advance(5.0)
        usage = SimpleNamespace(prompt_tokens=11, completion_tokens=5)
        yield SimpleNamespace(choices=[], usage=usage)

    list(rtobs.llm.stream(answer(), model="m"))
    span = rtobs_capture.span("chat m")
    assert span.attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(0.3)
    assert rtobs_capture.total("rtobs.llm.longest_gap") == pytest.approx(0.1)
    assert span.attributes["gen_ai.usage.input_tokens"] == 11
    assert span.attributes["gen_ai.usage.output_tokens"] == 5
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]


def test_the_reason_may_come_in_a_chunk_of_its_own(rtobs_capture: Captured) -> None:
    """Neither the usage after it nor an empty chunk hides why the server stopped."""
    usage = SimpleNamespace(prompt_tokens=3, completion_tokens=2)
    answer = [chunk("a"), chunk(reason="length"), chunk(), SimpleNamespace(choices=[], usage=usage)]
    list(rtobs.llm.stream(iter(answer), model="m"))
    span = rtobs_capture.span("chat m")
    assert span.attributes["gen_ai.response.finish_reasons"] == ["length"]


def test_a_stream_is_not_copied(rtobs_capture: Captured) -> None:
    """Two streams of one answer would end it twice, so a copy is refused as that of a generator."""
    stream = rtobs.llm.stream(iter("ab"), model="m")
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.copy(stream)
    assert list(stream) == ["a", "b"]
    assert counted(rtobs_capture) == {("ok", "met"): 1}


def test_chunks_as_dictionaries_are_read_too(rtobs_capture: Captured) -> None:
    """Server-sent events decoded to dictionaries work like objects of the client."""
    events = [
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": "x"}, "finish_reason": "length"}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}},
    ]
    assert list(rtobs.llm.stream(iter(events), model="m")) == events
    types = {
        point.attributes["gen_ai.token.type"]: point.value
        for point in rtobs_capture.points
        if point.metric == "gen_ai.client.token.usage"
    }
    assert types == {"input": 3, "output": 1}


@pytest.mark.parametrize(
    ("slo_class", "first", "each", "goodput"),
    [
        ("standard", 1.0, 0.1, "met"),
        ("standard", 1.001, 0.1, "missed"),
        ("standard", 1.0, 0.101, "missed"),
        ("interactive", 0.5, 0.05, "met"),
        ("interactive", 0.6, 0.05, "missed"),
        ("batch", 9.0, 0.3, "met"),
    ],
)
def test_goodput_needs_both_limits_of_the_class(
    slo_class: str,
    first: float,
    each: float,
    goodput: str,
    clock: FakeClock,
    rtobs_capture: Captured,
) -> None:
    """Tokens, not chunks, are held against the limit per token."""
    with rtobs.llm.observe(model="m", slo_class=slo_class) as call:
        clock.advance(first)
        call.chunk(tokens=3)
        clock.advance(each * 5)
        call.chunk(tokens=3)
    assert counted(rtobs_capture) == {("ok", goodput): 1}


@pytest.mark.parametrize(("waited", "goodput"), [(0.9, "met"), (1.1, "missed")])
def test_leaving_before_the_first_token_is_fair_to_both(
    waited: float, goodput: str, clock: FakeClock, rtobs_capture: Captured
) -> None:
    """Who leaves early was served well; who left because it took too long was not."""
    stream = rtobs.llm.stream(source(clock, 3), model="m")
    clock.advance(waited)
    stream.close()
    assert counted(rtobs_capture) == {("cancelled", goodput): 1}


def test_all_outcomes_of_a_model_start_at_zero(rtobs_capture: Captured) -> None:
    """`declare` makes every series of a model exist before its first answer."""
    rtobs.llm.declare("fresh", slo_class="large")
    series = [
        point
        for point in rtobs_capture.points
        if point.metric == REQUESTS and point.attributes["gen_ai.request.model"] == "fresh"
    ]
    assert len(series) == 8
    assert {point.value for point in series} == {0}
    assert {point.attributes["slo_class"] for point in series} == {"large"}


def test_a_server_measures_as_a_server(clock: FakeClock, rtobs_capture: Captured) -> None:
    """With `view="server"` the server's metrics are recorded, and none of the client's."""
    list(rtobs.llm.stream(source(clock, 3), model="m", view="server", tokens=lambda _: 2))
    assert rtobs_capture.total("gen_ai.server.time_to_first_token") == pytest.approx(0.4)
    assert rtobs_capture.total("gen_ai.server.time_per_output_token") == pytest.approx(0.1 / 5)
    assert rtobs_capture.value("gen_ai.client.operation.duration") == 0
    assert rtobs_capture.span("chat m").kind == "SERVER"


def test_the_request_is_sent_inside_of_the_span(rtobs_capture: Captured) -> None:
    """A function that sends the request runs with the span of the answer as its parent."""

    def send() -> Iterator[str]:
        with rtobs.span("http"):
            return iter("ab")

    assert list(rtobs.llm.stream(send, model="m")) == ["a", "b"]
    assert rtobs_capture.span("http").parent_id == rtobs_capture.span("chat m").span_id


def test_an_awaitable_of_a_stream_is_awaited(rtobs_capture: Captured) -> None:
    """What an asynchronous client returns can be given as it is."""

    async def letters() -> AsyncIterator[str]:
        yield "a"

    async def create() -> AsyncIterator[str]:
        return letters()

    async def run() -> list[str]:
        return [one async for one in rtobs.llm.stream(create(), model="m")]

    assert asyncio.run(run()) == ["a"]
    assert list(counted(rtobs_capture)) == [("ok", "met")]


def test_a_request_that_fails_at_once_is_an_error(rtobs_capture: Captured) -> None:
    """When sending raises, the answer is counted and the exception passes through."""

    def send() -> Iterator[str]:
        raise ConnectionError("no route")

    with pytest.raises(ConnectionError, match="no route"):
        rtobs.llm.stream(send, model="m")
    assert counted(rtobs_capture) == {("error", "missed"): 1}
    assert rtobs_capture.span("chat m").attributes["error.type"] == "ConnectionError"


def test_nothing_is_current_while_the_consumer_runs(clock: FakeClock) -> None:
    """The span of a stream never becomes the parent of what its consumer does."""
    with rtobs.testing.capture() as captured:
        for _ in rtobs.llm.stream(source(clock, 2), model="m"):
            assert trace.get_current_span() is trace.INVALID_SPAN
            with rtobs.span("consumer"):
                pass
        parents = {span.parent_id for span in captured.spans}
    assert parents == {""}


def test_the_wrapped_object_shows_through() -> None:
    """Attributes and methods of the client's stream stay reachable."""

    class Letters:
        response = "response"

        def __iter__(self) -> Iterator[str]:
            return iter("ab")

    letters: Any = Letters()
    stream = rtobs.llm.stream(letters, model="m")
    assert stream.response == "response"
    assert list(stream) == ["a", "b"]
    assert not hasattr(stream, "nonsense")


def test_a_reader_that_fails_does_not_break_the_stream(rtobs_capture: Captured) -> None:
    """An exception of `is_content` or `tokens` never reaches the consumer."""

    def broken(_: object) -> bool:
        raise ZeroDivisionError

    assert list(rtobs.llm.stream(iter("abc"), model="m", is_content=broken)) == ["a", "b", "c"]
    assert list(counted(rtobs_capture)) == [("ok", "met")]


def test_tokens_that_cannot_be_counted_leave_the_times_alone(
    clock: FakeClock, rtobs_capture: Captured
) -> None:
    """A `tokens` that fails neither breaks the stream nor counts a chunk twice."""
    wrong: Any = lambda _: None  # noqa: E731  # no number
    list(rtobs.llm.stream(source(clock, 3), model="m", tokens=wrong))
    mean = rtobs_capture.total("gen_ai.client.operation.time_per_output_chunk")
    assert mean == pytest.approx(NEXT)


def test_no_text_is_kept_or_sent(rtobs_capture: Captured) -> None:
    """Neither chunks nor exception messages turn up in any signal."""
    answer = [chunk("SECRET-TEXT"), chunk("SECRET-TEXT", reason="stop")]
    list(rtobs.llm.stream(iter(answer), model="m"))
    assert "SECRET-TEXT" not in repr((rtobs_capture.spans, rtobs_capture.points))


@pytest.mark.parametrize("chunks", [10, 1000])
def test_records_do_not_grow_with_the_stream(chunks: int, rtobs_capture: Captured) -> None:
    """One span and at most eight measurements per answer, however long it is."""
    list(rtobs.llm.stream(iter("x" * chunks), model="m"))
    measured = sum(point.count for point in rtobs_capture.points if point.type == "histogram")
    assert len(rtobs_capture.spans) == 1
    assert measured + 1 <= 8


@pytest.mark.parametrize(
    "call",
    [
        lambda: rtobs.llm.stream(iter(""), model="m", slo_class="hasty"),
        lambda: rtobs.llm.observe(model="m", view="proxy"),  # type: ignore[arg-type]
        lambda: rtobs.llm.declare("m", slo_class=""),
    ],
)
def test_wrong_arguments_are_refused(call: Callable[[], object]) -> None:
    """An unknown class or view raises at the call."""
    with pytest.raises(ConfigurationError):
        call()


def test_by_hand_an_exception_ends_the_answer(rtobs_capture: Captured) -> None:
    """`observe` as a context manager names the outcome after the exception."""
    call = rtobs.llm.observe(model="m")
    with pytest.raises(ValueError, match="x"), call:
        raise ValueError("x")
    assert counted(rtobs_capture) == {("error", "missed"): 1}


def test_by_hand_the_first_end_counts(rtobs_capture: Captured) -> None:
    """`finish` inside of the block wins over the end of the block."""
    with rtobs.llm.observe(model="m") as call:
        call.chunk()
        call.usage(input=4, output=9)
        call.finish("stop")
    span = rtobs_capture.span("chat m")
    assert counted(rtobs_capture) == {("ok", "met"): 1}
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert span.attributes["gen_ai.usage.output_tokens"] == 9
