"""Minutes from raw counters are what a real Prometheus makes of the rules' expressions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.groups import group_text
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.model.slo import ResolvedSlo
from rtobs.rules.indicators import indicator_rules
from rtobs.rules.reads import Reads
from tests.analytics.slo.counters import openmetrics, shop
from tests.analytics.slo.exports import about, at, export_of
from tests.proof.slos import BAD_FORM, GOOD_FORM, LATENCY, events, select, slo
from tests.servers import Prometheus, Release, promtool

HOURS: Final = 3
COLUMNS: Final = ("total", "bad", "error_1h")
BAD_BY_HANDLER: Final = slo(
    "handlers",
    events(
        select("http_requests_total", handler="!~/health", instance="!=c:80"),
        select("http_requests_total", handler="!~/health", status="=~5..", instance="!=c:80"),
    ),
    "0.995",
    ("handler", "instance"),
)
GOOD_OF_ALL: Final = slo(
    "all-answers", events(select("answers_total"), select("answers_total", reason="stop"), "good")
)
SLOS: Final = (BAD_FORM, BAD_BY_HANDLER, GOOD_FORM, GOOD_OF_ALL, LATENCY)

Values = dict[tuple[str, str, float], float]  # by column, group and Unix time


@pytest.fixture(scope="module")
def blocks(real_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Storage of a server that holds the counters."""
    del real_parts
    folder = tmp_path_factory.mktemp("counted")
    text = folder / "counters.om"
    text.write_text(openmetrics(shop()))
    done = promtool("tsdb", "create-blocks-from", "openmetrics", text, folder / "data")
    assert done.returncode == 0, done.stderr
    return folder / "data"


@pytest.fixture(scope="module", params=[Release.OLDEST, Release.NEWEST])
def prometheus(request: pytest.FixtureRequest, blocks: Path) -> Iterator[Prometheus]:
    """A server of either version over the same samples."""
    flags = ("--storage.tsdb.retention.time=50y",)
    with Prometheus(storage=blocks, flags=flags, release=request.param) as server:
        yield server


def _asked(prometheus: Prometheus, wanted: ResolvedSlo) -> Values:
    """The three expressions every minute; the recorded total is put in as its expression."""
    reads = Reads(wanted)
    rules = indicator_rules(wanted.indicator, reads)
    start, end = at(5).timestamp(), at(60 * HOURS).timestamp()
    found: Values = {}
    for column, text in zip(COLUMNS, (rules.total, rules.bad, rules.hour), strict=True):
        expression = text.replace(reads.now(names.TOTAL_RATE), f"({rules.total})")
        for series in prometheus.query_range(expression, start, end, 60):
            group = group_text(series.labels, wanted.group_by)
            found |= {(column, group, time): value for time, value in series.points}
    return found


def _counted(export: Any, wanted: ResolvedSlo) -> Values:
    frame = counted_minutes(export, wanted, start=at(5), end=at(60 * HOURS))
    return {
        (column, row["group"], row["ts"].timestamp()): row[column]
        for row in frame.to_dicts()
        for column in COLUMNS
        if row[column] is not None
    }


@pytest.mark.parametrize("wanted", SLOS, ids=lambda wanted: wanted.slo_id)
def test_every_minute_of_every_form_is_equal(
    prometheus: Prometheus, wanted: ResolvedSlo, tmp_path: Path
) -> None:
    """Same groups, same minutes, and the same numbers to the last bit."""
    version = prometheus.api("status/buildinfo")["version"]
    export = export_of(tmp_path, shop(), about(HOURS, Dialect.of_version(version)))
    expected, actual = _asked(prometheus, wanted), _counted(export, wanted)
    assert len(expected) > 300
    assert actual == expected


def test_the_dialect_matters(prometheus: Prometheus, tmp_path: Path) -> None:
    """A wrong one is seen, so the test above compares something."""
    version = prometheus.api("status/buildinfo")["version"]
    right = Dialect.of_version(version)
    wrong = Dialect.V2 if right is Dialect.V3 else Dialect.V3
    export = export_of(tmp_path, shop(), about(HOURS, wrong))
    expected, actual = _asked(prometheus, BAD_FORM), _counted(export, BAD_FORM)
    assert actual != expected
