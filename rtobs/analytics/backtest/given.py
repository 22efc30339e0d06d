"""Incidents that people wrote down, in a CSV or JSON file."""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from rtobs.analytics.backtest.incidents import incidents
from rtobs.analytics.backtest.replay import Bench
from rtobs.analytics.frames import INCIDENTS, check
from rtobs.analytics.groups import group_labels, group_text
from rtobs.errors import FrameError
from rtobs.slo.fleet import no_such_slo

__all__ = ["completed", "read_incidents"]

_NEEDED: Final = ("slo_id", "start", "end")
_HINT: Final = "needed are slo_id, start and end; group and label may be there"


def read_incidents(path: Path, *, known: Collection[str] | None = None) -> pl.DataFrame:
    """Read incidents.

    Args:
        path: a `.csv` file with a line of headings, or a `.json` file with a list of objects. Times
            are ISO 8601; without a zone they are UTC. Without a `group` an incident is one of all
            groups of its SLO.
        known: ids of all SLOs, selected or not; None: any id will do.

    Returns:
        INCIDENTS.

    Raises:
        FrameError: the file cannot be read, an entry is not an incident, its SLO is unknown, or two
            have the same SLO, group and start; says which.
    """
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    places: dict[tuple[object, ...], str] = {}
    for place, entry in _rows(path):
        row = _incident(place, entry)
        if known is not None and row["slo_id"] not in known:
            raise FrameError(f"{place}: {no_such_slo(str(row['slo_id']), known)}")
        key = tuple(row[name] for name in INCIDENTS.key)
        if key in rows:
            raise FrameError(
                f"{place} has the SLO, group and start of {places[key]}: leave one of them out"
            )
        rows[key], places[key] = row, place
    frame = pl.DataFrame(list(rows.values()), schema=dict(INCIDENTS.columns))
    return check(frame.sort(INCIDENTS.key), INCIDENTS)


def _alike(text: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(text, known, n=3, cutoff=0.4)
    return f"did you mean {' or '.join(close)}?" if close else ""


def completed(
    given: pl.DataFrame, histories: Sequence[Bench]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The incidents to judge some SLOs by: those given, and found ones where none is given.

    Args:
        given: INCIDENTS of any SLO.
        histories: of the SLOs that are judged.

    Returns:
        INCIDENTS of these SLOs in the time of their histories, with groups as these write them,
        and sentences about what was left out or added.

    Raises:
        FrameError: the history of an SLO does not have the group of one of its incidents.
    """
    named = set(given["slo_id"])
    judged = {one.slo.slo_id: one for one in histories}
    unnamed = [one for one in histories if one.slo.slo_id not in named]
    known = [row for row in given.rows(named=True) if row["slo_id"] in judged]
    seen = [row for row in known if _happened(row, judged[row["slo_id"]])]
    rows = [{**row, "group": _group(row, judged[row["slo_id"]])} for row in seen]
    own = pl.DataFrame(rows, schema=dict(INCIDENTS.columns))
    notes = [
        f"{left} incident{'s were' if left > 1 else ' was'} left out: {why}"
        for left, why in (
            (given.height - len(known), "of other SLOs"),
            (len(known) - len(seen), "outside the time of the history"),
        )
        if left
    ]
    if unnamed:
        notes.append(
            f"the file has no incident of {len(unnamed)} SLO{'s' * (len(unnamed) > 1)};"
            " incidents of these are found in the history"
        )
    every = pl.concat([own, *map(incidents, unnamed)]).sort(INCIDENTS.key)
    return check(every, INCIDENTS), tuple(notes)


def _happened(incident: Mapping[str, Any], history: Bench) -> bool:
    span = history.span
    return span is not None and incident["start"] <= span[1] and incident["end"] > span[0]


def _group(incident: Mapping[str, Any], history: Bench) -> str:
    """The group of an incident as its history writes it, whatever the order of its labels."""
    given, slo = str(incident["group"]), history.slo
    try:
        labels = group_labels(given)
    except ValueError as error:
        raise FrameError(f"an incident of {slo.slo_id}: {error}") from error
    ordered = group_text(labels, slo.group_by) if labels.keys() == {*slo.group_by} else given
    if given and ordered not in history.groups:
        hint = _alike(given, history.groups) or "without a group it is one of all groups"
        raise FrameError(
            f"an incident of {slo.slo_id} is one of the group {given}, of which the history has"
            f" nothing; {hint}"
        )
    return ordered


def _rows(path: Path) -> Iterator[tuple[str, object]]:
    """Each entry, and where it stands."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows: Any = json.loads(text) if path.suffix == ".json" else list(_lines(text))
    except (OSError, ValueError) as error:
        raise FrameError(f"{path} cannot be read as incidents: {error}") from error
    if not isinstance(rows, list):
        raise FrameError(f"{path} is no list of incidents; {_HINT}")
    for number, row in enumerate(rows, start=1):
        if path.suffix == ".json":
            yield f"incident {number} of {path}", row
        else:
            yield f"incident {number} of {path}, line {row[0]}", row[1]


def _lines(text: str) -> Iterator[tuple[int, object]]:
    reader = csv.DictReader(text.splitlines())
    for row in reader:
        yield reader.line_num, row


def _incident(place: str, row: object) -> dict[str, object]:
    if not isinstance(row, Mapping) or any(not row.get(name) for name in _NEEDED):
        raise FrameError(f"{place} is not complete; {_HINT}")
    try:
        start, end = (_moment(str(row[name])) for name in ("start", "end"))
    except ValueError as error:
        raise FrameError(f"{place}: {error}; write 2026-07-01T12:00Z") from error
    if end <= start:
        raise FrameError(f"{place} ends before it starts")
    texts = {name: str(row.get(name) or "") for name in ("slo_id", "group", "label")}
    return {**texts, "start": start, "end": end}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
