"""Importing rtobs costs nothing and does nothing."""

from __future__ import annotations

import json

from tests.telemetry.service import run


def test_importing_loads_nothing_heavy_and_starts_nothing() -> None:
    """`import rtobs` loads no OpenTelemetry, no gRPC, no HTTP client, and starts no thread."""
    ended = run("""
        import json, logging, os, signal, sys, threading
        heavy = ("opentelemetry", "grpc", "requests", "google", "yaml", "pydantic", "http")
        print(json.dumps([
            sorted({name.partition(".")[0] for name in sys.modules} & set(heavy)),
            threading.active_count(),
            logging.getLogger().handlers,
            signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        ]))
    """)
    assert json.loads(ended.out) == [[], 1, [], True]


def test_every_public_name_is_there() -> None:
    """Each name of `rtobs.__all__` can be used, and an unknown name is an AttributeError."""
    ended = run("""
        missing = [name for name in rtobs.__all__ if getattr(rtobs, name, None) is None]
        print(missing, hasattr(rtobs, "nonsense"), set(rtobs.__all__) <= set(dir(rtobs)))
    """)
    assert ended.out.split() == ["[]", "False", "True"]


def test_names_work_before_init_and_start_nothing() -> None:
    """Spans, metrics and streams may be used before `init`; they cost a little and go nowhere."""
    ended = run("""
        import sys, threading
        orders = rtobs.counter("orders", "{order}", labels=["status"])
        @rtobs.instrument("work")
        def work():
            with rtobs.span("inner"):
                orders.add(1, status="paid")
                return list(rtobs.llm.stream(iter("ab"), model="m"))
        print(work(), threading.active_count(), "opentelemetry.sdk.trace" in sys.modules)
    """)
    assert (ended.out.strip(), ended.err) == ("['a', 'b'] 1 False", "")


def test_http_needs_neither_grpc_nor_requests() -> None:
    """A service that exports over HTTP never loads gRPC or requests."""
    ended = run("""
        import sys
        rtobs.init(
            "svc", endpoint="http://127.0.0.1:9", exit_budget=0.1, logs="off", instrument=False
        )
        print("grpc" in sys.modules, "requests" in sys.modules)
    """)
    assert ended.out.split() == ["False", "False"]
