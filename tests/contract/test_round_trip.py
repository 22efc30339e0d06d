"""`rtobs doctor --round-trip` finds its metric in a real Prometheus."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.contract.receivers import WAYS, receiver


@pytest.mark.usefixtures("real_parts")
@pytest.mark.parametrize("way", WAYS)
def test_the_metric_comes_back_from_prometheus(way: str) -> None:
    """What the doctor sends by OTLP has the name under which it asks for it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "RTOBS_"))}
    with receiver(way) as there:
        where = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": there.others,
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{there.endpoint}/v1/metrics",
        }
        done = subprocess.run(
            [
                sys.executable, "-c", "from rtobs.cli.main import main; raise SystemExit(main())",
                "doctor", "--service", "shop", "--format", "json",
                "--round-trip", "--prometheus", there.prometheus.http.url,
            ],
            capture_output=True, text=True, timeout=60, check=False, env=inherited | where,
        )  # fmt: skip
        found = {one["about"]: one["text"] for one in json.loads(done.stdout)}

        assert found["metric in Prometheus"] == f"came back from {there.prometheus.http.url}"
        assert (done.returncode, done.stderr) == (0, "")
