"""The committed SLOs of the observability stack, over the programs that can run here.

Prometheus watches itself, an Alertmanager, a node exporter and a blackbox exporter of its own
release; the rules go through the lens. Every SLO of the four must have data, and no rule may fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import pytest

from rtobs import conventions as names
from tests.end_to_end.rulefiles import LENS_FLAGS, committed, slo_ids, through_lens
from tests.servers import (
    Alertmanager,
    BlackboxExporter,
    NodeExporter,
    Prometheus,
    Release,
    WebhookReceiver,
    everything_to,
    wait_until,
)

SERVICES: Final = ("alertmanager", "blackbox", "node-exporter", "prometheus")
FILES: Final = ("platform.yaml", *(f"observability-{service}.yaml" for service in SERVICES))
EVERY: Final = {"scrape_interval": "1s", "scrape_timeout": "1s"}


@contextmanager
def watching(release: Release) -> Iterator[Prometheus]:
    """A Prometheus with everything that it watches, all of one release."""
    rules = {name: through_lens(text) for name, text in committed(*FILES).items()}
    with ExitStack() as stack:
        hook = stack.enter_context(WebhookReceiver())
        manager = stack.enter_context(Alertmanager(everything_to(hook.http.url), release))
        node = stack.enter_context(NodeExporter(release))
        blackbox = stack.enter_context(BlackboxExporter(release))
        config: dict[str, object] = {"global": EVERY, "alerting": manager.alerting()}
        server = Prometheus(config, rules=rules, flags=LENS_FLAGS, release=release)
        prometheus = stack.enter_context(server)
        ready = {"prometheus": prometheus.http.url, "alertmanager": manager.http.url}
        jobs = [
            prometheus.http.scrape_config("prometheus"),
            manager.http.scrape_config("alertmanager"),
            node.http.scrape_config("node-exporter"),
            blackbox.http.scrape_config("blackbox"),
            *(
                blackbox.probe_config(f"probe-{service}", [f"{url}/-/ready"], probe=service)
                for service, url in ready.items()
            ),
        ]
        prometheus.reload({**config, "scrape_configs": jobs})
        yield prometheus


@pytest.mark.parametrize("release", list(Release))
def test_every_slo_has_data_and_no_rule_fails(release: Release) -> None:
    """Totals of all SLOs are recorded, old and new, and whatever is up counts as up."""
    expected = slo_ids(names.TOTAL_RATE, *SERVICES)
    with watching(release) as prometheus:

        def measured() -> set[str]:
            # Range queries are what one of the SLOs counts.
            prometheus.query_range("up", 0, 1, 1)
            return {s.labels[names.SLO_ID] for s in prometheus.query(f"{names.TOTAL_RATE} > 0")}

        wait_until(lambda: measured() >= expected, f"all of {sorted(expected)} have data", 60)
        bad = prometheus.query(f'{names.SLICE_BAD}{{slo="up"}} == 1')

        assert [sample.labels[names.SLO_ID] for sample in bad] == []
        assert prometheus.rule_errors() == []
