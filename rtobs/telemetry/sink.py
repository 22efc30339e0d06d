"""An OTLP receiver on the loopback address, for tests; it can also misbehave."""

from __future__ import annotations

import gzip
import importlib
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from rtobs.telemetry.otlp_values import Log, Point, Span, logs_of, points_of, spans_of

__all__ = ["OTLPSink"]

_REQUESTS: Mapping[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}
_DECOMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
_GRPC = (
    ("trace", "Trace", "/v1/traces", ExportTraceServiceResponse),
    ("metrics", "Metrics", "/v1/metrics", ExportMetricsServiceResponse),
    ("logs", "Logs", "/v1/logs", ExportLogsServiceResponse),
)
_POLL = 0.02


class OTLPSink:
    """Receives OTLP and keeps it as values.

    Use it as a context manager; it listens on free ports of 127.0.0.1.

    Args:
        http: receive OTLP/HTTP.
        grpc: receive OTLP/gRPC.
        http_port: 0 for a free one; a fixed one to come back after an outage.
        tls: speak HTTPS with this server-side context.

    Attributes:
        endpoint: base URL of the HTTP receiver, for `rtobs.init(endpoint=...)`.
        grpc_endpoint: URL of the gRPC receiver.
        spans: received spans, in order of arrival.
        points: received data points, in order of arrival; see `latest`.
        logs: received log records, in order of arrival.
        bodies: raw HTTP requests, decompressed.
        requests: number of requests, refused ones included.
    """

    def __init__(
        self,
        *,
        http: bool = True,
        grpc: bool = False,
        http_port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.endpoint = ""
        self.grpc_endpoint = ""
        self.spans: list[Span] = []
        self.points: list[Point] = []
        self.logs: list[Log] = []
        self.bodies: list[bytes] = []
        self.requests = 0
        self._status = 200
        self._delay = 0.0
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._scheme = "http" if tls is None else "https"
        self._http = _http_server(self, http_port, tls) if http else None
        self._grpc = _grpc_server(self) if grpc else None

    def __enter__(self) -> Self:
        if self._http is not None:
            self.endpoint = f"{self._scheme}://127.0.0.1:{self._http.server_port}"
            threading.Thread(target=self._http.serve_forever, args=(_POLL,), daemon=True).start()
        if self._grpc is not None:
            port = self._grpc.add_insecure_port("127.0.0.1:0")
            self.grpc_endpoint = f"http://127.0.0.1:{port}"
            self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
        if self._grpc is not None:
            self._grpc.stop(grace=None)

    def fail(self, status: int) -> None:
        """Answer further HTTP requests with this status and forget them."""
        self._status = status

    def delay(self, seconds: float) -> None:
        """Wait before each further answer, at most until the sink is closed."""
        self._delay = seconds

    def recover(self) -> None:
        """Behave again."""
        self._status, self._delay = 200, 0.0

    def latest(self, metric: str, **attributes: object) -> Point | None:
        """The newest point of a metric that has these attributes; dots are written as `__`."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        with self._lock:
            for point in reversed(self.points):
                if point.metric == metric and wanted.items() <= point.attributes.items():
                    return point
        return None

    def wait(self, condition: Callable[[OTLPSink], bool], timeout: float = 10.0) -> bool:
        """Wait until `condition` holds; False when it did not within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if condition(self):
                return True
            time.sleep(_POLL)
        return condition(self)

    def receive(self, path: str, body: bytes) -> int:
        """Take one request; returns the HTTP status."""
        self.requests += 1
        if self._delay:
            self._released.wait(self._delay)
        if self._status != 200:  # noqa: PLR2004  # HTTP's own number
            return self._status
        if path not in _REQUESTS:
            return 404
        with self._lock:
            self.bodies.append(body)
            self.keep(path, _REQUESTS[path].FromString(body))
        return 200

    def keep(self, path: str, request: Any) -> None:  # noqa: ANN401  # one of three messages
        """Remember the content of a request."""
        if path == "/v1/traces":
            self.spans.extend(spans_of(request))
        elif path == "/v1/metrics":
            self.points.extend(points_of(request))
        else:
            self.logs.extend(logs_of(request))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:  # noqa: ANN401  # the base class's signature
        """Say nothing: a client that went away is what some tests are about."""


def _http_server(sink: OTLPSink, port: int, tls: ssl.SSLContext | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name that http.server calls
            body = self.rfile.read(int(self.headers["content-length"]))
            decompress = _DECOMPRESS.get(self.headers.get("content-encoding", ""))
            status = sink.receive(self.path, decompress(body) if decompress else body)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:  # noqa: ANN401  # the base class's signature
            """Say nothing: the test reads the sink."""

    server = _Server(("127.0.0.1", port), Handler)
    if tls is not None:
        # The handshake waits for the thread of the connection: a silent client blocks nobody.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    return server


def _grpc_server(sink: OTLPSink) -> Any:  # noqa: ANN401  # grpc has no types
    import grpc  # type: ignore[import-untyped]  # noqa: PLC0415  # only a test of gRPC needs it

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    for module, name, path, response in _GRPC:
        generated = importlib.import_module(
            f"opentelemetry.proto.collector.{module}.v1.{module}_service_pb2_grpc"
        )
        add = getattr(generated, f"add_{name}ServiceServicer_to_server")
        add(_servicer(sink, path, response), server)
    return server


def _servicer(sink: OTLPSink, path: str, response: Callable[[], Any]) -> Any:  # noqa: ANN401  # duck-typed by grpc
    class Servicer:
        def Export(self, request: Any, _: Any) -> Any:  # noqa: ANN401, N802  # grpc's name
            sink.receive(path, request.SerializeToString())
            return response()

    return Servicer()
