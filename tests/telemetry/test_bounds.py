"""What is kept for later has an end, and what falls over it is counted."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from rtobs.telemetry.deferred import CAPACITY, defer, run_deferred
from rtobs.telemetry.instruments import instruments
from rtobs.telemetry.redaction import Redaction, Redactor
from rtobs.testing import OTLPSink
from tests.telemetry.service import run


def _lost() -> int:
    drops = {(signal, reason): count for signal, reason, count in instruments.health.drops()}
    return drops["traces", "queue_full"]


def test_what_finalizers_leave_is_bounded_and_counted() -> None:
    """The work of finalizers that nobody fetches gives way, oldest first, and is in the account."""
    run_deferred()
    before, done = _lost(), []
    for number in range(CAPACITY + 7):
        defer(lambda number=number: done.append(number))  # type: ignore[misc]
    run_deferred()
    assert _lost() - before == 7
    assert done == list(range(7, CAPACITY + 7))


def test_streams_that_are_dropped_in_masses_cost_a_bounded_memory() -> None:
    """A service that drops streams and never comes back to the library keeps 10,000 of them."""
    ended = run("""
        from rtobs.telemetry.deferred import CAPACITY
        handle = rtobs.init("svc", logs="off")
        alive = [rtobs.llm.stream(iter("ab"), model="m") for _ in range(CAPACITY + 50)]
        for one in alive: next(one)
        del alive, one
        print(handle.stats()["dropped"]["traces/queue_full"])
    """)
    assert ended.out.strip() == "50"


def test_models_and_operations_without_end_are_bounded() -> None:
    """A model name for each request fills the labels once; the rest is one overflow series."""
    with OTLPSink() as sink:
        run(f"""
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off", signals=["metrics"],
                       exit_budget=20.0)
            for number in range(1500):
                list(rtobs.llm.stream(iter("a"), model=f"model {{number}}"))
        """)
        counted = {
            tuple(point.attributes.items()): point.value
            for point in sink.points
            if point.metric == "rtobs.llm.requests"
        }
        assert (len(counted) <= 2001, sum(counted.values())) == (True, 1500)


def test_what_redaction_remembers_is_bounded() -> None:
    """Keys and texts that never repeat are forgotten again."""
    redactor = Redactor(Redaction(), value_length=100, items=64)
    sizes = set()
    for number in range(10_000):
        redactor.value(f"key {number}", f"text {number}")
        sizes.add((len(redactor._clean), len(redactor._plain_keys)))  # noqa: SLF001  # no other way in
    assert max(texts for texts, _ in sizes) <= 4096
    assert max(keys for _, keys in sizes) <= 4096


def test_a_span_that_waits_is_small() -> None:
    """The queue keeps what is sent and not the span that may still change: under 1.5 KiB."""
    ended = run("""
        from tests.telemetry.sizes import resident
        rtobs.init("svc", endpoint="http://127.0.0.1:9", logs="off", exit_budget=0.1,
                   signals=["traces"], limits=rtobs.Limits(queue=20_000))
        def emit(count):
            for number in range(count):
                with rtobs.span("item", number=number, route="/v1/chat"): pass
        emit(500)
        before = resident()
        emit(10_000)
        print((resident() - before) / 10_000)
    """)
    assert float(ended.out) <= 1536


def test_a_record_with_too_many_attributes_is_cut() -> None:
    """Of a log record with a thousand attributes the first 64 are sent, and its failure."""
    with OTLPSink() as sink:
        run(f"""
            import logging
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="otlp")
            try:
                raise ValueError
            except ValueError:
                extra = {{f"key_{{number}}": number for number in range(1000)}}
                logging.exception("failed", extra=extra)
        """)
        (log,) = sink.logs
        own = {f"key_{number}" for number in range(64)}
        assert log.attributes.keys() == own | {"exception.type", "exception.stacktrace"}


def test_a_span_with_too_many_attributes_says_how_many_are_missing() -> None:
    """What a span loses to its limits is in the count that travels with it."""
    with OTLPSink() as sink:
        run(f"""
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off", signals=["traces"])
            with rtobs.span("wide") as span:
                for number in range(100):
                    span.set_attribute(f"key_{{number}}", number)
        """)
        request = ExportTraceServiceRequest.FromString(sink.bodies[0])
        span = request.resource_spans[0].scope_spans[0].spans[0]
        assert (len(span.attributes), span.dropped_attributes_count) == (64, 36)
