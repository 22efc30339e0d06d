"""Packaged facts against what the real exporters of old and new releases put on their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rtobs.catalogue.facts import MetricType
from rtobs.catalogue.load import load
from tests.servers import (
    BlackboxExporter,
    Nginx,
    NginxExporter,
    NodeExporter,
    PostgresExporter,
    PostgreSQL,
    Release,
)

pytestmark = pytest.mark.usefixtures("real_parts")

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? [^ ]+")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*"')

# Metrics that SLOs and cause alerts of the repository read; both releases must have them.
DEPENDED_ON = {
    "postgresql": {
        "pg_up",
        "pg_stat_database_xact_commit",
        "pg_stat_database_xact_rollback",
        "pg_stat_database_blks_hit",
        "pg_stat_database_blks_read",
        "pg_stat_activity_count",
        "pg_stat_activity_max_tx_duration",
        "pg_settings_max_connections",
        "pg_settings_superuser_reserved_connections",
        "pg_stat_archiver_archived_count",
        "pg_stat_archiver_failed_count",
        "pg_replication_slots_active",
        "pg_replication_slots_pg_wal_lsn_diff",
    },
    "nginx": {
        "nginx_up",
        "nginx_connections_accepted",
        "nginx_connections_handled",
        "nginx_connections_active",
        "nginx_connections_reading",
    },
    "node-exporter": {
        "node_filesystem_avail_bytes",
        "node_filesystem_size_bytes",
        "node_filesystem_readonly",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
        "node_timex_sync_status",
        "node_timex_maxerror_seconds",
    },
    "blackbox": {
        "probe_success",
        "probe_duration_seconds",
        "blackbox_exporter_config_last_reload_successful",
    },
}


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A server with a replication slot, so that the metrics of slots exist."""
    with PostgreSQL() as server:
        server.execute("select pg_create_physical_replication_slot('standby', true)")
        yield server


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    """A web server with a status page."""
    with Nginx() as server:
        yield server


@pytest.fixture(scope="module", params=list(Release))
def pages(request: pytest.FixtureRequest, postgresql: PostgreSQL, nginx: Nginx) -> dict[str, str]:
    """The pages of the exporters of one release, by component."""
    release: Release = request.param
    with (
        PostgresExporter(postgresql, release) as postgres,
        NginxExporter(nginx, release) as web,
        BlackboxExporter(release) as blackbox,
        NodeExporter(release) as node,
    ):
        probe = {"target": nginx.status_url, "module": "http_2xx"}
        return {
            "postgresql": postgres.metrics(),
            "nginx": web.metrics(),
            "node-exporter": node.metrics(),
            "blackbox": blackbox.metrics() + blackbox.http.get("/probe", probe).text,
        }


def types_on(page: str) -> dict[str, MetricType]:
    """The types of a page by metric."""
    declared = (line.split()[2:4] for line in page.splitlines() if line.startswith("# TYPE "))
    return {
        name: MetricType.UNKNOWN if kind == "untyped" else MetricType(kind)
        for name, kind in declared
    }


def labels_on(page: str) -> dict[str, set[str]]:
    """The label names of a page by series name."""
    found: dict[str, set[str]] = {}
    for line in page.splitlines():
        match = _SAMPLE.match(line)
        if match and not line.startswith("#"):
            names = {label[1] for label in _LABEL.finditer(match["labels"] or "")}
            found.setdefault(match["name"], set()).update(names)
    return found


@pytest.mark.parametrize("key", sorted(DEPENDED_ON))
def test_types_are_those_on_the_wire(pages: dict[str, str], key: str) -> None:
    """Every metric that the exporter and the catalogue share has one type."""
    metrics = load().components[key].metrics
    shared = {name: kind for name, kind in types_on(pages[key]).items() if name in metrics}

    assert {name: metrics[name].type for name in shared} == shared


@pytest.mark.parametrize("key", sorted(DEPENDED_ON))
def test_labels_on_the_wire_are_in_the_catalogue(pages: dict[str, str], key: str) -> None:
    """No exporter writes a label that the catalogue does not list for the metric."""
    metrics = load().components[key].metrics
    unlisted = {
        name: labels - {label.name for label in metrics[name].labels}
        for name, labels in labels_on(pages[key]).items()
        if name in metrics
    }

    assert {name: labels for name, labels in unlisted.items() if labels} == {}


@pytest.mark.parametrize("key", sorted(DEPENDED_ON))
def test_metrics_that_are_depended_on_exist(pages: dict[str, str], key: str) -> None:
    """Exporters old and new, and the catalogue, have what SLOs and cause alerts need."""
    known = types_on(pages[key]).keys() & load().components[key].metrics.keys()

    assert DEPENDED_ON[key] - known == set()


@pytest.mark.parametrize("key", ["nginx", "blackbox"])
def test_small_exporters_are_catalogued_completely(pages: dict[str, str], key: str) -> None:
    """Nothing that the exporter says about its subject is missing, under its new or old name."""
    component = load().components[key]
    known = {name for m in component.metrics.values() for name in (m.name, *m.renamed_from)}
    own = ("go_", "process_", "promhttp_")
    foreign = {name for name in types_on(pages[key]) if not name.startswith(own)} - known

    assert foreign == set()
