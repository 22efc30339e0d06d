"""Known samples in real servers: Prometheus old and new, and VictoriaMetrics."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.store import series_frame
from rtobs.prometheus import Client, Connection
from tests.servers.fixtures import pytest_runtest_makereport, real_parts
from tests.servers.parts import Release
from tests.servers.prometheus import Prometheus, promtool
from tests.servers.victoriametrics import VictoriaMetrics

__all__ = ["pytest_runtest_makereport", "real_parts"]

START = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)
END = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
_IMPORT = "/api/v1/import/prometheus"
_SCRAPE_MS = 15_000


@dataclass(frozen=True)
class Known:
    """What is in the servers.

    Attributes:
        points: (milliseconds, value) of each series by its labels, `__name__` among them.
    """

    points: Mapping[tuple[tuple[str, str], ...], list[tuple[int, float]]]

    def frames(self, metric: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """SERIES and SAMPLES of one metric."""
        own = [dict(key) for key in self.points if dict(key)["__name__"] == metric]
        series = series_frame(own)
        rows = []
        for number, labels in zip(series["series_id"], series["labels"], strict=True):
            pairs = [("__name__", metric), *((pair["name"], pair["value"]) for pair in labels)]
            rows += [(number, *point) for point in self.points[tuple(sorted(pairs))]]
        schema = {**SAMPLES.columns, "ts": pl.Int64}
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return series, frame.cast({"ts": SAMPLES.columns["ts"]})

    def lines(self, unit_ms: int) -> Iterator[str]:
        """Lines of an exposition; times in units of so many milliseconds."""
        for key, points in sorted(self.points.items()):
            labels = dict(key)
            name = labels.pop("__name__")
            inner = ",".join(f'{k}="{_escaped(v)}"' for k, v in labels.items())
            for ms, value in points:
                time = ms if unit_ms == 1 else f"{ms / unit_ms:.3f}"
                yield f"{name}{{{inner}}} {_number(value)} {time}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)


def _known() -> Known:
    """Counters with jitter, gaps and resets; a gauge; and values that are no usual numbers."""
    dice = random.Random(7)  # noqa: S311
    start, end = (int(edge.timestamp() * 1000) for edge in (START, END))
    points: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = {}
    for number in range(6):
        labels = {"__name__": "demo_requests_total", "code": "200", "path": f"/{number}"}
        labels["odd"] = 'a"b\\c\nd,["é' if number == 0 else ""
        value, own = 0.0, []
        for ms in range(start, end + 1, _SCRAPE_MS):
            value = 0.0 if dice.random() < 0.002 else value + dice.randrange(20) / 8
            jitter = 0 if number < 2 else dice.randrange(-900, 900)
            if number != 4 or not 23 <= datetime.fromtimestamp(ms / 1000, UTC).hour < 24:
                own.append((min(max(ms + jitter, start), end), value))
        points[tuple(sorted((k, v) for k, v in labels.items() if v))] = own
    odd = [0.1 + 0.2, -0.0, 1e308, 5e-324, math.inf, -math.inf, 1 / 3, 123456789.123456789]
    key = (("__name__", "demo_odd"),)
    points[key] = [(start + n * _SCRAPE_MS, value) for n, value in enumerate(odd)]
    return Known(points)


@pytest.fixture(scope="session")
def known() -> Known:
    """What is in the servers."""
    return _known()


@pytest.fixture(scope="session")
def blocks(real_parts: None, known: Known, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples as blocks of Prometheus."""
    del real_parts
    folder = tmp_path_factory.mktemp("blocks")
    text = folder / "samples.txt"
    text.write_text("\n".join([*known.lines(1000), "# EOF", ""]))
    made = promtool("tsdb", "create-blocks-from", "openmetrics", text, folder / "data")
    assert made.returncode == 0, made.stderr
    return folder / "data"


@pytest.fixture(scope="session", params=[Release.OLDEST, Release.NEWEST, None], ids=str)
def url(
    request: pytest.FixtureRequest,
    known: Known,
    blocks: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Address of each server: Prometheus old and new, and VictoriaMetrics."""
    if request.param is None:
        with VictoriaMetrics() as victoria:
            victoria.http.post(_IMPORT, "\n".join([*known.lines(1), ""]).encode())
            victoria.http.get("/internal/force_flush")
            yield victoria.http.url
        return
    storage = tmp_path_factory.mktemp("storage") / "data"
    shutil.copytree(blocks, storage)
    flags = ["--storage.tsdb.retention.time=10y"]
    with Prometheus(storage=storage, flags=flags, release=request.param) as prometheus:
        yield prometheus.http.url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A client of each server."""
    with Client(Connection(url)) as client:
        yield client


MINUTE = timedelta(minutes=1)
