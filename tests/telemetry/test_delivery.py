"""A healthy receiver gets everything, also at the end of the process."""

from __future__ import annotations

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run
from tests.telemetry.sizes import FULL, size

_BODY = """
    import atexit, logging, time
    ended = 0.0
    atexit.register(lambda: print(time.monotonic() - ended))
    rtobs.init("svc", domain="data", endpoint={endpoint!r}, protocol={protocol!r}, logs="otlp",
               limits=rtobs.Limits(queue=40_000), exit_budget=20.0)
    count = rtobs.counter("items", "{{item}}", labels=["kind"])
    log = logging.getLogger("svc")
    for number in range({items}):
        with rtobs.span("item", number=number):
            log.info("item %d", number)
            count.add(1, kind="even" if number % 2 == 0 else "odd")
    ended = time.monotonic()
"""


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_clean_exit_delivers_everything(protocol: str) -> None:
    """All spans, logs and counts of a process that ends normally arrive, over both protocols."""
    items = size(5_000, 20_000) if protocol == "grpc" else 20_000
    with OTLPSink(grpc=protocol == "grpc") as sink:
        endpoint = sink.grpc_endpoint if protocol == "grpc" else sink.endpoint
        ended = run(_BODY.format(endpoint=endpoint, protocol=protocol, items=items))
        assert (ended.code, ended.err) == (0, "")
        assert sorted(span.attributes["number"] for span in sink.spans) == list(range(items))
        assert len({log.body for log in sink.logs}) == items
        assert {log.trace_id for log in sink.logs} == {span.trace_id for span in sink.spans}
        even = sink.latest("items", kind="even")
        assert even is not None
        assert even.value == items / 2
        assert float(ended.out) <= (1.0 if FULL else 5.0)


def test_the_resource_names_the_service() -> None:
    """Every signal carries service, namespace, domain, environment and the names of the pod."""
    environ = {"K8S_NAMESPACE": "ai", "POD_NAME": "chat-0", "K8S_CONTAINER_NAME": "api"}
    with OTLPSink() as sink:
        ended = run(
            f"""
            import os
            rtobs.init("chat-api", domain="inference", environment="prod", version="1.2",
                       endpoint={sink.endpoint!r}, resource={{"team": "ai"}})
            with rtobs.span("one"): pass
            print(os.getpid())
            """,
            environ=environ,
        )
        expected = {
            "service.name": "chat-api",
            "service.namespace": "runtime",
            "service.version": "1.2",
            "service.instance.id": f"ai.chat-0.api.{ended.out.strip()}",
            "deployment.environment.name": "prod",
            "rtobs.domain": "inference",
            "k8s.namespace.name": "ai",
            "k8s.pod.name": "chat-0",
            "k8s.container.name": "api",
            "team": "ai",
        }
        assert sink.spans[0].resource == expected
        assert sink.points[0].resource == expected


def test_counters_start_at_zero_before_the_first_event() -> None:
    """The first export shows every outcome of an operation at 0, so `increase` sees the first."""
    with OTLPSink() as sink:
        run(f"""
            handle = rtobs.init("svc", endpoint={sink.endpoint!r})
            @rtobs.instrument("pay")
            def pay(): pass
            handle.flush()
            pay()
        """)
        outcomes = {
            point.attributes["outcome"]: point.value
            for point in reversed(sink.points)
            if point.metric == "rtobs.operations"
        }
        assert outcomes == {"ok": 0, "cancelled": 0, "error": 0, "abandoned": 0}
        latest = sink.latest("rtobs.operations", outcome="ok")
        assert latest is not None
        assert latest.value == 1


def test_an_exemplar_leads_from_the_histogram_to_the_trace() -> None:
    """The duration of an operation carries the trace id of its span."""
    with OTLPSink() as sink:
        run(f"""
            rtobs.init("svc", endpoint={sink.endpoint!r})
            rtobs.instrument("pay")(lambda: None)()
        """)
        point = sink.latest("rtobs.operation.duration", operation="pay")
        assert point is not None
        assert point.exemplar_traces == (sink.spans[0].trace_id,)


def test_compression_and_headers_of_the_environment_are_used() -> None:
    """`OTEL_EXPORTER_OTLP_COMPRESSION=gzip` is honoured, and the signal's endpoint wins."""
    with OTLPSink() as sink:
        ended = run(
            "rtobs.init('svc')\nwith rtobs.span('one'): pass",
            environ={
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{sink.endpoint}/v1/traces",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                "RTOBS_EXIT_BUDGET": "1",
            },
        )
        assert [span.name for span in sink.spans] == ["one"]
        assert ended.code == 0
