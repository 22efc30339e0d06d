"""Real programs of old and new releases beside the catalogue: each difference is explained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rtobs.catalogue.diff import Comparison, DifferenceKind, compare
from rtobs.catalogue.exposition import UNTYPED, joined, read_exposition
from rtobs.catalogue.load import load
from rtobs.catalogue.matching import likely_components
from rtobs.model.site import DeployedComponent
from tests.servers import (
    Alertmanager,
    BlackboxExporter,
    Nginx,
    NginxExporter,
    NodeExporter,
    PostgresExporter,
    PostgreSQL,
    Prometheus,
    Release,
    WebhookReceiver,
    everything_to,
)

pytestmark = pytest.mark.usefixtures("real_parts")

Pages = dict[str, list[str]]

KEYS = ("alertmanager", "blackbox", "nginx", "node-exporter", "postgresql", "prometheus")
# Alertmanager had other bounds until it moved to those of the client library.
OLD_BOUNDS = ("0.05", "0.1", "0.25", "0.5", "0.75", "1", "2", "5", "20", "60")
DEPLOYED = {
    ("alertmanager", Release.OLDEST): DeployedComponent(
        buckets={"alertmanager_http_request_duration_seconds": OLD_BOUNDS}
    )
}

each_key = pytest.mark.parametrize("key", KEYS)


@pytest.fixture(scope="module", params=list(Release))
def release(request: pytest.FixtureRequest) -> Release:
    """Oldest and newest."""
    found: Release = request.param
    return found


@pytest.fixture(scope="module")
def subjects() -> Iterator[tuple[PostgreSQL, Nginx]]:
    """What the exporters tell about; a replication slot gives their metrics something to tell."""
    with PostgreSQL() as postgresql, Nginx() as nginx:
        postgresql.execute("select pg_create_physical_replication_slot('standby', true)")
        yield postgresql, nginx


@contextmanager
def scraping_itself(release: Release, **config: object) -> Iterator[Prometheus]:
    """A Prometheus that has stored a few pages of its own; the old one misses a metric before."""
    with Prometheus(release=release) as prometheus:
        target = prometheus.http.scrape_config("prometheus")
        prometheus.reload({**config, "scrape_configs": [target]})
        prometheus.wait_for('count_over_time(up{job="prometheus"}[5m]) > 2', seconds=30)
        yield prometheus


@pytest.fixture(scope="module")
def pages(release: Release, subjects: tuple[PostgreSQL, Nginx]) -> Pages:
    """The pages of all programs of one release, by component."""
    postgresql, nginx = subjects
    with (
        NodeExporter(release) as node,
        PostgresExporter(postgresql, release) as postgres,
        NginxExporter(nginx, release) as web,
        BlackboxExporter(release) as blackbox,
    ):
        probe = {"target": nginx.status_url, "module": "http_2xx"}
        probed = blackbox.http.get("/probe", probe).text
        found = {
            "node-exporter": [node.metrics()],
            "postgresql": [postgres.metrics()],
            "nginx": [web.metrics()],
            "blackbox": [blackbox.metrics(), probed],
        }
    with (
        WebhookReceiver() as hook,
        Alertmanager(everything_to(hook.http.url), release) as alertmanager,
        scraping_itself(release, alerting=alertmanager.alerting()) as prometheus,
    ):
        for server in (alertmanager, prometheus):
            found[server.name] = [server.http.get("/metrics").text]
    return found


def comparison(pages: Pages, key: str, release: Release) -> Comparison:
    """A component beside its pages."""
    page = joined(map(read_exposition, pages[key]))
    return compare(load().components[key], page, DEPLOYED.get((key, release), DeployedComponent()))


@each_key
def test_every_difference_is_explained(pages: Pages, key: str, release: Release) -> None:
    """What the catalogue says holds for that release, or it says why not."""
    assert comparison(pages, key, release).unexplained == ()


@each_key
def test_a_page_tells_whose_it_is_and_its_version(pages: Pages, key: str, release: Release) -> None:
    """Nobody has to name component or version."""
    likely = likely_components(load(), joined(map(read_exposition, pages[key])))
    version = comparison(pages, key, release).version

    assert likely == (key,)
    assert re.match(r"[0-9]+\.[0-9]+\.[0-9]+", version)


@each_key
def test_no_version_of_the_catalogue_contradicts_a_page(
    pages: Pages, key: str, release: Release
) -> None:
    """With its metrics taken for missing, no version explains one that is there."""
    found = comparison(pages, key, release)
    component = load().components[key]
    nothing = read_exposition("")
    absent = compare(component, nothing, DeployedComponent(version=found.version)).differences
    missing = {d.metric for d in found.differences if d.kind is DifferenceKind.MISSING_METRIC}
    renamed = {d.metric for d in found.differences if d.kind is DifferenceKind.EARLIER_NAME}
    by_version = {d.metric for d in absent if d.explanation.startswith(("new in", "gone in"))}

    assert by_version - missing - renamed == set()


def test_buckets_that_differ_are_found(pages: Pages, release: Release) -> None:
    """Without a word from the site, the old Alertmanager's bounds are a finding."""
    page = joined(map(read_exposition, pages["alertmanager"]))
    found = compare(load().components["alertmanager"], page, DeployedComponent())

    assert [(d.kind, d.found) for d in found.unexplained] == (
        [(DifferenceKind.OTHER_BUCKETS, OLD_BOUNDS)] if release is Release.OLDEST else []
    )


@each_key
def test_pages_are_read_completely(pages: Pages, key: str) -> None:
    """Each declared family has its type, and each line that is no comment is one sample."""
    for text in pages[key]:
        lines = [line for line in text.splitlines() if line]
        declared = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE "))
        families = read_exposition(text).families

        assert {name: family.type for name, family in families.items()} == {
            name: UNTYPED if kind == "untyped" else kind for name, kind in declared.items()
        }
        assert sum(family.samples for family in families.values()) == sum(
            not line.startswith("#") for line in lines
        )


def test_a_federated_page_gives_the_same_shape(release: Release) -> None:
    """Prometheus hands on series without types; names, labels and bounds are what they were."""
    with scraping_itself(release) as prometheus:
        federated = read_exposition(
            prometheus.http.get("/federate", {"match[]": '{job="prometheus"}'}).text
        )
    found = compare(load().components["prometheus"], federated, DeployedComponent())
    kinds = Counter(difference.kind for difference in found.unexplained)

    assert (federated.typed, kinds) == (False, Counter())
    assert "prometheus_http_request_duration_seconds" in federated.families
