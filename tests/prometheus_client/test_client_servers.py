"""Against the real servers: what they are, and what they answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rtobs.prometheus import AnswerError, Client, Connection, Matrix, Server
from tests.servers.parts import Release
from tests.servers.prometheus import Prometheus, promtool
from tests.servers.victoriametrics import VictoriaMetrics

pytestmark = pytest.mark.usefixtures("real_parts")

START = datetime(2026, 11, 1, tzinfo=UTC)
STEP = timedelta(seconds=10)
SAMPLES = {f'm{{n="{n}"}}': [float(n), float(n + 1), float(n + 2)] for n in (1, 2)}


def _openmetrics() -> str:
    lines = [
        f"{name} {value} {(START + i * STEP).timestamp():.3f}"
        for name, values in SAMPLES.items()
        for i, value in enumerate(values)
    ]
    return "\n".join(["# TYPE m gauge", *lines, "# EOF", ""])


@pytest.fixture(scope="module")
def blocks(real_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of blocks with three samples of two series."""
    del real_parts
    folder = tmp_path_factory.mktemp("blocks")
    text = folder / "samples.txt"
    text.write_text(_openmetrics())
    made = promtool("tsdb", "create-blocks-from", "openmetrics", text, folder / "data")
    assert made.returncode == 0, made.stderr
    return folder / "data"


def _prometheus(blocks: Path, folder: Path, release: Release) -> Prometheus:
    shutil.copytree(blocks, folder)
    flags = ["--storage.tsdb.retention.time=10y"]
    return Prometheus(storage=folder, flags=flags, release=release)


@pytest.fixture(scope="module", params=[Release.OLDEST, Release.NEWEST, None], ids=str)
def server(
    request: pytest.FixtureRequest, blocks: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus | VictoriaMetrics]:
    """Each server with the samples: Prometheus old and new, and VictoriaMetrics."""
    if request.param is not None:
        folder = tmp_path_factory.mktemp("storage") / "data"
        with _prometheus(blocks, folder, request.param) as prometheus:
            yield prometheus
        return
    with VictoriaMetrics() as victoria:
        victoria.load(
            "".join(
                f"{name} {value} {int((START + i * STEP).timestamp() * 1000)}\n"
                for name, values in SAMPLES.items()
                for i, value in enumerate(values)
            )
        )
        yield victoria


@pytest.fixture
def client(server: Prometheus | VictoriaMetrics) -> Iterator[Client]:
    """A client of each server."""
    with Client(Connection(server.http.url)) as client:
        yield client


def _points(matrix: Matrix) -> dict[str, list[list[object]]]:
    return {found.metric["n"]: json.loads(bytes(found.values)) for found in matrix.result}


def test_the_server_says_what_it_is(server: Prometheus | VictoriaMetrics, client: Client) -> None:
    """Prometheus says its version; the one that VictoriaMetrics makes up is not believed."""
    found = client.server()
    if isinstance(server, VictoriaMetrics):
        assert found == Server("VictoriaMetrics", "")
    else:
        assert found.software == "Prometheus"
        assert server.program.version.startswith(found.version.partition("+")[0])


def test_raw_samples_have_their_own_times(client: Client) -> None:
    """A millisecond more than the distance holds the sample at the left edge on every server."""
    end = START + 2 * STEP
    answer = client.raw("m", end, 2 * STEP + timedelta(milliseconds=1))
    times = [(START + i * STEP).timestamp() for i in range(3)]
    assert _points(answer.value) == {
        n: [[time, str(int(n) + i)] for i, time in enumerate(times)] for n in ("1", "2")
    }
    assert answer.warnings == ()


def test_a_grid_includes_both_ends(client: Client) -> None:
    """Both start and end are grid points."""
    answer = client.query_range('m{n="1"}', START, START + STEP, STEP / 2)
    assert [value for _, value in _points(answer.value)["1"]] == ["1", "1", "2"]


def test_instant_series_and_labels(client: Client) -> None:
    """Instant vectors, label sets and label values."""
    end = START + 2 * STEP
    vector = client.query("sum(m)", end).value
    assert [(sample.metric, float(sample.value[1])) for sample in vector] == [({}, 7.0)]
    found = client.series(['m{n=~"1|2"}'], START, end).value
    assert sorted(labels["n"] for labels in found) == ["1", "2"]
    assert client.types().value == {}


def test_label_values(client: Client) -> None:
    """Values of a label on selected series."""
    assert client.label_values("n", ['m{n!="1"}'], START, START + STEP).value == ["2"]


def test_a_wrong_query_is_refused_in_the_servers_words(client: Client) -> None:
    """The text of the server is in the error, with its status."""
    with pytest.raises(AnswerError, match="parse") as caught:
        client.query("up{", START)
    assert caught.value.status in (400, 422)


@pytest.mark.parametrize("server", [Release.NEWEST], indirect=True)
def test_a_remark_of_the_server_is_not_lost(client: Client) -> None:
    """Prometheus 3 remarks that the rate of a gauge is odd; the answer carries that."""
    answer = client.query("rate(m[1m])", START + 2 * STEP)
    assert len(answer.value) == 2
    assert [text for text in answer.warnings if "might not be a counter" in text] != []
