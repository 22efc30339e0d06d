"""At the edge of the platform: what callers say, and servers without a framework."""

from __future__ import annotations

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ASKED = f"""
    from opentelemetry import baggage, propagate
    headers = {{
        "traceparent": "00-{TRACE}-00f067aa0ba902b7-01",
        "baggage": "tenant.id=" + "x" * 300 + ",other=1",
    }}
"""


@pytest.mark.parametrize(
    ("accept", "heard"), [("true", ("x" * 128, "1", True)), ("false", (None, None, True))]
)
def test_baggage_of_callers_is_cut_or_left_behind(accept: str, heard: tuple[object, ...]) -> None:
    """Inside, a tenant is cut at 128 characters; at the edge it is dropped; the trace goes on."""
    ended = run(
        f"""
        rtobs.init("svc", logs="off")
        {ASKED.replace(chr(10) + "    ", chr(10) + "        ")}
        found = propagate.extract(headers)
        from opentelemetry import trace
        same = trace.get_current_span(found).get_span_context().trace_id == int("{TRACE}", 16)
        print((baggage.get_baggage("tenant.id", found), baggage.get_baggage("other", found), same))
        """,
        environ={"RTOBS_ACCEPT_BAGGAGE": accept},
    )
    assert (ended.out.strip(), ended.err) == (repr(heard), "")


def test_a_tenant_that_was_bound_here_stays_at_the_edge() -> None:
    """What a caller says is dropped, what the service itself has bound is kept."""
    ended = run(
        """
        from opentelemetry import baggage, propagate
        rtobs.init("svc", logs="off", accept_baggage=False)
        with rtobs.bind_tenant("acme"):
            found = propagate.extract({"baggage": "tenant.id=evil"})
            carried = {}
            propagate.inject(carried)
        print(baggage.get_baggage("tenant.id", found), carried)
        """
    )
    assert (ended.out.strip(), ended.err) == ("acme {'baggage': 'tenant.id=acme'}", "")


ASGI = """
import asyncio, logging

async def app(scope, receive, send):
    logging.info("answered")
    if scope["path"] == "/broken":
        raise ValueError("password=hunter2-asgi")
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})

async def ask(path):
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
             "query_string": b"token=s3cret-query", "headers": HEADERS, "scheme": "http",
             "server": ("svc", 80), "client": ("10.0.0.9", 5), "http_version": "1.1"}
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        pass
    try:
        await wrapped(scope, receive, send)
    except ValueError:
        pass

async def all_of_them():
    for path in ("/pay", "/broken", "/healthz"):
        await ask(path)
HEADERS = [(b"traceparent", b"00-@TRACE@-00f067aa0ba902b7-01"),
           (b"authorization", b"Bearer asgi-secret-token")]
wrapped = rtobs.asgi(app)
asyncio.run(all_of_them())
"""
WSGI = """
import logging

def app(environ, start_response):
    logging.info("answered")
    if environ["PATH_INFO"] == "/broken":
        raise ValueError("password=hunter2-asgi")
    start_response("204 No Content", [])
    return [b""]
wrapped = rtobs.wsgi(app)
for path in ("/pay", "/broken", "/healthz"):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "token=s3cret-query",
        "SERVER_NAME": "svc", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http", "HTTP_AUTHORIZATION": "Bearer asgi-secret-token",
        "HTTP_TRACEPARENT": "00-@TRACE@-00f067aa0ba902b7-01", "REMOTE_ADDR": "10.0.0.9"}
    try:
        for _ in wrapped(environ, lambda *_: None):
            pass
    except ValueError:
        pass
"""


@pytest.mark.parametrize(("package", "body"), [("asgi", ASGI), ("wsgi", WSGI)])
def test_an_application_without_a_framework_is_measured(package: str, body: str) -> None:
    """Each request but the probe is a span of its caller's trace, and a stable duration."""
    pytest.importorskip(f"opentelemetry.instrumentation.{package}")
    script = body.replace("@TRACE@", TRACE)
    with OTLPSink() as sink:
        ended = run(f"rtobs.init('svc', endpoint='{sink.endpoint}', logs='otlp')\n{script}")
        assert (ended.code, ended.err) == (0, "")
        spans = [span for span in sink.spans if span.kind == "SERVER"]
        assert [(span.trace_id, span.status) for span in spans] == [
            (TRACE, "UNSET"),
            (TRACE, "ERROR"),
        ]
        durations = [p for p in sink.points if p.metric == "http.server.request.duration"]
        assert sum(point.count for point in durations) == 2
        assert [log.trace_id for log in sink.logs][:2] == [TRACE, TRACE]
        sent = b"".join(sink.bodies)
        secrets = (b"hunter2-asgi", b"s3cret-query", b"asgi-secret-token")
        assert [secret for secret in secrets if secret in sent] == []


@pytest.mark.parametrize("package", ["asgi", "wsgi"])
def test_without_the_package_the_application_comes_back_with_one_warning(package: str) -> None:
    """A missing instrumentation does not stop a service."""
    ended = run(
        f"""
        import sys
        sys.modules["opentelemetry.instrumentation.{package}"] = None
        app = object()
        print(rtobs.{package}(app) is app)
        """
    )
    warning = f"requests are not measured: opentelemetry-instrumentation-{package} is missing\n"
    assert (ended.out, ended.err) == ("True\n", warning)
