"""HTTP on this machine only: free ports, and requests that never wait for long."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

HOST = "127.0.0.1"
REQUEST_SECONDS = 5.0
# Below the range from which systems take the ports of outgoing connections, so that no client
# can take a port between our look and the start of the server.
_PORTS = range(20_000, 32_000)
_handed_out: set[int] = set()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on; never the same one twice."""
    for port in random.SystemRandom().sample(_PORTS, k=200):
        if port not in _handed_out and _is_free(port):
            _handed_out.add(port)
            return port
    raise OSError("no free port among 200 tried")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    text: str

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An HTTP server on a port of the loopback interface."""

    port: int

    @property
    def address(self) -> str:
        """Host and port, as scrape targets are written."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The address of its root, without a slash at the end."""
        return f"http://{self.address}"

    def scrape_config(self, job: str, **labels: str) -> dict[str, object]:
        """An entry of `scrape_configs` of Prometheus that reads /metrics here."""
        return {"job_name": job, "static_configs": [{"targets": [self.address], "labels": labels}]}

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Answer:
        """Sends GET.

        Raises:
            OSError: nobody listens, or no answer came in five seconds.
        """
        return self._request("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(
        self,
        path: str,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends POST; raises as `get` does."""
        return self._request("POST", path, body, headers)

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = HTTPConnection(HOST, self.port, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read().decode())
        finally:
            connection.close()
