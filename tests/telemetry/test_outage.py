"""A receiver that fails must not hurt the service, and no loss may be silent."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import finish, heard, run, start, tell
from tests.telemetry.sizes import FULL

BUDGET = 1.0
# Generous: the bar on an idle machine is the budget and half a second.
MARGIN = 3.0
QUEUE, BATCH = 1000, 200
KIBIBYTE = 1024
_BODY = """
    import array, atexit, json, logging, statistics, time
    from tests.telemetry.sizes import resident
    ended = 0.0
    def last(values):
        return statistics.quantiles(values, n=100)[98]
    def report():
        seconds = time.monotonic() - ended
        print(json.dumps([seconds, last(waited) - last(idle), last(worked), grown]), flush=True)
    # What the machine's other processes cost the same loop without telemetry.
    idle = array.array("d", bytes(8 * {items}))
    for number in range({items}):
        began = time.perf_counter()
        sum(range(2000))
        idle[number] = time.perf_counter() - began
        time.sleep({pause})
    atexit.register(report)
    handle = rtobs.init("svc", endpoint={endpoint!r}, logs="otlp", exit_budget={budget},
                        timeout=10.0, limits=rtobs.Limits(queue={queue}, batch={batch}))
    log = logging.getLogger("svc")
    waited, worked = (array.array("d", bytes(8 * {items})) for _ in range(2))
    def emit(items):
        for number in range(items):
            began, busy = time.perf_counter(), time.thread_time()
            with rtobs.span("item"):
                log.info("item")
            worked[number] = time.thread_time() - busy
            waited[number] = time.perf_counter() - began
            time.sleep({pause})
    emit(50)
    before = resident()
    emit({items})
    grown = resident() - before
    assert all(count <= {queue} + {batch} for count in handle.stats()["queued"].values())
    ended = time.monotonic()
"""


@contextmanager
def _refused() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def _black_hole() -> Iterator[str]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def _full() -> Iterator[str]:
    """A receiver that accepts no connection; nothing can abort a connection that is not there."""
    with socket.socket() as server, ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.settimeout(0.0)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def _no_such_host() -> Iterator[str]:
    yield "http://collector.invalid:4318"


@contextmanager
def _answers(status: int) -> Iterator[str]:
    with OTLPSink() as sink:
        sink.fail(status)
        yield sink.endpoint


@contextmanager
def _slow() -> Iterator[str]:
    with OTLPSink() as sink:
        sink.delay(3.0)
        yield sink.endpoint


OUTAGES = {
    "refused": _refused,
    "black hole": _black_hole,
    "no such host": _no_such_host,
    "503": lambda: _answers(503),
    "400": lambda: _answers(400),
    "slow": _slow,
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_delays_neither_the_work_nor_the_exit(outage: str) -> None:
    """With any kind of broken receiver exit, latency, memory and log stay within their bounds."""
    items, pause = (10_000, 0.001) if FULL else (3000, 0.0)
    with OUTAGES[outage]() as endpoint:
        sizes = {"budget": BUDGET, "queue": QUEUE, "batch": BATCH, "items": items, "pause": pause}
        ended = run(_BODY.format(endpoint=endpoint, **sizes), limit=180)
    exit_seconds, added, worked, grown = json.loads(ended.out)
    assert ended.code == 0
    assert exit_seconds <= BUDGET + MARGIN
    assert worked <= 0.001  # seconds of 99 in 100 items: what the thread itself had to do
    assert added <= (0.001 if FULL else 0.05)  # in a short run, chance decides who has to wait
    assert grown <= 2 * QUEUE * 2 * KIBIBYTE
    assert len(ended.err.splitlines()) <= 5


def test_after_an_outage_everything_but_the_overflow_arrives() -> None:
    """What the sink misses is exactly what was counted as lost, and counters are exact."""
    with OTLPSink() as sink:
        service = start(f"""
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off",
                                limits=rtobs.Limits(queue=500, batch=100))
            count = rtobs.counter("items", "{{item}}")
            def emit(first, last):
                for number in range(first, last):
                    with rtobs.span("item", number=number):
                        count.add()
                print(handle.flush(10), flush=True)
            emit(0, 50)
            input()
            emit(50, 1050)
            input()
            emit(1050, 1060)
            print(handle.stats()["dropped"]["traces/queue_full"], flush=True)
        """)
        answers: list[str] = []
        for prepare in (sink.recover, lambda: sink.fail(503), sink.recover):
            prepare()
            if answers:
                tell(service)
            answers.append(heard(service))
        lost = heard(service)
        ended = finish(service)
        assert answers == ["True", "False", "True"]
        assert ended.code == 0
        assert int(lost) == 510
        numbers = sorted(span.attributes["number"] for span in sink.spans)
        assert numbers == [*range(50), *range(560, 1060)]
        counted = sink.latest("items")
        dropped = sink.latest("rtobs.dropped", signal="traces", reason="queue_full")
        assert counted is not None
        assert dropped is not None
        assert (counted.value, dropped.value) == (1060, 510)


def test_what_the_receiver_rejects_is_counted_and_not_sent_again() -> None:
    """A 400 loses its batch once, visibly, and the next batch is tried."""
    with OTLPSink() as sink:
        sink.fail(400)
        ended = run(f"""
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, signals=["traces"], logs="off")
            for _ in range(3):
                with rtobs.span("one"): pass
                handle.flush()
            stats = handle.stats()
            print(stats["dropped"]["traces/rejected"], stats["failures"]["traces"])
        """)
        assert ended.out.split() == ["3", "3"]
        assert sink.requests == 3


def test_what_exporting_logs_is_not_exported_again() -> None:
    """Complaints about a failed export never become log records that must be exported."""
    with OTLPSink() as sink:
        sink.fail(503)
        service = start(f"""
            import logging
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="otlp")
            logging.getLogger().setLevel("DEBUG")
            logging.info("mine")
            print(handle.flush(10), flush=True)
            input()
            print(handle.flush(10), flush=True)
        """)
        first = heard(service)
        sink.recover()
        tell(service)
        assert (first, heard(service), finish(service).code) == ("False", "True", 0)
        assert [log.body for log in sink.logs] == ["mine"]


def test_a_shutdown_reports_what_it_could_not_deliver() -> None:
    """The report names sent and lost items, and what comes later is lost and counted."""
    with _refused() as endpoint:
        ended = run(f"""
            handle = rtobs.init("svc", endpoint={endpoint!r}, signals=["traces"], logs="off",
                                exit_budget=0.5)
            for _ in range(7):
                with rtobs.span("one"): pass
            report = handle.shutdown()
            with rtobs.span("late"): pass
            print(report.sent["traces"], report.dropped["traces"], report.seconds < 5,
                  handle.stats()["dropped"]["traces/shutdown"], handle.enabled)
        """)
    assert ended.out.split() == ["0", "7", "True", "8", "False"]


@pytest.mark.parametrize("outage", ["refused", "black hole"])
def test_metrics_that_could_not_be_delivered_are_in_the_report(outage: str) -> None:
    """The points of the last collection are lost at the end, once, and not before."""
    with OUTAGES[outage]() as endpoint:
        ended = run(f"""
            handle = rtobs.init("svc", endpoint={endpoint!r}, signals=["metrics"], logs="off",
                                exit_budget=0.5)
            rtobs.counter("items").add()
            handle.flush(0.1)
            before = sum(handle.stats()["dropped"].values())
            print(before, handle.shutdown().dropped["metrics"] > 0,
                  handle.stats()["dropped"]["metrics/shutdown"] < 40)
        """)
    assert ended.out.split() == ["0", "True", "True"]


def test_flush_keeps_its_time_limit() -> None:
    """`flush` gives up after its timeout when the receiver does not answer."""
    with _black_hole() as endpoint:
        began = time.monotonic()
        ended = run(f"""
            import time
            handle = rtobs.init("svc", endpoint={endpoint!r}, logs="off", exit_budget=0.2)
            with rtobs.span("one"): pass
            began = time.monotonic()
            print(handle.flush(0.3), time.monotonic() - began < 3)
        """)
    assert ended.out.split() == ["False", "True"]
    assert time.monotonic() - began < 15


def test_the_signals_share_one_budget_at_the_end() -> None:
    """Three exports that cannot even connect cost the end of the process no more than one does."""
    with _full() as endpoint:
        ended = run(f"""
            import logging, time
            handle = rtobs.init("svc", endpoint={endpoint!r}, logs="otlp", instrument=False)
            with rtobs.span("one"): logging.warning("one")
            handle.flush(0.3)
            print(handle.shutdown(timeout=1.0).seconds)
        """)
    assert float(ended.out) < 1.3
