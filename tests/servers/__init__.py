"""Real servers for tests, from the parts that `make parts` unpacks.

Each is a context manager: in its block the server is ready on a free loopback port, after it the
server is gone. Example:

    with WebhookReceiver() as hook, Alertmanager(everything_to(hook.http.url)) as alertmanager:
        config = {"alerting": alertmanager.alerting(), "scrape_configs": [...]}
        with Prometheus(config, rules={"a.yaml": text}, release=Release.OLDEST) as prometheus:
            prometheus.wait_for('up{job="nginx"} == 1')
            hook.wait_for("SLOBudgetBurn", tier="fast")
"""

from tests.servers.alertmanager import Alertmanager, amtool, everything_to
from tests.servers.exporters import (
    BlackboxExporter,
    Exporter,
    NginxExporter,
    NodeExporter,
    PostgresExporter,
)
from tests.servers.loopback import Answer, Endpoint, free_port
from tests.servers.metrics_page import MetricsPage
from tests.servers.nginx import Nginx
from tests.servers.parts import MissingPartError, Program, Release, program
from tests.servers.postgresql import PostgreSQL
from tests.servers.prometheus import REMOTE_WRITE_RECEIVER, Prometheus, promtool
from tests.servers.queries import Sample, Series
from tests.servers.server import Server, ServerError, processes_in, running, wait_until
from tests.servers.victoriametrics import VictoriaMetrics
from tests.servers.webhook import Notification, WebhookReceiver

__all__ = [
    "REMOTE_WRITE_RECEIVER",
    "Alertmanager",
    "Answer",
    "BlackboxExporter",
    "Endpoint",
    "Exporter",
    "MetricsPage",
    "MissingPartError",
    "Nginx",
    "NginxExporter",
    "NodeExporter",
    "Notification",
    "PostgreSQL",
    "PostgresExporter",
    "Program",
    "Prometheus",
    "Release",
    "Sample",
    "Series",
    "Server",
    "ServerError",
    "VictoriaMetrics",
    "WebhookReceiver",
    "amtool",
    "everything_to",
    "free_port",
    "processes_in",
    "program",
    "promtool",
    "running",
    "wait_until",
]
