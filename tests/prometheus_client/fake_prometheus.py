"""A server on loopback that answers as it is told, faults included."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Asked:
    """A request that came.

    Attributes:
        method: GET or POST.
        path: with the prefix, without the query.
        headers: by lower-case name.
        fields: of the form or the query.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, list[str]]


@dataclass(frozen=True)
class Reply:
    """What to answer.

    Attributes:
        body: bytes to send.
        status: HTTP status.
        headers: further headers.
        delay: seconds before the first byte.
        cut: send this many bytes of the body and break the connection; None for all.
        drip: seconds between single bytes of the body.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None
    drip: float = 0.0


def success(data: Any, **more: Any) -> Reply:
    """An answer of the API."""
    return Reply(json.dumps({"status": "success", "data": data, **more}).encode())


def failure(status: int, error: str, kind: str = "execution", **headers: str) -> Reply:
    """A refusal of the API."""
    words = {"status": "error", "errorType": kind, "error": error}
    return Reply(
        json.dumps(words).encode(), status, {k.replace("_", "-"): v for k, v in headers.items()}
    )


Answers = Callable[[Asked], Reply]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Says nothing of clients that leave."""


class FakePrometheus:
    """Answers for the length of a `with` block.

    Args:
        answers: gives the reply to a request that none of `script` is left for.
        script: replies to the first requests, in order.
        tls: speak TLS.

    Attributes:
        asked: requests so far.
        url: its address.
    """

    def __init__(
        self, *script: Reply, answers: Answers | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._script = deque(script)
        self._answers = answers or (lambda _: success({"resultType": "vector", "result": []}))
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = _Server((HOST, 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        if tls is not None:
            wrapped = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.socket = wrapped
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{HOST}:{self._server.server_address[1]}"

    def reply(self, asked: Asked) -> Reply:
        """The reply to a request."""
        with self._lock:
            self.asked.append(asked)
            if self._script:
                return self._script.popleft()
        return self._answers(asked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(fake: FakePrometheus) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        wbufsize = 1 << 16  # head and body in one packet, else each answer waits for an ACK

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # who asked was killed in the middle: nothing was asked
                self.close_connection = True
                return
            form = body.decode()
            where = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            fields = parse_qs(form or where.query)
            with contextlib.suppress(OSError):
                self._send(fake.reply(Asked(self.command, where.path, headers, fields)))

        def do_GET(self) -> None:
            self.do_POST()

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.delay)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if reply.cut is not None:
                self.wfile.write(reply.body[: reply.cut])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            elif reply.drip:
                for byte in reply.body:
                    self.wfile.write(struct.pack("B", byte))
                    self.wfile.flush()
                    time.sleep(reply.drip)
            else:
                self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
