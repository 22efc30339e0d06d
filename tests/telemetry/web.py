"""Starts a web server in processes of its own, asks it, and stops it as Kubernetes does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.servers.loopback import Endpoint, free_port
from tests.servers.server import ServerError, wait_until

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 15.0
_TELEMETRY = ("OTEL_", "RTOBS_", "K8S_", "POD_")


def clean_environment() -> dict[str, str]:
    """The variables of the tests without those of telemetry; the checkout can be imported."""
    inherited = {key: one for key, one in os.environ.items() if not key.startswith(_TELEMETRY)}
    return inherited | {"PYTHONPATH": str(ROOT)}


class WebServer:
    """`python -m <arguments>` as a context manager; "{port}" in an argument is its port.

    Args:
        arguments: what is run.
        environ: variables beside those of the tests; none of telemetry is inherited.
        ready: a path that answers 200 when requests can come.

    Attributes:
        endpoint: where it listens.
        out: what it wrote to standard output, after its end.
        err: what it wrote to standard error, after its end.
        code: its exit status, after its end.
    """

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], ready: str = "/healthz"
    ) -> None:
        self.endpoint = Endpoint(free_port())
        self.out = self.err = ""
        self.code: int | None = None
        self._ready = ready
        self._environ = clean_environment() | dict(environ)
        port = str(self.endpoint.port)
        self._command = [sys.executable, "-m", *(one.replace("{port}", port) for one in arguments)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            wait_until(self._answers, f"an answer of {self._command[2]}", 30.0)
        except ServerError as silence:
            self._end(signal.SIGKILL)
            raise ServerError(f"{silence}:\n{self.err}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> float:
        """Send SIGTERM and wait for the end; returns the seconds that it took."""
        started = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - started

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise ServerError("it ended by itself")
        return self.endpoint.get(self._ready).status == 200

    def _end(self, number: signal.Signals) -> None:
        """End it; whatever is left of its process group after the time is killed."""
        if self.code is not None:
            return
        self._process.send_signal(number)
        try:
            self.out, self.err = self._process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self.out, self.err = self._process.communicate(timeout=STOP_SECONDS)
        self.code = self._process.returncode
