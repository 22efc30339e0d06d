"""What is watched, and two Prometheus servers, one of each release, that watch it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from tests.servers import (
    Alertmanager,
    BlackboxExporter,
    Nginx,
    NginxExporter,
    PostgresExporter,
    PostgreSQL,
    Prometheus,
    Release,
    WebhookReceiver,
    everything_to,
)

# An external label: it tells in Alertmanager which of the two servers an alert is from.
WATCHER: Final = "watcher"
SERVICES: Final = ("nginx", "postgresql")
PROBE_OF_NGINX: Final = "probe-nginx"


@dataclass(frozen=True, slots=True)
class Watcher:
    """A Prometheus and the exporters of the same release."""

    release: Release
    prometheus: Prometheus
    postgres_exporter: PostgresExporter
    config: Mapping[str, object]

    @property
    def name(self) -> str:
        """The value of its external label."""
        return str(self.release)

    def forget(self, job: str) -> None:
        """Drops a job from its scrape configuration."""
        jobs = self.config["scrape_configs"]
        assert isinstance(jobs, list)
        kept = [entry for entry in jobs if entry["job_name"] != job]
        self.prometheus.reload({**self.config, "scrape_configs": kept})

    def remember(self) -> None:
        """Goes back to the scrape configuration that it began with."""
        self.prometheus.reload(self.config)


@dataclass(frozen=True, slots=True)
class Platform:
    """A database and a front door, their watchers, and where the pages arrive."""

    postgresql: PostgreSQL
    nginx: Nginx
    hook: WebhookReceiver
    watchers: Sequence[Watcher]


@contextmanager
def platform(
    rules: Mapping[str, str],
    *,
    every: str,
    flags: Sequence[str] = (),
    alertmanager: Release = Release.NEWEST,
) -> Iterator[Platform]:
    """Everything started, healthy and watched for the length of a `with` block.

    Args:
        rules: Rule files of both servers.
        every: Scrape and probe interval; their timeout is a second.
        flags: More flags of both servers.
        alertmanager: Which Alertmanager both report to.
    """
    with ExitStack() as stack:
        postgresql, nginx = stack.enter_context(PostgreSQL()), stack.enter_context(Nginx())
        hook = stack.enter_context(WebhookReceiver())
        manager = Alertmanager(everything_to(hook.http.url), alertmanager)
        alerting = stack.enter_context(manager).alerting()
        intervals = {"scrape_interval": every, "scrape_timeout": "1s"}
        watchers = []
        for release in Release:
            postgres_exporter = PostgresExporter(postgresql, release)
            nginx_exporter = NginxExporter(nginx, release)
            blackbox = BlackboxExporter(release)
            for exporter in (postgres_exporter, nginx_exporter, blackbox):
                stack.enter_context(exporter)
            jobs = [
                postgres_exporter.http.scrape_config("postgresql"),
                nginx_exporter.http.scrape_config("nginx"),
                blackbox.probe_config(PROBE_OF_NGINX, [nginx.http.url], probe="nginx"),
                blackbox.probe_config(
                    "probe-postgresql", [postgresql.http.address], "tcp_connect", probe="postgresql"
                ),
            ]
            config: dict[str, object] = {
                "global": {**intervals, "external_labels": {WATCHER: str(release)}},
                "scrape_configs": jobs,
                "alerting": alerting,
            }
            prometheus = Prometheus(config, rules=rules, flags=flags, release=release)
            stack.enter_context(prometheus)
            watchers.append(Watcher(release, prometheus, postgres_exporter, config))
        yield Platform(postgresql, nginx, hook, watchers)


def troubles(watcher: Watcher) -> list[str]:
    """Rules that failed, and groups that took longer than their interval."""
    return watcher.prometheus.rule_errors() + [
        f"{group['name']} took {group['evaluationTime']} of {group['interval']} seconds"
        for group in watcher.prometheus.groups()
        if group["evaluationTime"] >= group["interval"]
    ]
