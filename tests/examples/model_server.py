"""A stand-in for vLLM: streams answers in OpenAI's format, and fails on request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ANSWER = ("It", " is", " the", " secret-answer", ".")
# Events before an answer breaks off, and before one pauses.
_BREAK, _PAUSE = 3, 2


@dataclass(frozen=True)
class Asked:
    """One request that arrived.

    Attributes:
        traceparent: the header of W3C Trace Context, "" when it was missing.
        body: the decoded request.
    """

    traceparent: str
    body: dict[str, Any]


class ModelServer:
    """Answers POST on a free port of 127.0.0.1; a context manager.

    What it does follows from the last message of the conversation:

    - "refuse" is answered with 503, "break off" ends in the middle of an answer;
    - "think" sends nothing more after the first token until the reader has left;
    - anything else is answered to its end.

    Attributes:
        asked: requests in the order of their arrival.
        left: set when a reader left during "think".
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.left = threading.Event()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, model: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = model


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.model.asked.append(Asked(self.headers.get("traceparent", ""), body))
        wish = body["messages"][-1]["content"]
        if wish == "refuse":
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._answer(wish)

    def _answer(self, wish: str) -> None:
        for number, event in enumerate(_events()):
            if number == _BREAK and wish == "break off":
                self.close_connection = True
                return
            if number == _PAUSE and wish == "think":
                self._wait_until_left()
                return
            self._send(f"data: {event}\n\n".encode())
        self._send(b"data: [DONE]\n\n")
        self._send(b"")

    def _wait_until_left(self) -> None:
        """Send empty comments until nobody takes them."""
        self.close_connection = True
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline:
            try:
                self._send(b": waiting\n\n")
            except OSError:
                self.server.model.left.set()
                return
            time.sleep(0.05)

    def _send(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing: the test reads `asked`."""


def _events() -> Iterator[str]:
    """A role, the tokens, and the usage at the end, as vLLM sends them."""
    yield _event({"role": "assistant", "content": ""})
    for token in ANSWER:
        yield _event({"content": token})
    yield _event({}, "stop")
    usage = {"prompt_tokens": 9, "completion_tokens": len(ANSWER)}
    yield json.dumps({"choices": [], "usage": usage})


def _event(delta: dict[str, str], reason: str | None = None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
