"""`manifest.json`: written last, so an export that has one is complete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.store.about import About, Hole
from rtobs.errors import ExportError

__all__ = ["FORMAT", "MANIFEST", "File", "Manifest", "file_entry", "from_json", "to_json"]

MANIFEST: Final = "manifest.json"
FORMAT: Final = "rtobs export"
_VERSION: Final = "1.0"
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class File:
    """A file of an export.

    Attributes:
        path: relative, with "/" separators.
        rows: how many it holds.
        size: bytes.
        sha256: digest of the content.
        metric: metric of its samples; None for the series.
        day: UTC day of its samples; None for the series.
    """

    path: str
    rows: int
    size: int
    sha256: str
    metric: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export is, and its files."""

    about: About
    files: tuple[File, ...]


def file_entry(
    path: str, content: bytes, rows: int, *, metric: str | None = None, day: date | None = None
) -> File:
    """The entry of a file with this content."""
    digest = hashlib.sha256(content).hexdigest()
    return File(path, rows, len(content), digest, metric, day)


# --- writing --------------------------------------------------------------------------------------
def to_json(manifest: Manifest) -> bytes:
    """The manifest as text that people can read; the same manifest gives the same bytes."""
    about = manifest.about
    words = {
        "format": FORMAT,
        "version": _VERSION,
        "made_by": f"rtobs {version('rtobs')}",
        "source": about.source,
        "server_version": about.server_version,
        "dialect": str(about.dialect),
        "tenant": about.tenant,
        "start": instant_text(about.start),
        "end": instant_text(about.end),
        "mode": about.mode,
        "step_ms": None if about.step is None else about.step // _MILLISECOND,
        "queries": list(about.queries),
        "warnings": list(about.warnings),
        "holes": [_hole_words(hole) for hole in about.holes],
        "histograms_skipped": about.histograms_skipped,
        "types": dict(sorted(about.types.items())),
        "files": [_file_words(file) for file in manifest.files],
    }
    return (json.dumps(words, indent=1, ensure_ascii=False) + "\n").encode()


def instant_text(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds where there are any."""
    utc = instant.astimezone(UTC)
    text = utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _hole_words(hole: Hole) -> dict[str, Any]:
    start, end = instant_text(hole.start), instant_text(hole.end)
    return {"query": hole.query, "start": start, "end": end, "reason": hole.reason}


def _file_words(file: File) -> dict[str, Any]:
    words = {"path": file.path, "rows": file.rows, "bytes": file.size, "sha256": file.sha256}
    if file.metric is None or file.day is None:
        return words
    return {**words, "metric": file.metric, "date": file.day.isoformat()}


# --- reading --------------------------------------------------------------------------------------
def from_json(text: bytes, where: str) -> Manifest:
    """Read a manifest.

    Raises:
        ExportError: it is none, is damaged, or has a version that this rtobs cannot read.
    """
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{where} is no JSON, so the export is damaged: {error}") from error
    if not isinstance(words, dict) or words.get("format") != FORMAT:
        raise ExportError(f'{where} is not of format "{FORMAT}"')
    _refuse_other_version(str(words.get("version", "")), where)
    try:
        return Manifest(_about(words), _files(words["files"]))
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ExportError(
            f"{where} is damaged: {type(error).__name__} {error}; export again into another folder,"
            " or fetch it from a copy"
        ) from error


def _refuse_other_version(found: str, where: str) -> None:
    if found.partition(".")[0] != _VERSION.partition(".")[0]:
        raise ExportError(
            f'{where} has version "{found}" of the format and this rtobs reads {_VERSION};'
            " use the rtobs that made it, or export again"
        )


def _about(words: Mapping[str, Any]) -> About:
    step = words["step_ms"]
    return About(
        source=words["source"],
        server_version=words["server_version"],
        dialect=Dialect(words["dialect"]),
        start=datetime.fromisoformat(words["start"]),
        end=datetime.fromisoformat(words["end"]),
        mode=words["mode"],
        step=None if step is None else timedelta(milliseconds=step),
        queries=tuple(words["queries"]),
        tenant=words["tenant"],
        warnings=tuple(words["warnings"]),
        holes=tuple(_hole(entry) for entry in words["holes"]),
        histograms_skipped=words["histograms_skipped"],
        types=words["types"],
    )


def _hole(words: Mapping[str, Any]) -> Hole:
    start, end = (datetime.fromisoformat(words[edge]) for edge in ("start", "end"))
    return Hole(words["query"], start, end, words["reason"])


def _files(entries: Sequence[Mapping[str, Any]]) -> tuple[File, ...]:
    files = tuple(_file(entry) for entry in entries)
    if sum(file.metric is None for file in files) != 1:
        raise ValueError("it does not name one file of series")
    return files


def _file(words: Mapping[str, Any]) -> File:
    day, path = words.get("date"), words["path"]
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path} lies outside of the export")
    return File(
        path,
        words["rows"],
        int(words["bytes"]),
        words["sha256"],
        words.get("metric"),
        None if day is None else date.fromisoformat(day),
    )
