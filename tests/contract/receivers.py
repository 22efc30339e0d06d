"""From OTLP into a real Prometheus, two ways.

Prometheus 3 has a receiver, but Debian builds without it. So what Debian has stands in: the newest
VictoriaMetrics takes OTLP and names metrics, labels and bounds as Prometheus does, and Prometheus
reads them from it. Only `job` and `instance` are made here, by relabelling. Where
RTOBS_OTLP_PROMETHEUS names a Prometheus with a receiver, the same tests run against that too:

    go build -tags remove_all_sd github.com/prometheus/prometheus/cmd/prometheus
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from rtobs.testing import OTLPSink
from tests.servers import Prometheus, VictoriaMetrics

VARIABLE: Final = "RTOBS_OTLP_PROMETHEUS"
WAYS: Final = ("victoria-metrics", "prometheus")
_ROOT: Final = Path(__file__).parents[2]
_RESOURCE: Final = ("service.name", "service.namespace", "service.instance.id")
_VICTORIA_FLAGS: Final = (
    "-opentelemetry.usePrometheusNaming",
    "-opentelemetry.promoteAllResourceAttributes=false",
    f"-opentelemetry.promoteResourceAttributes={','.join(_RESOURCE)}",
    "-opentelemetry.promoteScopeMetadata=false",
    "-search.maxStalenessInterval=30s",
)
# The rule by which the receiver of Prometheus makes job and instance of a resource.
_JOB_AND_INSTANCE: Final = (
    {
        "source_labels": ["service_namespace", "service_name"],
        "separator": "/",
        "target_label": "job",
    },
    {"source_labels": ["service_instance_id"], "target_label": "instance"},
    {"regex": "service_(name|namespace|instance_id)", "action": "labeldrop"},
)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A Prometheus that has what is sent to an OTLP endpoint.

    Attributes:
        endpoint: base URL of its OTLP receiver, which takes metrics.
        others: base URL of a receiver for traces and logs.
        prometheus: where the series are.
        victoria: what stands before it.
    """

    endpoint: str
    others: str
    prometheus: Prometheus
    victoria: VictoriaMetrics | None

    def types(self) -> dict[str, str]:
        """By family, the type that came with it; empty where Prometheus does not keep types."""
        source = self.victoria or self.prometheus
        return {name: entries[0]["type"] for name, entries in source.api("metadata").items()}


@contextmanager
def receiver(
    way: str, *, rules: Mapping[str, str] | None = None, flags: Sequence[str] = ()
) -> Iterator[Receiver]:
    """A receiver for the length of a block.

    Args:
        way: one of WAYS.
        rules: rule files of the Prometheus.
        flags: its flags.
    """
    if way == "prometheus":
        program = os.environ.get(VARIABLE)
        if program is None:
            pytest.skip(f"{VARIABLE} names no Prometheus with an OTLP receiver; Debian's has none")
        server = Prometheus(rules=rules, flags=("--web.enable-otlp-receiver", *flags))
        server.program = replace(server.program, path=Path(program))
        with server, OTLPSink() as sink:
            yield Receiver(f"{server.http.url}/api/v1/otlp", sink.endpoint, server, None)
        return
    with VictoriaMetrics(_VICTORIA_FLAGS) as victoria, OTLPSink() as sink:
        job = {
            **victoria.http.scrape_config("federate"),
            "metrics_path": "/federate",
            "params": {"match[]": ['{__name__!=""}']},
            "honor_labels": True,
            "honor_timestamps": False,  # what was just sent can be asked for after a second or two
            "metric_relabel_configs": list(_JOB_AND_INSTANCE),
        }
        server = Prometheus({"scrape_configs": [job]}, rules=rules, flags=flags)
        endpoint = f"{victoria.http.url}/opentelemetry"
        with server:
            yield Receiver(endpoint, sink.endpoint, server, victoria)


@contextmanager
def service(name: str, there: Receiver) -> Iterator[subprocess.Popen[str]]:
    """The emitter under this name, which has emitted every metric once and goes on working."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "RTOBS_"))}
    where = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": there.others,
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{there.endpoint}/v1/metrics",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.emitter", name],
        cwd=_ROOT, env=inherited | where, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen[str], word: str) -> None:
    """Write a line to the standard input of a service."""
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
