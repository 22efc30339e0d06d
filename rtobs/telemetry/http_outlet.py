"""OTLP over HTTP, with the standard library's client.

One attempt a call: the queue keeps what failed and tries again later, so nothing sleeps here and
an exit is never held up by a retry. `abort` shuts the socket down, which ends a read at once.
"""

from __future__ import annotations

import contextlib
import encodings.idna  # noqa: F401  # else a thread imports it, and a fork then hangs the child
import gzip
import http.client
import logging
import os
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from rtobs.telemetry.outlet import Sent

__all__ = ["HttpOutlet", "Message", "Target"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)
_TRANSIENT = frozenset({408, 429, 502, 503, 504})
_LONGEST_REST = 60.0
_MOST_REPLY_BYTES = 65_536
_COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


class Message(Protocol):
    """A protobuf message."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The wire form."""


@dataclass(frozen=True, slots=True)
class Target:
    """One OTLP/HTTP receiver of one signal.

    Attributes:
        url: the whole URL, its path included.
        timeout: seconds for one request.
        headers: sent with each request; may hold credentials, so never shown.
        compression: "gzip", "deflate" or "none".
        tls: the TLS set-up of an https URL.
    """

    url: str
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    compression: str = "none"
    tls: ssl.SSLContext | None = None


class HttpOutlet(Generic[T]):
    """Sends batches of one signal to one receiver over one kept connection.

    Args:
        target: the receiver.
        encode: batch to protobuf message.
    """

    def __init__(self, target: Target, encode: Callable[[Sequence[T]], Message]) -> None:
        parts = urlsplit(target.url)
        self._target = target
        self._encode = encode
        self._path = parts.path or "/"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._secure = parts.scheme == "https"
        self._connection: http.client.HTTPConnection | None = None
        self._aborted = False
        self._closing = threading.Lock()

    def send(self, batch: Sequence[T]) -> tuple[Sent, float]:
        """Send a batch once, or twice when a kept connection turns out to be stale."""
        try:
            body = self._encode(batch).SerializeToString()
        except Exception:  # noqa: BLE001  # a value that cannot be encoded must not stop the rest
            return Sent.UNENCODABLE, 0.0
        kept = self._connection is not None
        try:
            try:
                return self._post(body)
            except (ConnectionError, http.client.BadStatusLine):
                if not kept:
                    raise
                self._disconnect()
                return self._post(body)
        except Exception as fault:  # noqa: BLE001  # whatever the network does, the service goes on
            self._disconnect()
            if not self._aborted:
                _logger.warning("export to %s failed: %s", self._host, type(fault).__name__)
            return Sent.RETRY, 0.0

    def abort(self) -> None:
        """Shut the socket down under a waiting request."""
        self._aborted = True
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            with self._closing:
                _shut(sock)

    def close(self) -> None:
        """Close the kept connection."""
        self._disconnect()

    def renew(self) -> None:
        """Forget the parent's connection without a word on its socket.

        Only the descriptor is closed: the buffers above it may be locked by a thread that does
        not exist here.
        """
        self._closing = threading.Lock()
        connection, self._connection = self._connection, None
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                os.close(connection.sock.detach())

    def _post(self, body: bytes) -> tuple[Sent, float]:
        if self._aborted:
            raise ConnectionAbortedError
        connection = self._connect()
        headers = {**self._target.headers, "content-type": "application/x-protobuf"}
        if (compress := _COMPRESS.get(self._target.compression)) is not None:
            body = compress(body)
            headers["content-encoding"] = self._target.compression
        connection.request("POST", self._path, body, headers)
        response = connection.getresponse()
        reply = response.read(_MOST_REPLY_BYTES)
        if response.will_close or len(reply) == _MOST_REPLY_BYTES:
            self._disconnect()
        return self._judge(response)

    def _judge(self, response: http.client.HTTPResponse) -> tuple[Sent, float]:
        status = response.status
        if 200 <= status < 300:  # noqa: PLR2004  # the class of success
            return Sent.OK, 0.0
        _logger.warning("export to %s failed: HTTP status %d", self._host, status)
        if status in _TRANSIENT:
            return Sent.RETRY, _rest(response.getheader("retry-after"))
        return Sent.REJECTED, 0.0

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = self._new_connection()
        return self._connection

    def _new_connection(self) -> http.client.HTTPConnection:
        timeout = self._target.timeout
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout, context=self._target.tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with self._closing:
                connection.close()


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already


def _rest(retry_after: str | None) -> float:
    """Seconds of a Retry-After header that counts seconds, bounded; 0 otherwise."""
    if retry_after is not None and retry_after.strip().isdigit():
        return min(float(retry_after), _LONGEST_REST)
    return 0.0
