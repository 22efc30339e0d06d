"""Exports from real servers hold exactly what the servers hold."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.source import NothingFoundError, Question, download, plan
from rtobs.errors import ExportError, ServerError
from rtobs.prometheus import Client
from tests.analytics.source.conftest import END, MINUTE, START, Known

REQUESTS = "demo_requests_total"


@pytest.mark.parametrize("budget", [700_000, 1_500])
@pytest.mark.parametrize("metric", [REQUESTS, "demo_odd"])
def test_a_raw_export_is_what_was_scraped(
    client: Client, known: Known, tmp_path: Path, metric: str, budget: int
) -> None:
    """Every sample is there once, with its own time and its value to the last bit.

    Samples lie on the edges of chunks, which the versions of Prometheus read differently.
    VictoriaMetrics rounds a series with numbers of very different sizes when it stores them.
    """
    if metric == "demo_odd" and client.server().software == "VictoriaMetrics":
        pytest.skip("VictoriaMetrics keeps fewer digits")
    made = plan(client, [Question(metric)], START, END, budget=budget)
    export = download(made, client, tmp_path / "x")
    series, samples = known.frames(metric)
    assert_frame_equal(export.series, series)
    assert_frame_equal(export.samples(metric).collect(), samples, check_exact=True)
    export.verify()
    assert (export.about.mode, export.about.holes, export.about.warnings[1:]) == ("raw", (), ())
    if budget < 10_000 and metric == REQUESTS:
        assert len(made.chunks) >= 5


def test_a_grid_export_is_what_the_server_answers(client: Client, tmp_path: Path) -> None:
    """Chunks of a grid joined are the answer to one request, expressions included.

    Not the series with a gap: what VictoriaMetrics says there depends on the time asked for.
    """
    queries = [f'sum by (path) (rate({REQUESTS}{{path!="/4"}}[5m]))', "vector(1)"]
    questions = [Question(query, record=f"record:{n}") for n, query in enumerate(queries)]
    made = plan(client, questions, START, END, step=MINUTE, budget=300)
    assert len(made.chunks) >= 8
    export = download(made, client, tmp_path)
    for number, query in enumerate(queries):
        whole = client.query_range(query, START, END, MINUTE).value
        expected = {
            found.metric.get("path", ""): [
                (time, float(value)) for time, value in json.loads(bytes(found.values))
            ]
            for found in whole.result
        }
        metric = f"record:{number}"
        ids = dict(export.select(metric).select("series_id", "labels").iter_rows())
        names = {n: next((p["value"] for p in pairs), "") for n, pairs in ids.items()}
        frame = export.samples(metric).collect()
        actual = {
            names[key[0]]: [(ts.timestamp(), value) for _, ts, value in rows.iter_rows()]
            for key, rows in frame.group_by("series_id", maintain_order=True)
        }
        assert actual == expected


def test_labels_of_a_question_are_on_every_series(client: Client, tmp_path: Path) -> None:
    """A question can name its answer and add labels, as a recording rule does."""
    question = Question(f"sum({REQUESTS})", "slo:x", {"slo_id": "demo"}, timedelta(minutes=5))
    export = download(plan(client, [question], START, END, step=MINUTE), client, tmp_path)
    assert export.series.select("metric", "labels").rows() == [
        ("slo:x", [{"name": "slo_id", "value": "demo"}])
    ]
    assert export.samples("slo:x").collect().height == 61


def test_the_plan_estimates_what_comes(client: Client, known: Known, tmp_path: Path) -> None:
    """Estimated series and samples are near the truth, and the dialect is that of the server."""
    made = plan(client, [Question(REQUESTS)], START, END)
    truth = known.frames(REQUESTS)[1].height
    assert made.series == (6,)
    assert made.rows == pytest.approx(truth, rel=0.25)
    software, version = made.server.software, made.server.version
    assert made.dialect == (Dialect.of_version(version) if software == "Prometheus" else Dialect.V3)
    assert bool(made.warnings) == (software != "Prometheus")
    assert download(made, client, tmp_path).about.dialect == made.dialect


def test_many_series_are_asked_for_in_shares(client: Client, known: Known, tmp_path: Path) -> None:
    """Shares of the series together are all series, whatever characters their labels hold."""
    made = plan(client, [Question(REQUESTS)], START, END, budget=400)
    queries = {chunk.query for chunk in made.chunks}
    assert len(queries) >= 3
    export = download(made, client, tmp_path)
    assert_frame_equal(export.samples(REQUESTS).collect(), known.frames(REQUESTS)[1])


def test_overlapping_questions_give_each_sample_once(
    client: Client, known: Known, tmp_path: Path
) -> None:
    """A series that two selectors match is one series."""
    questions = [Question(REQUESTS), Question(f'{REQUESTS}{{path=~"/[012]"}}')]
    export = download(plan(client, questions, START, END), client, tmp_path)
    assert_frame_equal(export.samples(REQUESTS).collect(), known.frames(REQUESTS)[1])


def test_part_of_the_time(client: Client, known: Known, tmp_path: Path) -> None:
    """Both ends of the time that was asked for are part of the export."""
    start, end = START + timedelta(minutes=30), END - timedelta(minutes=30)
    export = download(plan(client, [Question(REQUESTS)], start, end), client, tmp_path)
    whole = known.frames(REQUESTS)[1]
    expected = whole.filter(pl.col("ts").is_between(start, end))
    assert_frame_equal(export.samples(REQUESTS).collect(), expected)
    assert expected["ts"].max() == end


def test_the_same_bytes_whatever_the_chunks(client: Client, tmp_path: Path) -> None:
    """Files depend on the data, not on how it was asked for."""
    for name, budget in (("a", 700_000), ("b", 900)):
        made = plan(client, [Question(REQUESTS)], START, END, budget=budget)
        download(made, client, tmp_path / name)
    a, b = (
        {
            p.relative_to(tmp_path / name): p.read_bytes()
            for p in (tmp_path / name).rglob("*.*")
            if p.is_file()
        }
        for name in ("a", "b")
    )
    assert a == b
    assert len(a) == 4


def test_nothing_matches(client: Client, tmp_path: Path) -> None:
    """A selector without series makes no export and no folder."""
    made = plan(client, [Question("nothing")], START, END)
    with pytest.raises(NothingFoundError, match="nothing matched in that time"):
        download(made, client, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_question_is_refused_before_anything_is_written(
    client: Client, tmp_path: Path
) -> None:
    """What cannot be asked is said at once."""
    for query, message in (
        ("sum(", "is no PromQL"),
        ("1", "is a scalar; ask for a vector"),
        ("m[5m]", "is a matrix; ask for a vector"),
        ("sum(m)", "is no plain selector, so it has no raw samples; give a step"),
        ("m offset 5m", "is no plain selector"),
    ):
        with pytest.raises(ExportError, match=message):
            plan(client, [Question(query)], START, END)
    with pytest.raises(ServerError):
        plan(client, [Question("histogram_quantile(m, m)")], START, END, step=MINUTE)
    assert list(tmp_path.iterdir()) == []
