"""A lint over all packaged facts."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from rtobs.catalogue.checks import MOST_CAUSES
from rtobs.catalogue.facts import CauseAlert, Component, Metric, MetricType
from rtobs.catalogue.le import bound
from rtobs.catalogue.load import load
from rtobs.conventions import LIBRARY_METRICS, Severity
from rtobs.promql.expression import parse

COMPONENTS = tuple(load().components.values())
CAUSES = [(component, cause) for component in COMPONENTS for cause in component.causes]
# fmt: off
UNITS = {
    "seconds", "milliseconds", "bytes", "ratio", "bool", "info", "code", "enum", "hash",
    "version", "flop", "requests", "responses", "tokens", "items", "preemptions", "drafts",
    "sequences", "calls", "connections", "redirects", "records", "transactions", "blocks",
    "rows", "deadlocks", "queries", "files", "locks", "segments", "attempts", "checkpoints",
    "replicas", "scrapes", "handshakes", "events", "checks", "operations", "transcriptions",
    "unix seconds",
    "percent", "bytes per second", "mebibytes", "watts", "millijoules", "celsius", "megahertz",
    "nanoseconds", "errors", "transfers", "lookups", "nodes", "goroutines",
    "addresses", "services", "packets", "prefixes", "messages", "reloads", "processes",
    "endpoints", "runs", "threads", "users", "leases", "secrets",
    "drives", "microseconds", "tasks", "polls", "workflows", "slots", "shards", "restarts",
    "spans", "samples", "series", "lines", "batches", "chunks", "streams", "points", "attributes",
    "alerts", "rules", "evaluations", "iterations", "notifications", "silences", "groups",
    "integrations", "receivers", "members", "score", "targets", "syncs", "components", "dashboards",
    "compactions", "corruptions", "jobs", "pipelines", "logins", "applications", "conditions",
    "resources", "objects", "projects", "repositories", "artifacts", "pulls",
    "amount",  # of what a label of the series names
}
# fmt: on
# Prefixes whose counters are named after what they are read from, where no _total stands.
WITHOUT_TOTAL: dict[str, tuple[str, ...]] = {
    "postgresql": ("pg_stat_",),  # columns of the statistics views
    "nginx": ("nginx_connections_", "nginxplus_"),  # fields of the status page and the API
    "gpu-dcgm": ("DCGM_FI_DEV_",),  # fields of DCGM
    "metallb": ("metallb_layer2_", "frrk8s_bgp_", "frrk8s_bfd_"),
    "ingress-nginx": (
        *("nginx_ingress_controller_requests", "nginx_ingress_controller_check_"),
        *("nginx_ingress_controller_success", "nginx_ingress_controller_errors"),
    ),
    "apisix": ("apisix_",),  # names from before the convention, kept for compatibility
    "external-dns": ("external_dns_provider_cache_",),
    "openfga": ("openfga_", "pgxpool_"),
    "openbao": ("vault_",),  # names of statsd
    "cert-manager": ("certmanager_",),
    "tempo": ("tempo_receiver_",),
    "alloy": ("alloy_component_evaluation_slow_",),
    "minio": (
        *("minio_s3_traffic_", "minio_node_drive_errors_", "minio_api_requests_ttfb_"),
        *("minio_api_requests_traffic_", "minio_cluster_iam_", "minio_audit_"),
    ),
    "temporal": (  # names of tally, the server's default framework
        *("service_", "persistence_", "task_", "poll_", "no_poller_", "workflow_", "activity_"),
        *("schedule_", "membership_", "restarts"),
    ),
}
# Gauges that their source names like counters.
COUNTS_IN_GAUGES = {
    "cnpg_backends_total",
    *("minio_s3_requests_inflight_total", "minio_s3_requests_waiting_total"),
    *("minio_api_requests_inflight_total", "minio_api_requests_waiting_total"),
    *("minio_cluster_nodes_offline_total", "minio_cluster_drive_offline_total"),
    *("minio_cluster_drive_online_total", "argo_events_event_service_running_total"),
    *("metallb_allocator_addresses_total", "metallb_allocator_addresses_in_use_total"),
    *("metallb_allocator_ipv4_addresses_total", "metallb_allocator_ipv4_addresses_in_use_total"),
    *("metallb_allocator_ipv6_addresses_total", "metallb_allocator_ipv6_addresses_in_use_total"),
    *("metallb_allocator_services_allocated_total", "metallb_bgp_announced_prefixes_total"),
    *("metallb_bgp_pending_prefixes_total", "frrk8s_bgp_announced_prefixes_total"),
    *("frrk8s_bgp_received_prefixes_total", "apisix_http_requests_total"),
    *("external_dns_source_endpoints_total", "external_dns_registry_endpoints_total"),
    "external_dns_webhook_provider_records_requests_total",
    "external_dns_webhook_provider_records_errors_total",
    "external_dns_webhook_provider_applychanges_requests_total",
    "external_dns_webhook_provider_applychanges_errors_total",
    "external_dns_webhook_provider_adjustendpoints_requests_total",
    "external_dns_webhook_provider_adjustendpoints_errors_total",
    *("harbor_project_total", "harbor_project_repo_total", "harbor_project_artifact_total"),
    *("harbor_task_scheduled_total", "argocd_repo_pending_request_total"),
    *("loki_source_file_read_bytes_total", "loki_source_file_file_bytes_total"),
    "loki_source_file_files_active_total",
}

each_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.key)
each_cause = pytest.mark.parametrize(
    ("component", "cause"), CAUSES, ids=[cause.name for _, cause in CAUSES]
)


def metrics_where(component: Component, names: set[str]) -> list[Metric]:
    """Metrics of a component whose names are in the set."""
    return [metric for metric in component.metrics.values() if metric.name in names]


def test_every_file_is_named_after_its_component() -> None:
    """A component is found by the name of its file."""
    folder = files("rtobs.catalogue").joinpath("data")
    stems = {entry.name.removesuffix(".yaml") for entry in folder.iterdir()}

    assert stems == load().components.keys()


def test_every_library_metric_is_in_the_catalogue() -> None:
    """What `import rtobs` emits can be used in a definition."""
    missing = [
        metric.name
        for metric in LIBRARY_METRICS
        if load().metric(metric.component, metric.prometheus_name) is None
    ]

    assert missing == []


@each_component
def test_a_component_says_what_it_is(component: Component) -> None:
    """Title, source, scrape and notes are there for whoever writes its first SLO."""
    said = (component.title, component.source, component.scrape.enable, component.notes)

    assert all(said)


@each_component
def test_units_come_from_one_list(component: Component) -> None:
    """The same unit has the same word everywhere."""
    units = {metric.unit for metric in component.metrics.values()}

    assert units - UNITS == set()


@each_component
def test_only_counters_end_in_total(component: Component) -> None:
    """A counter ends in _total unless its source names it; nothing else does, histograms apart."""
    untold = {
        metric.name
        for metric in component.metrics.values()
        if metric.type is MetricType.COUNTER
        and not metric.name.endswith("_total")
        and not metric.name.startswith(WITHOUT_TOTAL.get(component.key, ()))
    }
    false = {
        metric.name
        for metric in component.metrics.values()
        if metric.type not in (MetricType.COUNTER, MetricType.HISTOGRAM)
        and metric.name.endswith("_total")
    }

    assert (untold, false - COUNTS_IN_GAUGES) == (set(), set())


@each_component
def test_buckets_ascend_and_histograms_have_them(component: Component) -> None:
    """A threshold can be checked against the bounds of every histogram that was seen."""
    histograms = [m for m in component.metrics.values() if m.type is MetricType.HISTOGRAM]
    unsorted = [m.name for m in histograms if list(m.buckets) != sorted(m.buckets, key=bound)]
    empty = [m.name for m in histograms if not m.buckets and m.verified]

    assert (unsorted, empty) == ([], [])


@each_component
def test_meanings_and_notes_are_sentences(component: Component) -> None:
    """What people read begins with a capital or a name and ends with a full stop."""
    texts = [*component.notes, *(metric.meaning for metric in component.metrics.values())]
    alert_texts = [t for c in component.causes for t in (c.summary, c.impact, c.action)]
    reasons = [alert.reason for alert in component.unusable]
    pattern = re.compile(r"\S.{8,}[.?]", re.DOTALL)
    broken = [t for t in (*texts, *alert_texts, *reasons) if not pattern.fullmatch(t)]

    assert broken == []


@each_component
def test_old_names_are_not_current_names(component: Component) -> None:
    """A name is either current or an earlier one."""
    old = {name for metric in component.metrics.values() for name in metric.renamed_from}

    assert metrics_where(component, old) == []


@each_component
def test_a_component_has_few_causes_with_names_of_their_own(component: Component) -> None:
    """An operator can know all cause alerts of a component, and their names are unique."""
    names = [cause.name for _, cause in CAUSES]

    assert len(component.causes) <= MOST_CAUSES
    assert all(names.count(cause.name) == 1 for cause in component.causes)


@each_cause
def test_a_cause_reads_only_catalogued_metrics(component: Component, cause: CauseAlert) -> None:
    """Expression and proof of an alert speak of metrics that exist, and of the same ones."""
    read = {found.selector.metric for found in parse(cause.expression).selectors}
    series = (*cause.proof.fires, *cause.proof.silent)
    given = {found.selector.metric for one in series for found in parse(one.series).selectors}

    assert [name for name in read if component.metric(name) is None] == []
    assert given == read


@each_cause
def test_a_proof_has_labels_that_the_metric_can_have(
    component: Component, cause: CauseAlert
) -> None:
    """Labels of the proof are those of the metric or come from the scrape, with real values."""
    from_scrape = {"job", "instance", "le"}
    wrong = [
        (found.selector.metric, matcher.label, matcher.value)
        for one in (*cause.proof.fires, *cause.proof.silent)
        for found in parse(one.series).selectors
        for matcher in found.selector.matchers
        if matcher.label not in from_scrape
        and not fits(component, found.selector.metric, matcher.label, matcher.value)
    ]

    assert wrong == []


def fits(component: Component, series: str, name: str, value: str) -> bool:
    """Whether a metric can have a label with that value."""
    metric = component.metric(series)
    label = metric.label(name) if metric else None
    return label is not None and (not label.values or value in label.values)


@each_cause
def test_an_unverified_cause_never_pages(component: Component, cause: CauseAlert) -> None:
    """Nobody is woken by an alert over a metric that nobody has seen."""
    del component

    assert cause.verified or cause.severity is not Severity.CRITICAL
