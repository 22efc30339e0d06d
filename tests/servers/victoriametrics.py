"""VictoriaMetrics, which answers PromQL too and takes samples of any age."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from tests.servers.parts import Release, program
from tests.servers.queries import Queries
from tests.servers.server import Server, ServerError


class VictoriaMetrics(Queries, Server):
    """A single node that keeps a year of samples.

    The newest takes OTLP too, at /opentelemetry/v1/metrics, which Debian's Prometheus does not.

    Args:
        flags: More command line flags.
        release: Which version.
    """

    name = "victoria-metrics"

    def __init__(self, flags: Sequence[str] = (), release: Release = Release.NEWEST) -> None:
        super().__init__(program("victoria-metrics", release=release))
        self._flags = tuple(flags)

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (
            self.program.path,
            f"-storageDataPath={self.folder}/data",
            f"-httpListenAddr={self.http.address}",
            "-retentionPeriod=1y",
            "-search.latencyOffset=0s",
            *self._flags,
        )

    def is_ready(self) -> bool:
        """See Server."""
        return self.http.get("/health").status == HTTPStatus.OK

    def load(self, text: str) -> None:
        """Takes samples in the text format of Prometheus and makes them visible to queries.

        Args:
            text: Lines such as `up{job="x"} 1 1700000000000`; times are in milliseconds.

        Raises:
            ServerError: it refuses them; with what it said.
        """
        answer = self.http.post("/api/v1/import/prometheus", text)
        if answer.status != HTTPStatus.NO_CONTENT:
            raise ServerError(f"VictoriaMetrics refused the samples: {answer.text}")
        self.http.get("/internal/force_flush")
