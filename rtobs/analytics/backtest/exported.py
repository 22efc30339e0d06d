"""The histories of SLOs in an export, and what to know before one believes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from rtobs.analytics.backtest.replay import Bench, bench
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.recorded import recorded_minutes, recorded_tiles
from rtobs.analytics.slo.schedule import MINUTE, Schedule
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo
from rtobs.rules.windows import is_raw

__all__ = ["Exported", "read_histories", "warm_up"]


_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds of some SLOs.

    Attributes:
        histories: of each SLO that it holds.
        notes: sentences about what is missing or was made otherwise.
    """

    histories: tuple[Bench, ...]
    notes: tuple[str, ...]


def read_histories(export: Export, slos: Sequence[ResolvedSlo], *, all_of_them: bool) -> Exported:
    """The histories of SLOs in an export.

    What the rules recorded is preferred. Where it is not exported, the minutes are counted from raw
    counters, if the SLO counts events or latency.

    Args:
        export: the export.
        slos: the SLOs.
        all_of_them: whether it is an error that one is missing, or a note.

    Raises:
        ExportError: an SLO that was asked for is not there, or none is.
    """
    found, notes, absent = [], [], []
    for slo in slos:
        try:
            minutes, counted = _minutes(export, slo)
        except ExportError:
            if all_of_them:
                raise
            absent.append(slo.slo_id)
            continue
        if counted:
            notes.append(
                f"{slo.slo_id} was not recorded in the export; its minutes are counted from raw"
                " counters"
            )
        tiles = None if counted else _tiles(export, slo)
        schedule = Schedule(end=export.about.end)
        dialect = export.about.dialect
        found.append(bench(minutes, slo, dialect=dialect, tiles=tiles, schedule=schedule))
    if not found:
        raise ExportError(
            "the export holds no SLO of the definitions: export one with `rtobs export --slo`"
        )
    if absent:
        few = ", ".join(absent) if len(absent) <= _FEW else f"{len(absent)} SLOs"
        notes.append(f"not in the export: {few}")
    if export.about.holes:
        notes.append(
            f"parts of the export are missing: {len(export.about.holes)}, its manifest says which;"
            " they are read as if nothing had been measured"
        )
    return Exported(tuple(found), tuple(notes))


def _minutes(export: Export, slo: ResolvedSlo) -> tuple[pl.DataFrame, bool]:
    """MINUTES, and whether they were counted."""
    try:
        return recorded_minutes(export, slo), False
    except ExportError as error:
        try:
            return counted_minutes(export, slo), True
        except ExportError:
            raise error from None


def _tiles(export: Export, slo: ResolvedSlo) -> pl.DataFrame | None:
    """TILES with their true times; on a grid those are lost, and tiles are made from minutes."""
    if export.about.step is not None:
        return None
    try:
        return recorded_tiles(export, slo)
    except ExportError:
        return None


def warm_up(
    history: Bench, tiers: Sequence[Tier], *, end: datetime | None = None, asked: bool = True
) -> list[str]:
    """What the length of a history does to its alerts.

    A long tier waits until the group has been there for half its window; a window that has not all
    of its data yet is judged by what it has.

    Args:
        history: the history.
        tiers: of the alerts.
        end: what is asked about ends here, aware; None for the end of the history.
        asked: whether it is an error that the history is too short for any alert, or a note.

    Raises:
        ExportError: the history is shorter than every long window, and was asked for.
    """
    slo_id, length = history.slo.slo_id, _length(history, end)
    if problem := _too_short(history, tiers, length):
        if asked:
            raise ExportError(problem)
        return [problem]
    notes = []
    for tier in tiers:
        half = 0 if is_raw(tier.long) else tier.long.seconds // 2
        if length < half:
            notes.append(f"{slo_id}: {tier.name} cannot fire in {_words(length)} of history")
        elif tier.long.seconds > length:
            notes.append(
                f"{slo_id}: the history is shorter than {tier.long}, window of {tier.name}"
            )
    if length < history.slo.window.seconds:
        window = history.slo.window.words()
        notes.append(f"{slo_id}: the budget is that of {_words(length)}, not yet of {window}")
    return notes


def _length(history: Bench, end: datetime | None) -> int:
    """Seconds of a history up to a moment."""
    if history.span is None:
        return 0
    first, last = history.span
    until = last if end is None else min(last, end)
    return max((until - first) // timedelta(seconds=1) + MINUTE.seconds, 0)


def _too_short(history: Bench, tiers: Sequence[Tier], length: int) -> str:
    """Why no alert could fire; "" where one could."""
    slo = history.slo
    if not length:
        return f"the export has no minutes of {slo.slo_id}"
    if not tiers or any(length >= tier.long.seconds for tier in tiers):
        return ""
    shortest = min(tier.long for tier in tiers)
    return (
        f"the export has {_words(length)} of {slo.slo_id}, which is shorter than every window of"
        f" its alerts: export at least {shortest.words()}, better {slo.window.words()}"
    )


def _words(seconds: int) -> str:
    for size in (86_400, 3_600, 60):
        if seconds >= 2 * size:
            return Duration(seconds // size * size).words()
    return f"{seconds} seconds"
