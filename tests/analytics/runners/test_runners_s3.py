"""Units of an export in an S3-compatible store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer
from polars.testing import assert_frame_equal

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.promql import rate
from rtobs.analytics.runners import LocalPool, RangeTask, run, units_of
from rtobs.analytics.runners.dask import DaskRunner
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


@pytest.fixture
def stored(written: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of the export in a store that the usual variables name."""
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
        yield "s3://metrics/export"
    finally:
        store.stop()


def test_a_pool_and_a_cluster_read_from_a_store(written: Path, stored: str) -> None:
    """Workers inherit the usual variables; the frame is that of the folder."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    units = units_of(open_export(stored), "requests_total", days=1)
    near = run(str(written), TASK, units, LocalPool(workers=1))
    pool = run(stored, TASK, units, LocalPool(workers=2))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        dask = run(stored, TASK, units, DaskRunner(client))
    assert_frame_equal(pool, near, check_exact=True)
    assert_frame_equal(dask, near, check_exact=True)
    assert len(near) > 300
