"""An export that cannot be trusted is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtobs.analytics.store import About, Export, open_export, write_export
from rtobs.errors import DamagedError, ExportError, FrameError


@pytest.fixture
def folder(tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About) -> Path:
    """The folder of a whole export."""
    write_export(tmp_path / "export", series, samples, about)
    return tmp_path / "export"


def _change(folder: Path, **words: Any) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **words}))


def test_a_folder_without_a_manifest_is_no_export(tmp_path: Path) -> None:
    """The manifest is written last, so its absence means an export that was not finished."""
    with pytest.raises(ExportError, match=r"has no manifest\.json: it is no export, or one that"):
        open_export(tmp_path)


@pytest.mark.parametrize("name", ["octobre", "a.yaml"])
def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    """A slip of the pen is no unfinished export, and neither is a file."""
    (tmp_path / "a.yaml").touch()
    with pytest.raises(ExportError, match=rf"there is no folder .*{name}; `rtobs export --out"):
        open_export(tmp_path / name)


def test_a_folder_of_other_files_is_not_written_to(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Not even where they lie among what a killed export has left, which alone is no hindrance."""
    left = tmp_path / "samples" / "metric=up" / "date=2026-11-01"
    left.mkdir(parents=True)
    (left / ".part-000.parquet.0f.draft").touch()
    (tmp_path / "a.yaml").write_text("mine")
    with pytest.raises(ExportError, match="holds other files; choose another folder"):
        write_export(tmp_path, series, samples, about)
    with pytest.raises(ExportError, match=r"a\.yaml is a file; name a folder"):
        write_export(tmp_path / "a.yaml", series, samples, about)
    assert (tmp_path / "a.yaml").read_text() == "mine"
    (tmp_path / "a.yaml").unlink()
    assert write_export(tmp_path, series, samples, about).about == about


@pytest.mark.parametrize("version", ["2.0", "0.9", "", "x"])
def test_another_major_version_is_refused(folder: Path, version: str) -> None:
    """A format that this reader does not know is never guessed at."""
    _change(folder, version=version)
    with pytest.raises(ExportError, match=f'has version "{version}" of the format and this rtobs'):
        open_export(folder)


def test_a_newer_minor_version_is_read(folder: Path, about: About) -> None:
    """Minor versions only add, so they are read."""
    _change(folder, version="1.7", something_new=1)
    assert open_export(folder).about == about


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"format": "other"}, 'is not of format "rtobs export"'),
        ({"files": [{"path": "../x", "rows": 1, "bytes": 1, "sha256": ""}]}, "lies outside"),
        ({"files": [{"path": "/x", "rows": 1, "bytes": 1, "sha256": ""}]}, "lies outside"),
        ({"files": [{}]}, "is damaged: KeyError 'path'"),
        ({"dialect": "v9"}, "is damaged"),
        ({"start": 5}, "is damaged"),
        ({"step_ms": 1e300}, "is damaged"),
        ({"files": [{"path": 5, "rows": 1, "bytes": 1, "sha256": ""}]}, "is damaged"),
        ({"files": []}, "is damaged: ValueError it does not name one file of series"),
    ],
)
def test_a_damaged_manifest_is_refused(folder: Path, words: dict[str, Any], message: str) -> None:
    """What is wrong with a manifest is said, and nothing outside of the folder is read."""
    _change(folder, **words)
    with pytest.raises(ExportError, match=message):
        open_export(folder)


def test_a_torn_manifest_is_refused(folder: Path) -> None:
    """Half a manifest is no JSON."""
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    with pytest.raises(ExportError, match="is no JSON, so the export is damaged"):
        open_export(folder)


def test_a_manifest_without_bottom_is_refused(folder: Path) -> None:
    """Nested as deep as no manifest is, it is damaged and no mistake of rtobs."""
    (folder / "manifest.json").write_text("[" * 200_000)
    with pytest.raises(ExportError, match="is no JSON, so the export is damaged"):
        open_export(folder)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("samples/metric=up/date=2026-11-01/part-000.parquet", lambda export: export.samples("up")),
        ("series.parquet", lambda export: export.series),
    ],
)
def test_a_damaged_file_is_named_before_it_is_read(
    folder: Path, path: str, read: Callable[[Export], object]
) -> None:
    """A file that is gone or too short is said with the folder and with what to do."""
    file, export = folder / path, open_export(folder)
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(DamagedError, match=f"{folder} is damaged: {path} has 50 bytes instead of"):
        read(export)
    file.unlink()
    with pytest.raises(DamagedError) as caught:
        read(export)
    assert str(caught.value) == (
        f"{folder} is damaged: {path} cannot be read (No such file or directory); export again into"
        " another folder, or fetch the files from a copy"
    )


def test_verify_finds_what_changed_and_what_is_gone(folder: Path) -> None:
    """Every file is compared with its digest; all that is wrong is named."""
    export = open_export(folder)
    export.verify()
    changed, gone = sorted(folder.rglob("part-*.parquet"))[:2]
    changed.write_bytes(changed.read_bytes() + b"x")
    gone.unlink()
    with pytest.raises(ExportError) as caught:
        export.verify()
    assert f"{changed.relative_to(folder)} is not what was written" in str(caught.value)
    assert f"{gone.relative_to(folder)} is absent" in str(caught.value)


def test_an_export_is_not_overwritten(
    folder: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """A folder that holds an export is left as it is."""
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(ExportError, match="holds an export already; choose another folder"):
        write_export(folder, series, samples.head(1), about)
    assert (folder / "manifest.json").read_bytes() == before


def test_samples_without_series_are_refused(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Every sample belongs to a series."""
    with pytest.raises(ExportError, match="6 samples belong to no series"):
        write_export(tmp_path, series.head(2), samples, about)


def test_two_samples_at_one_time_are_refused(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """A series has one value at a time."""
    with pytest.raises(ExportError, match='a series of "job:up:sum" has two samples at one time'):
        write_export(tmp_path, series, pl.concat([samples, samples.head(1)]), about)


def test_a_wrong_frame_is_refused(
    tmp_path: Path, series: pl.DataFrame, samples: pl.DataFrame, about: About
) -> None:
    """Columns are checked before anything is written."""
    with pytest.raises(FrameError, match="value is absent"):
        write_export(tmp_path, series, samples.drop("value"), about)
    assert list(tmp_path.iterdir()) == []


def test_about_must_make_sense(about: About) -> None:
    """Times have a zone and an order, and only a grid has a step."""
    with pytest.raises(ExportError, match="need a time zone"):
        replace(about, start=about.start.replace(tzinfo=None))
    with pytest.raises(ExportError, match=r"cannot end .* before it starts"):
        replace(about, end=about.start - timedelta(seconds=1))
    with pytest.raises(ExportError, match="a grid has a step, raw samples have none"):
        replace(about, step=None)
