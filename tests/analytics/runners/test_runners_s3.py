"""Units of an export in an S3-compatible store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer
from polars.testing import assert_frame_equal

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.promql import rate
from rtobs.analytics.runners import LocalPool, RangeTask, run, units_of
from rtobs.analytics.store import open_export
from rtobs.model.duration import Duration
from tests.servers.loopback import free_port

TASK = RangeTask(
    rate,
    (Duration.parse("1h"),),
    Duration.parse("1h"),
    datetime(2026, 11, 1, tzinfo=UTC),
    Dialect.V3,
)


def test_a_pool_reads_from_a_store(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers inherit the usual variables; the frame is that of the folder."""
    store = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    store.start()
    try:
        host, port = store.get_host_and_port()
        variables = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="metrics")
        for file in filter(Path.is_file, written.rglob("*")):
            key = f"export/{file.relative_to(written).as_posix()}"
            client.upload_file(str(file), "metrics", key)
        units = units_of(open_export("s3://metrics/export"), "requests_total", days=1)
        far = run("s3://metrics/export", TASK, units, LocalPool(workers=2))
    finally:
        store.stop()
    near = run(str(written), TASK, units, LocalPool(workers=1))
    assert_frame_equal(far, near, check_exact=True)
    assert len(far) > 300
