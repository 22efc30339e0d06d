"""Under gunicorn and uvicorn every worker counts for itself, and SIGTERM loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.web import WebServer

REQUESTS = 60
EXIT_BUDGET = 1.0
# gunicorn ends its workers first and itself afterwards, each within the exit budget.
LATE = 2 * EXIT_BUDGET + 8.0
WSGI = """
import rtobs

rtobs.init("web", logs="otlp")

@rtobs.instrument("serve")
def serve():
    __import__("logging").info("served")
    return [b"ok"]

def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return serve() if environ["PATH_INFO"] == "/serve" else [b"ok"]
"""
ASGI = """
import rtobs

rtobs.init("web", logs="otlp")

@rtobs.instrument("serve")
async def serve():
    __import__("logging").info("served")

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["path"] == "/serve":
        await serve()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""


@dataclass(frozen=True)
class Setup:
    """How a server is started.

    Attributes:
        arguments: module and arguments.
        application: source of the module "web".
        workers: processes that answer.
        code: exit status after SIGTERM.
    """

    arguments: Sequence[str]
    application: str
    workers: int
    code: int

    @property
    def needs(self) -> str:
        """The package that is run."""
        return self.arguments[0]


_GUNICORN = ("gunicorn", "web:app", "--bind", "127.0.0.1:{port}", "--no-control-socket")
_UVICORN = ("uvicorn", "web:app", "--port", "{port}", "--no-access-log")
SETUPS = {
    "gunicorn, forked after init": Setup((*_GUNICORN, "--preload", "--workers", "4"), WSGI, 4, 0),
    "gunicorn, asynchronous": Setup((*_GUNICORN, "--worker-class", "asgi"), ASGI, 1, 0),
    "uvicorn": Setup(_UVICORN, ASGI, 1, -15),
    "uvicorn, workers": Setup((*_UVICORN, "--workers", "2"), ASGI, 2, 0),
}


@pytest.fixture
def setup(name: str) -> Setup:
    """One way to start a server."""
    chosen = SETUPS[name]
    if find_spec(chosen.needs) is None:
        pytest.skip(f"{chosen.needs} is not installed (dependency group examples)")
    return chosen


def start(setup: Setup, sink: OTLPSink, folder: Path) -> WebServer:
    """The server with its application, which exports to the sink."""
    (folder / "web.py").write_text(setup.application)
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
        "RTOBS_EXIT_BUDGET": str(EXIT_BUDGET),
        "PYTHONPATH": f"{folder}:.",
    }
    return WebServer(setup.arguments, environ)


def instances(sink: OTLPSink) -> set[str]:
    """The processes whose metrics came."""
    return {point.resource["service.instance.id"] for point in sink.points}


def served(sink: OTLPSink) -> dict[str, float]:
    """The last count of served requests by instance."""
    return {
        point.resource["service.instance.id"]: point.value
        for point in sink.points
        if point.metric == "rtobs.operations" and point.attributes["outcome"] == "ok"
    }


@pytest.mark.parametrize("name", SETUPS)
def test_every_request_of_every_worker_arrives(setup: Setup, tmp_path: Path) -> None:
    """After SIGTERM counts, spans and logs make the truth, each worker under its own instance."""
    with OTLPSink() as sink:
        with start(setup, sink, tmp_path) as server, ThreadPoolExecutor(8) as readers:
            # gunicorn loses a SIGTERM that reaches a worker while it is being made.
            assert sink.wait(lambda one: len(instances(one)) >= setup.workers)
            answers = list(readers.map(server.endpoint.get, ["/serve"] * REQUESTS))
        assert {answer.status for answer in answers} == {200}
        assert server.code == setup.code
        assert sum(served(sink).values()) == REQUESTS
        assert len(served(sink)) >= setup.workers
        spans = [span.resource["service.instance.id"] for span in sink.spans]
        assert {one: spans.count(one) for one in served(sink)} == served(sink)
        assert len([log for log in sink.logs if log.body == "served"]) == REQUESTS
        assert "Traceback" not in server.err
        assert "rtobs" not in server.err


@pytest.mark.parametrize("name", ["gunicorn, forked after init", "uvicorn, workers"])
def test_a_receiver_that_is_away_delays_no_end(setup: Setup, tmp_path: Path) -> None:
    """Without a receiver the server answers as ever and ends within the exit budget."""
    with OTLPSink() as sink:
        sink.delay(60.0)
        with start(setup, sink, tmp_path) as server:
            assert sink.wait(lambda one: one.requests >= setup.workers)
            assert server.endpoint.get("/serve").status == 200
            assert server.stop() < LATE
        assert server.code == setup.code
