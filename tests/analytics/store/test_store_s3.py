"""An export in an S3-compatible store is the export of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import polars as pl
import pytest
from moto.server import ThreadedMotoServer
from polars.testing import assert_frame_equal

from rtobs.analytics.source import Question, download, plan
from rtobs.analytics.store import About, open_export, write_export
from rtobs.errors import ExportError
from rtobs.prometheus import Client, Connection
from tests.analytics.source.test_source_resume import BUDGET, END, MINUTE, QUICK, START, failing
from tests.prometheus_client.fake_prometheus import FakePrometheus, failure
from tests.servers.loopback import free_port


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A store on loopback with a bucket."""
    store = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    store.start()
    host, port = store.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",  # noqa: S106
    )  # fmt: skip
    client.create_bucket(Bucket="metrics")
    yield url
    store.stop()


@pytest.fixture(autouse=True)
def settings(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual variables lead to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def test_what_is_written_is_what_is_read(
    engine: str, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Frames, metrics and digests are the same as from a folder."""
    address = f"s3://metrics/{engine}/export"
    write_export(address, series, samples, about)
    export = open_export(address)
    assert (export.about, export.metrics) == (about, ("job:up:sum", "up"))
    assert_frame_equal(export.series, series)
    found = pl.concat([export.samples(metric).collect() for metric in export.metrics])
    assert_frame_equal(found, samples)
    export.verify()


def test_what_is_not_there(engine: str) -> None:
    """A prefix without a manifest, and an address without a bucket, are said in words."""
    with pytest.raises(ExportError, match=f"s3://metrics/none-{engine} has no manifest"):
        open_export(f"s3://metrics/none-{engine}")
    with pytest.raises(ExportError, match="names no bucket"):
        open_export("s3://")


def test_an_interrupted_export_goes_on_there(engine: str, tmp_path: Path) -> None:
    """Chunks that are done are in the store; the result is that of a folder."""
    address = f"s3://metrics/resumed-{engine}"
    broken = failure(500, "broken")
    with (
        FakePrometheus(answers=failing(lambda n: n in (5, 6), broken)) as fake,
        Client(Connection(fake.url, patience=QUICK)) as client,
    ):
        made = plan(client, [Question("up")], START, END, step=MINUTE, budget=BUDGET)
        first = download(made, client, address, concurrency=1)
        assert len(first.about.holes) == 1
        before = len(fake.asked)
        export = download(made, client, address)
        assert len(fake.asked) - before == 2  # the hole, and the types of metrics
        local = download(made, client, tmp_path)
    assert export.manifest.files == local.manifest.files
    assert export.place.paths("work") == []
