"""The exporters: each puts the state of something else on its /metrics page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from tests.servers.nginx import Nginx
from tests.servers.parts import Release, program
from tests.servers.postgresql import PostgreSQL
from tests.servers.server import Server


class Exporter(Server):
    """A server whose product is its /metrics page."""

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (self.program.path, f"--web.listen-address={self.http.address}")

    def is_ready(self) -> bool:
        """See Server."""
        return self.http.get("/metrics").status == HTTPStatus.OK

    def metrics(self) -> str:
        """Its page, in the text format of Prometheus."""
        return self.http.get("/metrics").text


class NodeExporter(Exporter):
    """Tells about this machine."""

    name = "node-exporter"

    def __init__(self, release: Release = Release.NEWEST) -> None:
        super().__init__(program("node-exporter", release=release))


class PostgresExporter(Exporter):
    """Tells about a PostgreSQL."""

    name = "postgres-exporter"

    def __init__(self, postgresql: PostgreSQL, release: Release = Release.NEWEST) -> None:
        super().__init__(program("postgres-exporter", release=release))
        self._dsn = postgresql.dsn

    def environment(self) -> Mapping[str, str]:
        """See Server."""
        return {"DATA_SOURCE_NAME": self._dsn}


class NginxExporter(Exporter):
    """Tells about an nginx."""

    name = "nginx-exporter"

    def __init__(self, nginx: Nginx, release: Release = Release.NEWEST) -> None:
        super().__init__(program("nginx-exporter", release=release))
        self._status_url = nginx.status_url

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (*super().command(), f"--nginx.scrape-uri={self._status_url}")


class BlackboxExporter(Exporter):
    """Probes others; the module `http_2xx` asks a URL and wants a 2xx answer within two seconds."""

    name = "blackbox-exporter"

    def __init__(self, release: Release = Release.NEWEST) -> None:
        super().__init__(program("blackbox-exporter", release=release))

    def prepare(self) -> None:
        """Writes the modules."""
        over_ipv4 = {"preferred_ip_protocol": "ip4"}
        modules = {
            "http_2xx": {"prober": "http", "timeout": "2s", "http": over_ipv4},
            "tcp_connect": {"prober": "tcp", "timeout": "2s", "tcp": over_ipv4},
        }
        (self.folder / "blackbox.yml").write_text(json.dumps({"modules": modules}))

    def command(self) -> Sequence[str | Path]:
        """See Server."""
        return (*super().command(), f"--config.file={self.folder}/blackbox.yml")

    def probe(self, target: str, module: str = "http_2xx") -> bool:
        """Whether a probe of a target succeeds now."""
        page = self.http.get("/probe", {"target": target, "module": module}).text
        return "\nprobe_success 1\n" in page

    def probe_config(
        self, job: str, targets: Sequence[str], module: str = "http_2xx", **labels: str
    ) -> dict[str, object]:
        """An entry of `scrape_configs` that probes targets; `instance` is the target."""
        return {
            "job_name": job,
            "metrics_path": "/probe",
            "params": {"module": [module]},
            "static_configs": [{"targets": list(targets), "labels": labels}],
            "relabel_configs": [
                {"source_labels": ["__address__"], "target_label": "__param_target"},
                {"source_labels": ["__param_target"], "target_label": "instance"},
                {"target_label": "__address__", "replacement": self.http.address},
            ],
        }
