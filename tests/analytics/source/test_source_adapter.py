"""A configured `PrometheusConnect` can be used for an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from polars.testing import assert_frame_equal
from prometheus_api_client import PrometheusConnect

from rtobs.analytics.source import Question, download, from_api_client, plan
from tests.analytics.source.conftest import END, START, Known
from tests.prometheus_client.fake_prometheus import FakePrometheus, success


def test_its_headers_authentication_and_session_are_used() -> None:
    """Whatever was configured is sent, and our own header for the tenant."""
    session = requests.Session()
    session.headers["X-Proxy"] = "yes"
    with FakePrometheus(answers=lambda _: success({"version": "3.5.0"})) as fake:
        connect = PrometheusConnect(
            fake.url, headers={"X-Own": "1"}, auth=("ann", "secret"), session=session, timeout=5
        )
        client = from_api_client(connect, tenant="team-a")
        assert client.server().version == "3.5.0"
        sent = fake.asked[0].headers
        client.close()
    assert (sent["x-own"], sent["x-proxy"], sent["x-scope-orgid"]) == ("1", "yes", "team-a")
    assert sent["authorization"].startswith("Basic ")
    assert sent["accept-encoding"] == "identity"
    assert client.connection.patience.read == 5
    assert "secret" not in repr(client)


def test_an_export_through_it_is_the_same(url: str, known: Known, tmp_path: Path) -> None:
    """The samples are those of the server."""
    with from_api_client(PrometheusConnect(url)) as client:
        metric = "demo_requests_total"
        export = download(plan(client, [Question(metric)], START, END), client, tmp_path)
    assert_frame_equal(export.samples(metric).collect(), known.frames(metric)[1])


@pytest.mark.parametrize("other", [None, "http://x", object()])
def test_something_else_is_refused(other: Any) -> None:
    """Only a PrometheusConnect is one."""
    with pytest.raises(TypeError, match="a PrometheusConnect is needed, not a"):
        from_api_client(other)
