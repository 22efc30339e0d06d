"""What cannot be encoded is lost alone, whatever the signal and the protocol."""

from __future__ import annotations

import json

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_what_cannot_be_encoded_costs_nothing_else(protocol: str) -> None:
    """One bad span, record and metric each: all others arrive, also later, and it is counted."""
    if protocol == "grpc":
        pytest.importorskip("grpc")
    with OTLPSink(grpc=protocol == "grpc") as sink:
        endpoint = sink.endpoint if protocol == "http/protobuf" else sink.grpc_endpoint
        ended = run(f"""
            import json, logging
            from opentelemetry import metrics, trace
            from opentelemetry._logs import LogRecord, get_logger
            handle = rtobs.init("svc", endpoint={endpoint!r}, protocol={protocol!r}, logs="otlp",
                                instrument=False)
            count = rtobs.counter("items", "{{item}}")
            count.add()
            metrics.get_meter("svc").create_counter("bad").add(2**64)
            for number in range(20):
                with rtobs.span("item"):
                    logging.warning("item")
                if number == 10:
                    trace.get_tracer("svc").start_span("bad").end(end_time=2**70)
                    get_logger("svc").emit(LogRecord(timestamp=2**70, body="bad"))
            first = handle.flush(20)
            count.add()
            second = handle.flush(20)
            print(json.dumps([first, second, handle.stats()["dropped"]]))
        """)
        first, second, dropped = json.loads(ended.out)
        point = sink.latest("items")
        assert (first, second) == (True, True)
        assert [span.name for span in sink.spans] == ["item"] * 20
        assert [log.body for log in sink.logs if log.body == "item"] == ["item"] * 20
        assert point is not None
        assert point.value == 2
        assert sink.latest("bad") is None
        assert dropped["traces/rejected"] == dropped["logs/rejected"] == 1
        assert dropped["metrics/rejected"] >= 2
