"""OTLP over HTTP: one attempt, exact verdicts, a kept connection that may be stale."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from typing import Self

import pytest

from rtobs.telemetry.http_outlet import HttpOutlet, Target
from rtobs.telemetry.outlet import Sent


class Text:
    """A message whose wire form is given."""

    def __init__(self, wire: bytes) -> None:
        self.wire = wire

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The wire form."""
        return self.wire


def encode(batch: Sequence[bytes]) -> Text:
    """Join the batch."""
    return Text(b"".join(batch))


class Server:
    """Answers each connection with the given replies, one a request, then closes it."""

    def __init__(self, *connections: Sequence[bytes]) -> None:
        self.requests: list[bytes] = []
        self._connections = connections
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1/traces"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for replies in self._connections:
            connection, _ = self._socket.accept()
            with connection:
                for reply in replies:
                    self.requests.append(_whole_request(connection))
                    connection.sendall(reply)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _whole_request(connection: socket.socket) -> bytes:
    """Head and body, which may come apart; no body here is empty."""
    request = b""
    while not request.rpartition(b"\r\n\r\n")[2]:
        request += connection.recv(65_536)
    return request


def reply(status: int, headers: str = "") -> bytes:
    """An answer without body."""
    return f"HTTP/1.1 {status} X\r\n{headers}content-length: 0\r\n\r\n".encode()


class Pair:
    """A server and an outlet to it."""

    def __init__(self, *connections: Sequence[bytes]) -> None:
        self.server = Server(*connections)
        target = Target(self.server.url, 5.0, {"x-scope": "a"})
        self.outlet: HttpOutlet[bytes] = HttpOutlet(target, encode)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.outlet.close()
        self.server.close()


@pytest.mark.parametrize(
    ("status", "headers", "verdict"),
    [
        (200, "", (Sent.OK, 0.0)),
        (202, "", (Sent.OK, 0.0)),
        (400, "", (Sent.REJECTED, 0.0)),
        (401, "", (Sent.REJECTED, 0.0)),
        (413, "", (Sent.REJECTED, 0.0)),
        (500, "", (Sent.REJECTED, 0.0)),
        (408, "", (Sent.RETRY, 0.0)),
        (429, "retry-after: 7\r\n", (Sent.RETRY, 7.0)),
        (503, "retry-after: 86400\r\n", (Sent.RETRY, 60.0)),
        (503, "retry-after: tomorrow\r\n", (Sent.RETRY, 0.0)),
        (502, "", (Sent.RETRY, 0.0)),
    ],
)
def test_the_status_decides(status: int, headers: str, verdict: tuple[Sent, float]) -> None:
    """Only what OTLP calls retryable is tried again, after a bounded rest."""
    with Pair([reply(status, headers)]) as pair:
        assert pair.outlet.send([b"a"]) == verdict


def test_requests_share_a_connection_and_carry_the_headers() -> None:
    """Two requests go over one connection, each with the configured headers."""
    with Pair([reply(200), reply(200)]) as pair:
        verdicts = [pair.outlet.send([b"first"])[0], pair.outlet.send([b"second"])[0]]
        requests = pair.server.requests
    assert verdicts == [Sent.OK, Sent.OK]
    assert [one.rpartition(b"\r\n\r\n")[2] for one in requests] == [b"first", b"second"]
    assert all(b"x-scope: a\r\n" in request for request in requests)


def test_a_stale_connection_is_replaced_once() -> None:
    """A receiver that closed the kept connection costs nothing but a new one."""
    with Pair([reply(200)], [reply(200)]) as pair:
        assert pair.outlet.send([b"first"])[0] is Sent.OK
        time.sleep(0.05)
        assert pair.outlet.send([b"second"])[0] is Sent.OK


def test_a_receiver_that_is_away_may_come_back() -> None:
    """A refused connection is a failure that may pass."""
    with Pair() as pair:
        pair.server.close()
        assert pair.outlet.send([b"a"]) == (Sent.RETRY, 0.0)


def test_a_child_leaves_the_connection_to_its_parent() -> None:
    """After `renew` a new connection is made, and the old descriptor is closed."""
    with Pair([reply(200)], [reply(200)]) as pair:
        assert pair.outlet.send([b"first"])[0] is Sent.OK
        pair.outlet.renew()
        assert pair.outlet.send([b"second"])[0] is Sent.OK


def test_what_cannot_be_encoded_is_not_sent() -> None:
    """A batch that breaks the encoder has a verdict of its own, so that its good part is saved."""

    def broken(_: Sequence[bytes]) -> Text:
        raise TypeError

    one = HttpOutlet(Target("http://127.0.0.1:9/v1/traces", 1.0), broken)
    assert one.send([b"a"]) == (Sent.UNENCODABLE, 0.0)


def test_abort_ends_a_request_that_waits() -> None:
    """A request to a receiver that never answers ends at once, and later ones do not begin."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        one: HttpOutlet[bytes] = HttpOutlet(Target(url, 60.0), encode)
        verdicts = []
        sender = threading.Thread(target=lambda: verdicts.append(one.send([b"a"])))
        sender.start()
        connection, _ = silent.accept()
        with connection:
            connection.recv(1000)
            one.abort()
            sender.join(10)
    assert not sender.is_alive()
    assert [verdict for verdict, _ in verdicts] == [Sent.RETRY]
    assert one.send([b"b"]) == (Sent.RETRY, 0.0)


def test_credentials_in_headers_are_not_shown() -> None:
    """The representation of a target has no headers."""
    assert "hunter2" not in repr(Target("http://x/", 1.0, {"authorization": "hunter2"}))
