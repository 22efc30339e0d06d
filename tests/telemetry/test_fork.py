"""A forked child counts for itself and never for its parent."""

from __future__ import annotations

from collections import defaultdict

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run


def _totals(sink: OTLPSink, metric: str, **attributes: str) -> dict[str, float]:
    """The last value of a series of a counter by instance."""
    totals: dict[str, float] = {}
    for point in sink.points:
        if point.metric == metric and attributes.items() <= point.attributes.items():
            totals[point.resource["service.instance.id"]] = point.value
    return totals


def test_children_of_fork_export_only_what_they_did() -> None:
    """Parent 10 and three children with 1 each make 13, from four instances, spans included."""
    with OTLPSink() as sink:
        ended = run(f"""
            import os, sys
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            count = rtobs.counter("items", "{{item}}")
            def emit(number):
                for _ in range(number):
                    with rtobs.span("item"):
                        count.add()
            emit(10)
            children = []
            for _ in range(3):
                child = os.fork()
                if child == 0:
                    emit(1)
                    sys.exit(0)
                children.append(child)
            print([os.waitpid(child, 0)[1] for child in children])
        """)
        assert (ended.out.strip(), ended.err) == ("[0, 0, 0]", "")
        assert sorted(_totals(sink, "items").values()) == [1, 1, 1, 10]
        spans: dict[str, int] = defaultdict(int)
        for span in sink.spans:
            spans[span.resource["service.instance.id"]] += 1
        assert sorted(spans.values()) == [1, 1, 1, 10]


def test_counters_of_a_child_start_at_zero() -> None:
    """A series that the parent declared exists in the child too, before anything happens."""
    with OTLPSink() as sink:
        run(f"""
            import os, sys
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            rtobs.instrument("work")(lambda: None)()
            child = os.fork()
            if child == 0:
                sys.exit(0)
            os.waitpid(child, 0)
        """)
        assert sorted(_totals(sink, "rtobs.operations", outcome="ok").values()) == [0, 1]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_deliver_at_their_end(method: str, tmp_path: object) -> None:
    """Every start method delivers what its workers counted, though they never run `atexit`."""
    with OTLPSink() as sink:
        ended = run(f"""
            import pathlib, subprocess, sys
            path = pathlib.Path({str(tmp_path)!r}) / "service.py"
            path.write_text('''
            import multiprocessing
            import rtobs

            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            count = rtobs.counter("items", "{{item}}")

            def work(_):
                count.add()

            if __name__ == "__main__":
                count.add(5)
                context = multiprocessing.get_context("{method}")
                workers = [context.Process(target=work, args=(one,)) for one in range(3)]
                for worker in workers: worker.start()
                for worker in workers: worker.join()
                print([worker.exitcode for worker in workers])
            '''.replace("\\n            ", "\\n"))
            print(subprocess.run([sys.executable, str(path)], env=__import__("os").environ |
                  {{"PYTHONPATH": "."}}, capture_output=True, text=True, timeout=30))
        """)
        assert "[0, 0, 0]" in ended.out
        assert "stderr=''" in ended.out
        assert sum(_totals(sink, "items").values()) == 8


def test_a_child_leaves_to_its_parent_what_the_parent_abandoned() -> None:
    """A stream that was dropped before the fork is counted once, by the parent."""
    with OTLPSink() as sink:
        ended = run(f"""
            import os, sys
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            stream = rtobs.llm.stream(iter("ab"), model="m")
            next(stream)
            del stream
            child = os.fork()
            if child == 0:
                sys.exit(0)
            os.waitpid(child, 0)
        """)
        assert (ended.code, ended.err) == (0, "")
        series = {"outcome": "abandoned", "goodput": "met"}
        counted = _totals(sink, "rtobs.llm.requests", **series).values()
        assert sorted(counted) == [0, 1]
        assert len(sink.spans) == 1


def test_many_forks_under_load_never_hang() -> None:
    """While threads record and export, two hundred forks each come back and end."""
    with OTLPSink() as sink:
        ended = run(
            f"""
            import os, threading
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off", exit_budget=10.0)
            count = rtobs.counter("items", "{{item}}", labels=["kind"])
            stop = threading.Event()
            def load():
                number = 0
                while not stop.wait(0.0005):
                    number += 1
                    with rtobs.span("item"):
                        count.add(1, kind=number % 50)
            def flush():
                while not stop.wait(0.001):
                    handle.flush(1)
            threads = [threading.Thread(target=one) for one in (load, load, flush)]
            for thread in threads: thread.start()
            codes = set()
            for _ in range(200):
                child = os.fork()
                if child == 0:
                    with rtobs.span("child"):
                        count.add(1, kind="child")
                    flushed = handle.flush(20)
                    os._exit(0 if flushed else 1)
                codes.add(os.waitpid(child, 0)[1])
            stop.set()
            for thread in threads: thread.join()
            print(codes)
            """,
            limit=120,
        )
        assert (ended.out.strip(), ended.err) == ("{0}", "")
        children = [span for span in sink.spans if span.name == "child"]
        assert len(children) == 200
        assert len({span.resource["service.instance.id"] for span in children}) == 200


_GAUGE = """
            from opentelemetry import metrics
            from opentelemetry.metrics import Observation
            metrics.get_meter("svc").create_observable_gauge("gpu", [look])
"""


def test_a_metric_callback_may_start_a_program() -> None:
    """A fork inside of a collection comes back, and so does every one after it."""
    with OTLPSink() as sink:
        ended = run(
            f"""
            import os, subprocess
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            def look(_):
                subprocess.run(["true"], preexec_fn=os.setsid)
                return [Observation(1)]
            {_GAUGE.strip()}
            flushed = handle.flush(10)
            print(flushed, subprocess.run(["true"], preexec_fn=os.setsid).returncode, flush=True)
            os._exit(0)  # at the end of Python the SDK's own hooks complain in each child
            """,
            limit=30,
        )
        assert (ended.out.strip(), ended.err) == ("True 0", "")
        assert set(_totals(sink, "gpu").values()) == {1}


def test_a_slow_metric_callback_holds_up_no_fork() -> None:
    """A fork in the middle of a collection takes no notice, and the child exports as always."""
    with OTLPSink() as sink:
        ended = run(f"""
            import os, sys, threading, time
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off", exit_budget=15.0)
            count = rtobs.counter("items", "{{item}}")
            begun, slow = threading.Event(), [4.0]
            def look(_):
                begun.set()
                time.sleep(slow.pop() if slow else 0.0)
                return [Observation(1)]
            {_GAUGE.strip()}
            threading.Thread(target=handle.flush, daemon=True).start()
            begun.wait(10)
            began = time.monotonic()
            child = os.fork()
            took = time.monotonic() - began
            count.add()
            if child == 0:
                slow.clear()
                sys.exit(0)
            print(took < 2.0, os.waitpid(child, 0)[1])
        """)
        assert (ended.out.strip(), ended.err) == ("True 0", "")
        assert sorted(_totals(sink, "items").values()) == [1, 1]
        assert len(_totals(sink, "gpu")) == 2


def test_a_span_that_is_open_at_a_fork_is_the_parents() -> None:
    """Both processes end it and one exports it; a child may still date its own spans back."""
    with OTLPSink() as sink:
        ended = run(f"""
            import os, sys
            from opentelemetry import trace
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            with rtobs.span("outer"):
                child = os.fork()
            if child == 0:
                trace.get_tracer("svc").start_span("waited", start_time=1).end()
                sys.exit(0)
            print(os.waitpid(child, 0)[1])
        """)
        assert (ended.out.strip(), ended.err) == ("0", "")
        assert sorted(span.name for span in sink.spans) == ["outer", "waited"]
