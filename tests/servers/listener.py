"""Small HTTP servers of our own that run in a thread of the test."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from tests.servers.loopback import HOST, Answer, Endpoint

_BODY_LIMIT: Final = 10_000_000
_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Listener(ABC):
    """Answers GET and POST on every path for the length of a `with` block.

    Attributes:
        http: Where it listens.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.http = Endpoint(self._server.server_address[1])

    @abstractmethod
    def answer(self, body: bytes) -> Answer:
        """Answers a request with this body; called in a thread of its own."""

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


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", 0)), _BODY_LIMIT)
            answer = listener.answer(self.rfile.read(length))
            body = answer.text.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", _CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
