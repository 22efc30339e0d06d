"""What an SLO needs from a server: recorded series, their expressions, or raw counters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtobs import conventions as names
from rtobs.analytics.source import Events, Question, download, plan, questions_of
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.slo import ResolvedSlo
from rtobs.prometheus import Client, Connection
from rtobs.rules.groups import Recording
from rtobs.rules.recordings import every_five_minutes, every_minute
from rtobs.slo.fleet import load_fleet
from tests.servers.parts import Release
from tests.servers.prometheus import Prometheus, promtool

START: Final = datetime(2026, 11, 1, tzinfo=UTC)
FIRST: Final = START + timedelta(hours=1, minutes=10)
END: Final = START + timedelta(hours=3)
MINUTE: Final = timedelta(minutes=1)
FIVE: Final = 5 * MINUTE
# Rules write a marker where a series ends and blocks cannot; so short a look back stands for it.
FLAGS: Final = ("--storage.tsdb.retention.time=10y", "--query.lookback-delta=45s")


@pytest.fixture(scope="module")
def slos() -> dict[str, ResolvedSlo]:
    """The SLOs of this repository, by id."""
    return {slo.slo_id: slo for slo in load_fleet(Path("slo"), "").slos}


def _raw() -> Iterator[str]:
    """Counters whose errors begin late, a histogram, and a probe that fails and falls silent."""
    for n in range(3 * 240 + 1):
        ts = f"{(START + n * timedelta(seconds=15)).timestamp():.3f}"
        yield f'apisix_http_status{{code="200"}} {n * 7} {ts}'
        if n > 400:
            yield f'apisix_http_status{{code="503"}} {(n - 400) * (1 + n % 5)} {ts}'
        yield f'apisix_http_latency_count{{type="apisix"}} {n * 9} {ts}'
        yield f'apisix_http_latency_bucket{{type="apisix",le="200"}} {n * 9 - n // 3} {ts}'
        if not 500 <= n < 600:
            yield f'probe_success{{probe="apisix"}} {int(n % 50 > 7)} {ts}'


def _series_of(line: str) -> str:
    return line.rsplit(" ", 2)[0]


def _add_blocks(folder: Path, storage: Path, lines: list[str]) -> None:
    text = folder / "samples.txt"
    text.write_text("\n".join([*sorted(lines, key=_series_of), "# EOF", ""]))
    made = promtool("tsdb", "create-blocks-from", "openmetrics", text, storage)
    assert made.returncode == 0, made.stderr


def _recorded(client: Client, rule: Recording, step: timedelta) -> Iterator[str]:
    """What a rule records when it is evaluated at every step, as lines."""
    answer = client.query_range(rule.expr, START + step, END, step)
    for found in answer.value.result:
        labels = {**found.metric, **rule.labels}
        inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
        for ts, value in json.loads(bytes(found.values)):
            yield f"{rule.record}{{{inner}}} {value} {ts:.3f}"


@pytest.fixture(scope="module", params=[Release.OLDEST, Release.NEWEST], ids=str)
def ruled(
    request: pytest.FixtureRequest,
    real_parts: None,
    slos: dict[str, ResolvedSlo],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:
    """A Prometheus in which the rules of three SLOs ran, stage by stage."""
    del real_parts
    folder = tmp_path_factory.mktemp("ruled")
    storage = folder / "data"
    _add_blocks(folder, storage, list(_raw()))
    chosen = [slos[slo_id] for slo_id in ("apisix-requests", "apisix-gateway-latency", "apisix-up")]
    stages = (
        {names.SLICE_SEEN: MINUTE},
        {names.SLICE_BAD: MINUTE},
        {names.TOTAL_RATE: MINUTE},
        {names.BAD_RATE: MINUTE, names.error_ratio("1h"): MINUTE, names.TOTAL_TILE: FIVE},
        {names.BAD_TILE: FIVE},
    )
    with Prometheus(storage=storage, flags=FLAGS, release=request.param) as server:
        client = Client(Connection(server.http.url))
        for stage in stages:
            rules = [r for slo in chosen for r in (*every_minute(slo), *every_five_minutes(slo))]
            lines = [
                line
                for rule in rules
                if rule.record in stage
                for line in _recorded(client, rule, stage[rule.record])
            ]
            server.stop()
            _add_blocks(folder, storage, lines)
            server.start()
        yield client
    shutil.rmtree(folder)


def _export(client: Client, slo: ResolvedSlo, events: Events, folder: Path) -> Export:
    step = MINUTE if events is Events.EXPRESSIONS else None
    made = plan(client, questions_of(slo, events), FIRST, END, step=step)
    return download(made, client, folder)


@pytest.mark.parametrize("slo_id", ["apisix-requests", "apisix-gateway-latency", "apisix-up"])
def test_expressions_give_what_the_rules_record(
    ruled: Client, slos: dict[str, ResolvedSlo], tmp_path: Path, slo_id: str
) -> None:
    """Series, times and values are those that the rules recorded, fills of silence included."""
    slo = slos[slo_id]
    recorded = _export(ruled, slo, Events.RECORDED, tmp_path / "recorded")
    computed = _export(ruled, slo, Events.EXPRESSIONS, tmp_path / "computed")
    assert computed.metrics == recorded.metrics
    assert len(computed.metrics) >= 5
    assert_frame_equal(computed.series, recorded.series)
    for metric in computed.metrics:
        actual, expected = (export.samples(metric).collect() for export in (computed, recorded))
        assert_frame_equal(actual, expected, rel_tol=1e-12, abs_tol=1e-15)


def test_the_silence_of_the_probe_is_filled(
    ruled: Client, slos: dict[str, ResolvedSlo], tmp_path: Path
) -> None:
    """The data of the test above has a fill: minutes that nobody saw are bad ones."""
    export = _export(ruled, slos["apisix-up"], Events.EXPRESSIONS, tmp_path)
    seen, bad = (
        export.samples(name).collect()["ts"] for name in (names.SLICE_SEEN, names.SLICE_BAD)
    )
    assert bad.len() == 111
    assert seen.len() == 111 - 24
    filled = export.samples(names.SLICE_BAD).collect().filter(~pl.col("ts").is_in(seen.implode()))
    assert filled["value"].unique().to_list() == [1.0]


def test_counters_are_those_that_the_rules_read(slos: dict[str, ResolvedSlo]) -> None:
    """The selectors of the totals and of what is counted, raw."""
    requests = questions_of(slos["apisix-requests"], Events.COUNTERS)
    assert requests == (
        Question("apisix_http_status"),
        Question('apisix_http_status{code=~"5.."}'),
    )
    latency = questions_of(slos["apisix-gateway-latency"], Events.COUNTERS)
    assert [question.query for question in latency] == [
        'apisix_http_latency_bucket{type="apisix",le=~"200|200\\\\.0"}',
        'apisix_http_latency_count{type="apisix"}',
    ]


def test_an_slo_without_counters_says_what_to_use(slos: dict[str, ResolvedSlo]) -> None:
    """A time slice counts minutes, not events of a counter."""
    with pytest.raises(ExportError, match="apisix-up counts no counters; use --events recorded"):
        questions_of(slos["apisix-up"], Events.COUNTERS)


def test_every_slo_of_this_repository_can_be_asked_for(slos: dict[str, ResolvedSlo]) -> None:
    """Each expression is a vector that reads no recorded series, under the recorded name."""
    for slo in slos.values():
        (recorded,) = questions_of(slo, Events.RECORDED)
        assert recorded.is_selector
        for question in questions_of(slo, Events.EXPRESSIONS):
            reads = {found.selector.metric for found in question.expression.selectors}
            assert not [name for name in reads if name.startswith("slo:")]
            assert question.labels[names.SLO_ID] == slo.slo_id
            assert question.record.startswith("slo:")
