"""Threads and tasks at once: every span has the right parent and the right tenant."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial

import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

import rtobs
from rtobs.testing import Captured
from tests.telemetry.service import run
from tests.telemetry.sizes import size


def test_tasks_and_threads_do_not_mix_up(rtobs_capture: Captured) -> None:
    """64 threads, each with its share of 1,000 interleaved tasks, keep parent and tenant apart."""
    tasks = size(16, 1000)

    async def request(tenant: str) -> None:
        with rtobs.bind_tenant(tenant), rtobs.span("request", wanted=tenant):
            await asyncio.sleep(0)
            with rtobs.span("work", wanted=tenant):
                await asyncio.sleep(0)

    async def many(thread: int) -> None:
        await asyncio.gather(*(request(f"t{thread}-{task}") for task in range(tasks)))

    run_all([partial(asyncio.run, many(number)) for number in range(64)])
    spans = rtobs_capture.spans
    requests = {span.span_id: span for span in spans if span.name == "request"}
    works = [span for span in spans if span.name == "work"]
    assert (len(requests), len(works)) == (64 * tasks, 64 * tasks)
    assert all(span.attributes["tenant.id"] == span.attributes["wanted"] for span in spans)
    assert all(
        requests[span.parent_id].attributes["wanted"] == span.attributes["wanted"] for span in works
    )


def test_a_thousand_tasks_of_one_loop_do_not_mix_up(rtobs_capture: Captured) -> None:
    """1,000 tasks that await in each other's midst read streams, each in a trace of its own."""

    async def source(number: int) -> AsyncIterator[str]:
        for _ in range(3):
            with rtobs.span("produce", wanted=f"t{number}"):
                await asyncio.sleep(0)
            yield "x"

    async def request(number: int) -> None:
        with rtobs.bind_tenant(f"t{number}"), rtobs.span("request", wanted=f"t{number}"):
            before = rtobs.current_trace()
            async for _ in rtobs.llm.stream(source(number), model="m"):
                assert rtobs.current_trace() == before
                await asyncio.sleep(0)

    async def many() -> None:
        await asyncio.gather(*map(request, range(1000)))

    asyncio.run(many())
    spans = rtobs_capture.spans
    wanted = {span.trace_id: span.attributes["wanted"] for span in spans if not span.parent_id}
    names = Counter(span.name for span in spans)
    assert names == {"request": 1000, "chat m": 1000, "produce": 3000}
    assert len(set(wanted.values())) == 1000
    assert all(span.attributes["tenant.id"] == wanted[span.trace_id] for span in spans)
    assert all(
        span.attributes.get("wanted", wanted[span.trace_id]) == wanted[span.trace_id]
        for span in spans
    )


def run_all(works: Iterable[Callable[[], object]]) -> None:
    """Run each in a thread of its own, all at once."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_current_trace_and_tenant_end_with_their_block(rtobs_capture: Captured) -> None:
    """Outside of any span there is no trace, and a tenant ends with its block."""
    assert rtobs.current_trace() is None
    with rtobs.span("one"):
        ids = rtobs.current_trace()
    with rtobs.bind_tenant("acme"):
        pass
    with rtobs.span("two"):
        pass
    one = rtobs_capture.span("one")
    assert ids == (one.trace_id, one.span_id)
    assert "tenant.id" not in rtobs_capture.span("two").attributes


@rtobs.instrument("chat dropped")
def numbers() -> Iterator[int]:
    """Two numbers."""
    yield 1
    yield 2


@pytest.mark.parametrize("make", [lambda: rtobs.llm.stream(iter("ab"), model="dropped"), numbers])
def test_a_finalizer_never_records_itself(
    make: Callable[[], Iterator[object]], rtobs_capture: Captured
) -> None:
    """What is dropped is ended by the next call: its finalizer may have interrupted a lock."""
    ended: list[str] = []

    class Note(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span.name)

    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(Note())
    dropped = make()
    next(dropped)
    del dropped
    assert ended == []
    rtobs.llm.observe(model="next").finish()
    assert ended == ["chat dropped", "chat next"]
    assert len(rtobs_capture.spans) == 2


def test_log_lines_of_threads_carry_their_own_trace() -> None:
    """Every line that a thread writes inside of a span has the ids of that span."""
    ended = run("""
        import json, logging, threading
        rtobs.init("svc")
        def work(number):
            for _ in range(20):
                with rtobs.span("work"):
                    logging.info("%s", json.dumps(rtobs.current_trace()))
        threads = [threading.Thread(target=work, args=(one,)) for one in range(64)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """)
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert len(lines) == 1280
    assert all([line["trace_id"], line["span_id"]] == json.loads(line["message"]) for line in lines)


def test_propagation_carries_the_tenant() -> None:
    """A call to another service has the tenant in its baggage."""
    carrier: dict[str, str] = {}
    with rtobs.bind_tenant("acme"):
        propagate.inject(carrier)
    assert carrier["baggage"] == "tenant.id=acme"
