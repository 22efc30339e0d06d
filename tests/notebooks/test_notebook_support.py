"""What notebooks are made of: the sample, opening, tables, figures."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from rtobs.analytics.charts import describe
from rtobs.analytics.frames import INCIDENTS, TIME
from rtobs.analytics.inference import AMOUNTS, Intervals
from rtobs.analytics.notebook import (
    attempt,
    calm,
    figure,
    lines_over_time,
    opened,
    table,
    traffic_by_hour,
    week_of,
    worst_group,
)
from rtobs.analytics.notebook.sample import cached_sample, sample_folder
from rtobs.analytics.simulation import sample_export
from rtobs.analytics.store import Export
from rtobs.errors import ExportError, FrameError
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.fleet import load_fleet
from tests.notebooks.conftest import ROOT

START = datetime(2026, 1, 5, tzinfo=UTC)


def moments(count: int, minutes: int) -> list[datetime]:
    """Moments that are some minutes apart."""
    return [START + timedelta(minutes=minutes * number) for number in range(count)]


def tiles(totals: list[float], bad: list[float], group: str = "") -> pl.DataFrame:
    """TILES from the start on."""
    ends = [moment + timedelta(minutes=5) for moment in moments(len(totals), 5)]
    columns = {"slo_id": "s", "group": group, "ts": ends, "total": totals, "bad": bad}
    return pl.DataFrame(columns).with_columns(pl.col("ts").cast(TIME))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of one day."""
    folder = tmp_path_factory.mktemp("short") / "export"
    sample_export(folder, load_fleet(ROOT / "slo").slos, days=1)
    return folder


def test_an_export_is_opened_by_argument(short: Path) -> None:
    """Its SLOs are those that it holds; incidents were not given, so none are claimed."""
    data = opened({"export": str(short)}, ROOT / "notebooks")
    assert (data.is_sample, data.incidents) == (False, None)
    assert "vllm-http-availability" in data.choices
    assert "minio-up" not in data.choices
    assert data.first_of(["nothing", "vllm-up"]) == "vllm-up"
    assert data.history("vllm-up").slo.slo_id == "vllm-up"


def test_the_environment_names_export_and_incidents(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, where nobody types arguments."""
    known = tmp_path / "known.csv"
    known.write_text("slo_id,start,end\nvllm-up,2026-01-05T10:00Z,2026-01-05T11:00Z\n")
    monkeypatch.setenv("RTOBS_EXPORT", str(short))
    monkeypatch.setenv("RTOBS_INCIDENTS", str(known))
    data = opened({}, ROOT / "notebooks")
    assert data.incidents is not None
    assert data.incidents["slo_id"].to_list() == ["vllm-up"]


def test_definitions_that_an_export_does_not_know(short: Path, tmp_path: Path) -> None:
    """One sentence says what to do."""
    (tmp_path / "policy.yaml").write_bytes((ROOT / "slo/policy.yaml").read_bytes())
    data = opened({"export": str(short), "slo-dir": str(tmp_path)}, None)
    with pytest.raises(ExportError, match=r"holds no SLO of the definitions.*--slo-dir"):
        data.first_of([])


def test_other_definitions_are_another_sample(tmp_path: Path) -> None:
    """The sample holds what the rules of the definitions recorded, so it belongs to them."""
    (tmp_path / "a.yaml").write_text("service: a")
    before = sample_folder(tmp_path)
    assert sample_folder(tmp_path) == before
    (tmp_path / "a.yaml").write_text("service: b")
    assert sample_folder(tmp_path) != before


def test_the_faster_of_two_programs_makes_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second opens what is there, and leaves nothing behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    definitions = tmp_path / "slo"
    definitions.mkdir()

    def overtaken(folder: Path, _: Sequence[ResolvedSlo]) -> Export:
        sample_export(sample_folder(definitions), (), 1)
        return sample_export(folder, (), 1)

    export = cached_sample((), definitions, overtaken)
    folder = sample_folder(definitions)
    assert export.metrics
    assert list(folder.parent.iterdir()) == [folder]


def test_a_table_quotes_and_says_what_is_missing() -> None:
    """Labels can hold anything; a value that is unknown is a dash, never a zero."""
    frame = pl.DataFrame({"name": ["<b>", ""], "value": [float("nan"), 0.5]})
    html = table(frame, {"name": "name", "value": ("value", "{:.1f}".format)}, "A & B").html
    assert "<td" in html
    assert "&lt;b&gt;" in html
    assert "A &amp; B" in html
    assert html.count("\N{EN DASH}</td>") == 2
    assert ">0.5</td>" in html


def test_a_figure_has_its_words_below_it() -> None:
    """For those who cannot see it, and for a search."""
    values = pl.DataFrame({"name": "a", "ts": moments(3, 5), "value": [1.0, 2.0, 1.5]})
    chart = lines_over_time(values.with_columns(pl.col("ts").cast(TIME)), "Rate", "each second")
    shown = figure(chart)
    assert shown.text == describe(chart)
    assert shown.text == (
        "Usually 1.5 each second, lowest 1 each second, highest 2 each second on"
        " Mon 5 Jan 2026, 00:05."
    )
    assert f"{shown.text}</figcaption>" in shown.html


def test_a_figure_without_data_says_why() -> None:
    """A sentence stands where the chart would be."""
    nothing = pl.DataFrame(schema={"name": pl.String, "ts": TIME, "value": pl.Float64})
    shown = figure(lambda: lines_over_time(nothing, "Rate", "each second"))
    assert shown.text == "1 to 5 lines can be drawn, not 0."
    assert "<svg" not in shown.html


def test_only_errors_that_are_about_data_are_caught() -> None:
    """A mistake in a notebook is seen."""
    with pytest.raises(KeyError):
        attempt(lambda: {"there": 1}["absent"])


def test_shares_are_written_in_percent() -> None:
    """0.25 is 25 %."""
    values = pl.DataFrame({"name": ["a", "b"], "ts": moments(2, 5), "value": [0.25, 1.0]})
    chart = lines_over_time(
        values.with_columns(pl.col("ts").cast(TIME)), "Use", "of the time", share=True
    )
    assert describe(chart).startswith("a: usually 25\N{NO-BREAK SPACE}%,")


def test_intervals_that_an_incident_touches_are_left_out() -> None:
    """Also when it only touches their beginning."""
    intervals = Intervals(START, START + timedelta(minutes=40), Duration.parse("10m"))
    ends = [moment + timedelta(minutes=10) for moment in moments(4, 10)]
    amounts = pl.DataFrame(
        {"group": "", "ts": ends, "value": [1.0, 2.0, 3.0, 4.0]}, schema=dict(AMOUNTS.columns)
    )
    span = (START + timedelta(minutes=12), START + timedelta(minutes=21))
    incident = pl.DataFrame([("s", "", *span, "")], dict(INCIDENTS.columns), orient="row")
    assert calm(amounts, incident, intervals)["value"].to_list() == [1.0, 4.0]
    assert calm(amounts, None, intervals).equals(amounts)


def test_the_worst_group_is_that_with_most_bad_events_for_its_traffic() -> None:
    """Not the one with most bad events."""
    both = pl.concat([tiles([100.0], [2.0], "large"), tiles([10.0], [1.0], "small")])
    assert worst_group(both)["group"].to_list() == ["small"]
    assert worst_group(both.clear()).is_empty()


def test_a_tile_belongs_to_the_hour_in_which_it_began() -> None:
    """The tile that ends at one o'clock is of the hour before."""
    hours = traffic_by_hour(tiles([1.0] * 13, [0.0] * 13))
    assert hours.rows() == [(START, 12.0), (START + timedelta(hours=1), 1.0)]
    assert describe(week_of(hours, "Week", "events an hour")) == (
        "Most on Mon from 00:00 with usually 12 events an hour, least on Mon from 01:00 with 1."
    )


def test_an_incident_of_no_slo_is_a_mistake(short: Path, tmp_path: Path) -> None:
    """As on the command line, a mistyped id is not an incident that nobody sees."""
    known = tmp_path / "known.csv"
    known.write_text("slo_id,start,end\nvllm-upp,2026-01-05T10:00Z,2026-01-05T11:00Z\n")
    words = {"export": str(short), "incidents": str(known)}
    with pytest.raises(FrameError, match='there is no SLO "vllm-upp"; did you mean vllm-up'):
        opened(words, ROOT / "notebooks")
