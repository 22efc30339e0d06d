"""Values of time-slice SLOs whose expression is one aggregation of one selector."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, cast

import polars as pl

from rtobs import conventions as names
from rtobs.analytics import promql
from rtobs.analytics.frames import TIME
from rtobs.analytics.groups import group
from rtobs.analytics.promql import Aggregation
from rtobs.analytics.store import Export
from rtobs.model.duration import Duration
from rtobs.model.indicator import TimesliceIndicator
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.expression import ExpressionError, FoundSelector, parse

__all__ = ["slice_values"]

_MINUTE: Final = Duration.parse(names.FAST_INTERVAL)
_LOOKBACK: Final = Duration.parse("5m")
_AGGREGATION: Final = re.compile(
    r"(?P<function>max|min|avg|sum)(?: by \((?P<by>[^)]*)\))? ?\((?P<inner>.*)\)"
)
_KERNELS: Final[dict[str, Callable[..., pl.DataFrame]]] = {
    "": promql.last_over_time,
    "avg_over_time": promql.avg_over_time,
    "max_over_time": promql.max_over_time,
    "min_over_time": promql.min_over_time,
    "rate": promql.rate,
}


def slice_values(export: Export, slo: ResolvedSlo) -> pl.DataFrame | None:
    """What the expression of a time-slice SLO is at every whole minute of an export.

    Args:
        export: raw samples.
        slo: its expression is `max by (x) (metric{...})` or `avg (rate(metric{...}[5m]))`, with the
            labels of its groupBy.

    Returns:
        Columns `group`, `ts` and `value`, sorted; None for an expression of another kind. A series
        counts for five minutes after its last sample: an export holds no markers of staleness.
    """
    if not isinstance(slo.indicator, TimesliceIndicator):
        return None
    whole = _AGGREGATION.fullmatch(slo.indicator.expression)
    found = _only_selector(whole["inner"].strip()) if whole else None
    if whole is None or found is None or _labels(whole["by"]) != slo.group_by:
        return None
    series = export.select(found.selector.metric, *found.selector.matchers)
    members = series["series_id"].to_list()
    samples = export.samples(found.selector.metric).filter(pl.col("series_id").is_in(members))
    start = -(-export.about.start.timestamp() // _MINUTE.seconds) * _MINUTE.seconds
    window = Duration.parse(found.range) if found.range else _LOOKBACK
    windowed = _KERNELS[found.function](
        samples,
        [window],
        step=_MINUTE,
        start=datetime.fromtimestamp(start, UTC),
        end=export.about.end,
        dialect=export.about.dialect,
    )
    function = cast("Aggregation", whole["function"])
    vector = promql.aggregate(windowed, series, list(slo.group_by), function)
    groups = vector.series.select("series_id", group(slo.group_by))
    values = vector.values.join(groups, on="series_id").select(
        "group", pl.col("ts").cast(TIME), "value"
    )
    return values.sort("group", "ts")


def _labels(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _only_selector(text: str) -> FoundSelector | None:
    """The selector of `metric{...}` or `function(metric{...}[5m])`."""
    try:
        selectors = parse(text).selectors
    except ExpressionError:  # two aggregations, cut in the middle
        return None
    if len(selectors) != 1 or selectors[0].function not in _KERNELS:
        return None
    found = selectors[0]
    around = text[: found.place.start] + text[found.place.end :]
    shape = f"{found.function}([{found.range}])" if found.function else ""
    return found if around == shape else None
