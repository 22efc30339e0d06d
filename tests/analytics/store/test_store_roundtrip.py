"""What is written is what is read."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES, SERIES
from rtobs.analytics.store import About, Hole, fingerprint, open_export, series_frame, write_export
from rtobs.errors import ExportError
from rtobs.model.selector import Matcher

START = datetime(2026, 11, 1, 23, 0, tzinfo=UTC)


def test_samples_and_series_come_back(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """An export gives back the frames and the words that went in."""
    write_export(tmp_path / "x", series, samples.reverse(), about)
    export = open_export(tmp_path / "x")
    assert export.about == about
    assert export.metrics == ("job:up:sum", "up")
    assert_frame_equal(export.series, series)
    found = pl.concat([export.samples(metric).collect() for metric in export.metrics])
    assert_frame_equal(found, samples)


def test_a_span_of_time_includes_both_ends(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Samples at the first and at the last instant that was asked for are there."""
    export = write_export(tmp_path, series, samples, about)
    start, end = START + timedelta(minutes=30), START + timedelta(minutes=90)
    found = export.samples("job:up:sum", start, end).collect()
    assert found["ts"].to_list() == [start, start + timedelta(minutes=30), end]


def test_an_instant_of_any_zone_is_meant(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Times of other zones are the same instants; one without a zone is refused."""
    export = write_export(tmp_path, series, samples, about)
    there = timezone(timedelta(hours=5, minutes=30))
    start, end = START + timedelta(minutes=60), START + timedelta(minutes=90)
    found = export.samples("up", start.astimezone(there), end.astimezone(there)).collect()
    assert found["ts"].unique().sort().to_list() == [start, end]
    with pytest.raises(ExportError, match="needs a time zone, for example UTC"):
        export.samples("up", START.replace(tzinfo=None))


def test_a_metric_that_is_not_there_has_no_samples(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """An unknown metric, and a day without data, are empty frames of SAMPLES."""
    export = write_export(tmp_path, series, samples, about)
    later = START + timedelta(days=9)
    for found in (export.samples("down"), export.samples("up", later)):
        assert found.collect().schema == pl.Schema(dict(SAMPLES.columns))
        assert found.collect().height == 0


def test_the_same_rows_give_the_same_bytes(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Two exports of the same data are the same files."""
    for name in ("a", "b"):
        write_export(tmp_path / name, series, samples.sample(fraction=1, shuffle=True), about)
    files = {
        name: {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("a", "b")
    }
    assert files["a"] == files["b"]
    assert len(files["a"]) == 6


def test_facts_of_series(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Each series knows its first and last sample and how many it has; one without has 0."""
    export = write_export(tmp_path, series, samples.filter(pl.col("series_id") != 1), about)
    facts = export.series_facts.select("first_ts", "last_ts", "samples").rows()
    whole = (START, START + timedelta(minutes=150), 6)
    assert facts == [whole, (None, None, 0), whole]


@pytest.mark.parametrize(
    ("matchers", "ids"),
    [
        ((Matcher("job", "=", "api"),), [0, 2]),
        ((Matcher("job", "!=", "api"),), [1]),
        ((Matcher("job", "=", ""),), [1]),
        ((Matcher("job", "=~", "a.*"),), [0, 2]),
        ((Matcher("job", "=~", "ap"),), []),
        ((Matcher("job", "!~", "api|b"),), [1]),
        ((Matcher("path", "=~", "a.*d"),), [2]),
        ((Matcher("__name__", "=", "up"), Matcher("job", "=", "api")), [2]),
        ((), [0, 1, 2]),
    ],
)
def test_series_are_selected_as_prometheus_selects(
    tmp_path: Path,
    series: pl.DataFrame,
    samples: pl.DataFrame,
    about: About,
    matchers: tuple[Matcher, ...],
    ids: list[int],
) -> None:
    """Regular expressions match whole values, and an absent label is the empty text."""
    export = write_export(tmp_path, series, samples, about)
    assert export.select("", *matchers)["series_id"].to_list() == ids


def test_series_are_selected_by_metric_and_labels(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """`select("up", job="api")` gives the one series, as SERIES."""
    found = write_export(tmp_path, series, samples, about).select("up", job="api")
    assert found["series_id"].to_list() == [2]
    assert found.schema == pl.Schema(dict(SERIES.columns))


@pytest.mark.parametrize("metric", ["a:b", "../../up", "CON", "métrique/b", "", ".", "x" * 400])
def test_any_name_of_a_metric_is_safe_in_a_path(
    tmp_path: Path, about: About, metric: str, samples: pl.DataFrame
) -> None:
    """A metric's name never leads out of the folder, and comes back as it was."""
    series = series_frame([{"__name__": metric, "a": "b"}])
    own = samples.filter(pl.col("series_id") == 0)
    export = write_export(tmp_path / "x", series, own, about)
    assert export.metrics == (metric,)
    assert_frame_equal(export.samples(metric).collect(), own)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_holes_and_warnings_come_back(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame
) -> None:
    """What is missing is said with its reason."""
    hole = Hole("up", START, START + timedelta(milliseconds=1), "the server answered 503")
    about = About(
        "sim",
        "none",
        Dialect.V2,
        START,
        START,
        "raw",
        None,
        ("up",),
        "team-a",
        ("slow",),
        (hole,),
        3,
    )
    assert write_export(tmp_path, series, samples, about).about == about


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(st.floats(), max_size=40),
    times=st.lists(st.integers(0, 4 * 86_400_000), min_size=40, max_size=40, unique=True),
)
def test_every_double_and_millisecond_survives(
    tmp_path_factory: pytest.TempPathFactory,
    about: About,
    values: list[float],
    times: list[int],
) -> None:
    """Values come back bit by bit, NaN, infinities and negative zero among them."""
    base = 1_793_500_000_000
    rows = sorted(zip(times, values, strict=False))
    frame = pl.DataFrame(
        {
            "series_id": [0] * len(rows),
            "ts": [base + t for t, _ in rows],
            "value": [v for _, v in rows],
        },
        schema={**SAMPLES.columns, "ts": pl.Int64},
    ).cast({"ts": SAMPLES.columns["ts"]})
    series = series_frame([{"__name__": "m"}])
    export = write_export(tmp_path_factory.mktemp("x") / "e", series, frame, about)
    found = export.samples("m").collect()
    assert found["ts"].to_list() == frame["ts"].to_list()
    assert [_bits(v) for v in found["value"]] == [_bits(v) for _, v in rows]


def _bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack(">d", value)


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=4),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=4),
)
def test_fingerprints_differ_when_labels_do(one: dict[str, str], other: dict[str, str]) -> None:
    """Equal labels have equal fingerprints, an empty label being none; others differ."""
    same = {n: v for n, v in one.items() if v} == {n: v for n, v in other.items() if v}
    assert (fingerprint(one) == fingerprint(other)) == same


def test_a_fingerprint_never_changes() -> None:
    """Fingerprints join exports of different days and machines, so this one is for ever."""
    assert fingerprint({"job": "api", "__name__": "up"}) == fingerprint(
        {"__name__": "up", "job": "api"}
    )
    assert fingerprint({"__name__": "up", "job": "api"}) == "fc6497df44061e96"


def test_a_folder_with_brackets_is_no_pattern(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """`oct[1]` holds its own samples, not those of `oct1` beside it."""
    write_export(tmp_path / "oct1", series, samples.with_columns(value=pl.lit(-1.0)), about)
    export = write_export(tmp_path / "oct[1]", series, samples, about)
    assert_frame_equal(export.series, series)
    found = pl.concat([export.samples(metric).collect() for metric in export.metrics])
    assert_frame_equal(found, samples)


def test_files_in_any_order_are_samples_in_order(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """A reader sorts what a manifest lists, whoever wrote it."""
    later = samples.with_columns(pl.col("ts") + timedelta(days=1))
    both = pl.concat([samples, later]).sort("series_id", "ts")
    write_export(tmp_path, series, both, replace(about, end=about.end + timedelta(days=1)))
    manifest = tmp_path / "manifest.json"
    words = json.loads(manifest.read_text())
    assert len(words["files"]) > 4
    manifest.write_text(json.dumps({**words, "files": words["files"][::-1]}))
    export = open_export(tmp_path)
    found = pl.concat([export.samples(metric).collect() for metric in export.metrics])
    assert_frame_equal(found, both)


def test_series_are_read_once(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """A report asks for them hundreds of times, so a second look needs no file."""
    export = write_export(tmp_path, series, samples, about)
    assert_frame_equal(export.series, series)
    (tmp_path / "series.parquet").unlink()
    assert_frame_equal(export.series, series)
