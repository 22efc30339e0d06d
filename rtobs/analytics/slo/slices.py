"""Time-slice SLOs from raw series, where the expression is one aggregation of one selector.

That is what probes and gauges look like: `min by (target) (probe_success{...})`, or
`avg (rate(metric{...}[5m]))`. Other expressions need PromQL, so they must be exported as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

import polars as pl

from rtobs.analytics import promql
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TIME
from rtobs.analytics.groups import group
from rtobs.analytics.promql import Aggregation
from rtobs.analytics.slo.schedule import MINUTE, minute_from
from rtobs.analytics.slo.timeslices import SliceRule, slice_minutes, timeslices
from rtobs.analytics.slo.windows import LOOKBACK
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.duration import Duration
from rtobs.model.indicator import TimesliceIndicator
from rtobs.model.selector import Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.expression import ExpressionError, FoundSelector, parse

__all__ = ["SliceSource", "slice_source", "slice_values", "sliced_minutes"]

_EVERY: Final = timedelta(seconds=MINUTE.seconds)
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


@dataclass(frozen=True, slots=True)
class SliceSource:
    """What the expression of a time-slice SLO reads.

    Attributes:
        function: how series are aggregated.
        kernel: the function over its range; "" for the newest sample.
        selector: which series.
        window: the range, or how long a sample counts.
    """

    function: Aggregation
    kernel: str
    selector: Selector
    window: Duration


def slice_source(slo: ResolvedSlo) -> SliceSource | None:
    """What the expression of a time-slice SLO reads; None for one of another kind."""
    if not isinstance(slo.indicator, TimesliceIndicator):
        return None
    whole = _AGGREGATION.fullmatch(slo.indicator.expression)
    found = _only_selector(whole["inner"].strip()) if whole else None
    if whole is None or found is None or _labels(whole["by"]) != slo.group_by:
        return None
    window = Duration.parse(found.range) if found.range else LOOKBACK
    return SliceSource(
        cast("Aggregation", whole["function"]), found.function, found.selector, window
    )


def slice_values(
    export: Export,
    slo: ResolvedSlo,
    *,
    dialect: Dialect | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame | None:
    """What the expression of a time-slice SLO is at every minute of an export.

    Args:
        export: raw samples.
        slo: its expression is `max by (x) (metric{...})` or `avg (rate(metric{...}[5m]))`, with the
            labels of its groupBy.
        dialect: how ranges are read; that of the exported server by default.
        start: first minute, aware; by default the first whole one of the export.
        end: last minute, aware; by default the end of the export.

    Returns:
        Columns `group`, `ts` and `value` (in the unit of the expression), sorted; None for an
        expression of another kind. A series counts for five minutes after its last sample: an
        export holds no markers of staleness.
    """
    source = slice_source(slo)
    if source is None:
        return None
    series = export.select(source.selector.metric, *source.selector.matchers)
    members = series["series_id"].to_list()
    samples = export.samples(source.selector.metric).filter(pl.col("series_id").is_in(members))
    read_as = dialect or export.about.dialect
    windowed = _KERNELS[source.kernel](
        samples,
        [source.window],
        step=MINUTE,
        start=start or minute_from(export.about.start),
        end=end or export.about.end,
        dialect=read_as,
    )
    by = list(slo.group_by)
    vector = promql.aggregate(windowed, series, by, source.function, dialect=read_as)
    groups = vector.series.select("series_id", group(slo.group_by))
    values = vector.values.join(groups, on="series_id").select(
        "group", pl.col("ts").cast(TIME), "value"
    )
    return values.sort("group", "ts")


def sliced_minutes(
    export: Export,
    slo: ResolvedSlo,
    *,
    dialect: Dialect | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """What the rules of a time-slice SLO would have recorded every minute; see `counted_minutes`.

    Args:
        export: holds the raw series that the SLO reads.
        slo: its expression is one that `slice_values` can answer.
        dialect: how ranges are read; that of the exported server by default.
        start: first minute, aware. By default the first whole minute whose slices all have a whole
            range in the export; `error_1h` then begins an hour later.
        end: last minute, aware; by default the end of the export.

    Returns:
        MINUTES; sampled minutes a second.

    Raises:
        ExportError: the expression is of another kind, its series are not in the export, or the
            export is too short.
    """
    source = slice_source(slo)
    if source is None:
        raise ExportError(
            f"{slo.slo_id} measures an expression, which raw series do not answer: export it with"
            " `--events expressions`, or read what its rules recorded"
        )
    if not export.select(source.selector.metric, *source.selector.matchers).height:
        raise ExportError(
            f"the export has no series of {source.selector.metric} that {slo.slo_id} reads: export"
            " them, or choose another SLO"
        )
    how, last = dialect or export.about.dialect, end or export.about.end
    reach = timedelta(seconds=source.window.seconds if source.kernel else 0)
    seen = minute_from(export.about.start + reach)
    phase = timedelta(0) if start is None else (start - seen) % _EVERY
    values = slice_values(export, slo, dialect=how, start=seen + phase, end=last)
    slices = timeslices(
        cast("pl.DataFrame", values), SliceRule.of(slo, how), by=["group"], end=last
    )
    first = seen + timedelta(minutes=5) if start is None else start
    if last < first:
        raise ExportError(f"the export is too short: {slo.slo_id} needs five minutes before each")
    hour = seen + timedelta(hours=1) if start is None else start
    return (
        slice_minutes(slices, slo, end=last)
        .filter(pl.col("ts") >= first)
        .with_columns(pl.when(pl.col("ts") >= hour).then("error_1h"))
        .filter(pl.any_horizontal(pl.col("total", "error_1h", "slice_bad").is_not_null()))
    )


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
