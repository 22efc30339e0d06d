"""Incidents that people wrote down, in a CSV or JSON file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from rtobs.analytics.frames import INCIDENTS, check
from rtobs.errors import FrameError

__all__ = ["read_incidents"]

_NEEDED: Final = ("slo_id", "start", "end")
_HINT: Final = "needed are slo_id, start and end; group and label may be there"


def read_incidents(path: Path) -> pl.DataFrame:
    """Read incidents.

    Args:
        path: a `.csv` file with a line of headings, or a `.json` file with a list of objects. Times
            are ISO 8601; without a zone they are UTC. Without a `group` an incident is one of all
            groups of its SLO.

    Returns:
        INCIDENTS.

    Raises:
        FrameError: the file cannot be read, or an entry is not an incident; says which.
    """
    rows = [_incident(path, number, row) for number, row in enumerate(_rows(path), start=1)]
    frame = pl.DataFrame(rows, schema=dict(INCIDENTS.columns))
    return check(frame.unique(INCIDENTS.key, keep="first").sort(INCIDENTS.key), INCIDENTS)


def _rows(path: Path) -> Sequence[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = (
            json.loads(text) if path.suffix == ".json" else list(csv.DictReader(text.splitlines()))
        )
    except (OSError, ValueError) as error:
        raise FrameError(f"{path} cannot be read as incidents: {error}") from error
    if not isinstance(rows, list):
        raise FrameError(f"{path} is no list of incidents; {_HINT}")
    return rows


def _incident(path: Path, number: int, row: object) -> dict[str, object]:
    if not isinstance(row, Mapping) or any(not row.get(name) for name in _NEEDED):
        raise FrameError(f"incident {number} of {path} is not complete; {_HINT}")
    try:
        start, end = (_moment(str(row[name])) for name in ("start", "end"))
    except ValueError as error:
        raise FrameError(
            f"incident {number} of {path}: {error}; write 2026-07-01T12:00Z"
        ) from error
    if end <= start:
        raise FrameError(f"incident {number} of {path} ends before it starts")
    texts = {name: str(row.get(name) or "") for name in ("slo_id", "group", "label")}
    return {**texts, "start": start, "end": end}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
