"""The series that the rules would have recorded from what was scraped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import polars as pl

from rtobs import conventions as names
from rtobs.analytics.groups import group_labels
from rtobs.analytics.simulation.page import Line
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.slices import slice_values
from rtobs.analytics.slo.tiles import tiles
from rtobs.analytics.slo.timeslices import SliceRule, slice_minutes, timeslices
from rtobs.analytics.store import Export
from rtobs.model.indicator import EventsIndicator, LatencyIndicator
from rtobs.model.slo import MissingData, ResolvedSlo
from rtobs.rules.recordings import identity_labels

__all__ = ["recorded_lines"]

_MINUTE_COLUMNS: Final = {
    "total": names.TOTAL_RATE,
    "bad": names.BAD_RATE,
    "error_1h": names.error_ratio("1h"),
    "slice_bad": names.SLICE_BAD,
}
_TILE_COLUMNS: Final = {"total": names.TOTAL_TILE, "bad": names.BAD_TILE}
_BUDGET_COLUMNS: Final = {
    "consumed": names.PERIOD_BURN_RATE,
    "remaining": names.BUDGET_REMAINING,
    "coverage": names.COVERAGE,
}


def recorded_lines(export: Export, slos: Iterable[ResolvedSlo]) -> Iterator[Line]:
    """Every series that an analysis reads, of each SLO whose raw series are there.

    Args:
        export: raw samples; its start is millisecond 0 of the lines.
        slos: those that measure something else than counters or a simple gauge are left out.
    """
    for slo in slos:
        minutes, seen = _minutes(export, slo)
        if minutes is None or minutes.is_empty():
            continue
        start = export.about.start
        if seen is not None and slo.missing_data is not MissingData.IGNORE:
            yield from _lines(slo, seen, {"bad": names.SLICE_SEEN}, start)
        made = tiles(minutes, dialect=export.about.dialect)
        budget = rolling_budget(made, slo, dialect=export.about.dialect)
        yield from _lines(slo, minutes, _MINUTE_COLUMNS, start)
        yield from _lines(slo, made, _TILE_COLUMNS, start)
        yield from _lines(slo, budget, _BUDGET_COLUMNS, start)


def _minutes(export: Export, slo: ResolvedSlo) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """(MINUTES, slices with data), as far as they can be had."""
    match slo.indicator:
        case LatencyIndicator(histogram=source):
            there = f"{source.metric}_count" in export.metrics
        case EventsIndicator(total=source):
            there = source.selector is not None and source.selector.metric in export.metrics
        case _:
            values = slice_values(export, slo)
            if values is None or values.is_empty():
                return None, None
            end = export.about.end
            rule = SliceRule.of(slo, export.about.dialect)
            slices = timeslices(values, rule, by=["group"], end=end)
            return slice_minutes(slices, slo, end=end), slices.filter(pl.col("value").is_not_null())
    return (counted_minutes(export, slo) if there else None), None


def _lines(
    slo: ResolvedSlo, frame: pl.DataFrame, columns: dict[str, str], start: datetime
) -> Iterator[Line]:
    """One line for each column and group, without the moments that have no value."""
    for (group,), part in sorted(frame.partition_by("group", as_dict=True).items()):
        labels = {**identity_labels(slo), **group_labels(str(group))}
        for column, metric in columns.items():
            known = part.select("ts", column).drop_nulls().sort("ts")
            millis = (known["ts"] - start).dt.total_milliseconds().to_numpy()
            yield Line({"__name__": metric, **labels}, millis, known[column].to_numpy())
