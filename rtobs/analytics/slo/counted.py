"""The minutes of an SLO from raw counters, by the arithmetic of its rules (`rtobs.rules`).

Useful before rules exist, after a definition changed, and to check what was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final, Literal

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, check
from rtobs.analytics.slo.rates import Rates
from rtobs.analytics.slo.schedule import MINUTE, minute_from
from rtobs.analytics.slo.slices import sliced_minutes
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.duration import Duration
from rtobs.model.indicator import EventsIndicator, LatencyIndicator, is_sliced
from rtobs.model.selector import Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.rules.indicators import bucket_and_count

__all__ = ["Counters", "counted_minutes", "counters"]

_SHORT: Final = Duration.parse("5m")
_HOUR: Final = Duration.parse("1h")
_KEY: Final = ["group", "ts"]


@dataclass(frozen=True, slots=True)
class Counters:
    """The raw counters of an SLO.

    Attributes:
        total: all events.
        counted: the bad ones or the good ones.
        counts: which of the two `counted` is.
        filled: whether `counted` that is absent is 0; a histogram without its bucket is unknown.
    """

    total: Selector
    counted: Selector
    counts: Literal["bad", "good"]
    filled: bool


def counters(slo: ResolvedSlo) -> Counters:
    """What an SLO counts, where it counts what it selects.

    Raises:
        ExportError: it counts an expression, so raw counters do not tell what.
    """
    match slo.indicator:
        case LatencyIndicator() as latency:
            bucket, count = bucket_and_count(latency)
            return Counters(count, bucket, "good", filled=False)
        case EventsIndicator() as events:
            total, counted = events.total.selector, events.counted.selector
            if total is not None and counted is not None:
                return Counters(total, counted, events.counts, filled=True)
    raise ExportError(
        f"{slo.slo_id} measures an expression, which raw counters do not answer: export it with"
        " `--events expressions`, or read what its rules recorded"
    )


def counted_minutes(
    export: Export,
    slo: ResolvedSlo,
    *,
    dialect: Dialect | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """What the rules would have recorded every minute, from the counters that they read.

    The numbers are those of Prometheus to the last bit; only sums over more series than fit into
    memory at once can differ in the last digits. Samples must be raw: on a grid the times of
    scrapes are lost, and rates are near but not equal.

    Args:
        export: holds the raw counters that the SLO selects, or the series that its slices read.
        slo: counts events or latency by selectors, or has time slices of one aggregation of one
            selector, as probes have (`slice_values`).
        dialect: how ranges are read; that of the exported server by default.
        start: first evaluation, aware; that of a recorded minute gives minutes that compare with
            it. By default the first whole minute from which on no range of five minutes reaches
            back to what was not exported; `error_1h` then begins an hour after the export.
        end: last minute, aware; by default the end of the export.

    Returns:
        MINUTES; events a second, or sampled minutes a second. `slice_bad` is null for events.
        `bad` is null where a histogram lacks the bucket, `error_1h` where the hour had no events.

    Raises:
        ExportError: the SLO measures an expression, or the export does not hold its total.
    """
    if is_sliced(slo.indicator):
        return sliced_minutes(export, slo, dialect=dialect, start=start, end=end)
    what = counters(slo)
    about = export.about
    first = minute_from(about.start + timedelta(minutes=5)) if start is None else start
    whole_hour = about.start + timedelta(hours=1) if start is None else start
    last = end or about.end
    if not export.select(what.total.metric, *what.total.matchers).height:
        raise ExportError(
            f"the export has no series of {what.total.metric} that {slo.slo_id} counts: export"
            " them, or choose another SLO"
        )
    if last < first:
        raise ExportError(f"the export is too short: {slo.slo_id} needs five minutes before each")
    rates = Rates(export, MINUTE, first, last, dialect or about.dialect)
    frame = _minutes(_windows(rates, slo, what), what)
    return (
        frame.with_columns(
            pl.when(pl.col("ts") >= whole_hour).then("error_1h"),
            slo_id=pl.lit(slo.slo_id),
            slice_bad=pl.lit(None, pl.Float64),
        )
        .filter(pl.any_horizontal(pl.col("total", "bad", "error_1h").is_not_null()))
        .pipe(check, MINUTES)
        .sort(MINUTES.key)
    )


def _windows(rates: Rates, slo: ResolvedSlo, what: Counters) -> pl.DataFrame:
    """Columns total_5m, total_1h, counted_5m and counted_1h; null where there is no rate."""
    windows = (_SHORT, _HOUR)
    found = [
        frame.rename({"value": f"{side}_{window}"})
        for side, selector in (("total", what.total), ("counted", what.counted))
        for window, frame in rates.by_group(selector, slo.group_by, windows).items()
    ]
    return reduce(lambda left, right: left.join(right, _KEY, "full", coalesce=True), found)


def _minutes(frame: pl.DataFrame, what: Counters) -> pl.DataFrame:
    """The expressions of `rtobs.rules.indicators`, operation by operation."""
    total, hour_total = pl.col("total_5m"), pl.col("total_1h")
    counted, hour_counted = pl.col("counted_5m"), pl.col("counted_1h")
    if what.filled:
        fill = 0 * total
        counted, hour_counted = pl.coalesce(counted, fill), pl.coalesce(hour_counted, fill)
    hour = hour_counted / pl.when(hour_total > 0).then(hour_total)
    if what.counts == "bad":
        bad = counted
    else:
        bad, hour = total - counted, 1 - hour
    if not what.filled:
        bad, hour = bad.clip(lower_bound=0), hour.clip(lower_bound=0)
    return frame.with_columns(total=total, bad=bad, error_1h=hour)
