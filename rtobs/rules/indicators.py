"""What is counted: the three expressions of an SLI that depend on its kind.

Everything else in the rules is the same text for every kind. The total and the bad part are rates
over five minutes, in what the budget counts: events, or minutes that were sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Final

from rtobs import conventions as names
from rtobs.model.indicator import (
    WINDOW_PLACEHOLDER,
    EventsIndicator,
    LatencyIndicator,
    RateSource,
    RatioIndicator,
    TimesliceIndicator,
)
from rtobs.model.number import decimal_text
from rtobs.model.selector import Selector
from rtobs.model.slo import MissingData
from rtobs.promql.text import aggregate, le_matcher
from rtobs.rules.reads import Reads

__all__ = ["IndicatorRules", "bucket_and_count", "indicator_rules"]

_SHORT: Final = "5m"
_HOUR: Final = "1h"
# Samples stand a minute apart. Prometheus 2 counts the sample at the left edge of a range and
# Prometheus 3 does not, so a window over slices ends half a minute early on both.
_SLICES_5M: Final = "4m30s"
SLICES_1H: Final = "59m30s"
_SLICE_SECONDS: Final = 300
_FILL_FOR: Final = "1h"  # a vanished group is filled no longer than this


@dataclass(frozen=True, slots=True)
class IndicatorRules:
    """Expressions of one SLI.

    Attributes:
        total: rate of what is counted, over 5m.
        bad: rate of what is bad, over 5m; may read the recorded total.
        hour: error ratio of the last hour, from raw series.
        slices: series that must be recorded before, as (name, expression).
    """

    total: str
    bad: str
    hour: str
    slices: tuple[tuple[str, str], ...] = ()


@singledispatch
def indicator_rules(indicator: object, reads: Reads) -> IndicatorRules:
    """The expressions of an SLI of any kind."""
    raise TypeError(f"no rules for {type(indicator).__name__} of {reads.slo.slo_id}")


@indicator_rules.register
def _(indicator: EventsIndicator, reads: Reads) -> IndicatorRules:
    # The error series of a healthy server is absent, not zero. The fill reads the recorded total:
    # it has the groups that exist, and costs no further look at raw series.
    fill = f"0 * {reads.now(names.TOTAL_RATE)}"
    total, hour_total = (_source(indicator.total, reads, w) for w in (_SHORT, _HOUR))
    counted, hour_counted = (_source(indicator.counted, reads, w) for w in (_SHORT, _HOUR))
    hour = f"({hour_counted} or {fill}) / ({hour_total} > 0)"
    if indicator.counts == "bad":
        return IndicatorRules(total, f"{counted} or {fill}", hour)
    return IndicatorRules(total, f"{total} - ({counted} or {fill})", f"1 - {hour}")


def _source(source: RateSource, reads: Reads, window: str) -> str:
    if source.selector is not None:
        return reads.raw_rate(source.selector, window)
    return f"({source.expression.replace(WINDOW_PLACEHOLDER, window)})"


@indicator_rules.register
def _(indicator: LatencyIndicator, reads: Reads) -> IndicatorRules:
    # Never filled: without the bucket nothing is known, and either fill would be a lie.
    bucket, count = bucket_and_count(indicator)
    total, hour_total = (reads.raw_rate(count, window) for window in (_SHORT, _HOUR))
    good, hour_good = (reads.raw_rate(bucket, window) for window in (_SHORT, _HOUR))
    return IndicatorRules(
        total,
        f"clamp_min({total} - {good}, 0)",
        f"clamp_min(1 - {hour_good} / ({hour_total} > 0), 0)",
    )


def bucket_and_count(indicator: LatencyIndicator) -> tuple[Selector, Selector]:
    """Selectors of the events that were fast enough, and of all events."""
    base = indicator.histogram
    bucket = Selector(f"{base.metric}_bucket", base.matchers).where(le_matcher(indicator.le))
    return bucket, Selector(f"{base.metric}_count", base.matchers)


@indicator_rules.register
def _(indicator: TimesliceIndicator, reads: Reads) -> IndicatorRules:
    bad = names.SLICE_BAD
    samples = reads.over(bad, _SLICES_5M, "count_over_time")
    mean = f"avg_over_time({reads.series(bad, SLICES_1H)})"
    return IndicatorRules(
        f"{samples} / {_SLICE_SECONDS}",
        f"{reads.over(bad, _SLICES_5M)} / {_SLICE_SECONDS}",
        aggregate("max", reads.slo.group_by, mean),
        tuple(_slices(indicator, reads)),
    )


def _slices(indicator: TimesliceIndicator, reads: Reads) -> list[tuple[str, str]]:
    """0 for a good minute and 1 for a bad one; NaN is no value, so that minute is missing."""
    verdict = f"{indicator.comparison} bool {decimal_text(indicator.bound)}"
    seen = f"1 - ((({indicator.expression}) >= -Inf) {verdict})"
    missing = reads.slo.missing_data
    if missing is MissingData.IGNORE:
        return [(names.SLICE_BAD, seen)]
    # The fill reads what was seen, never what was filled: else it would go on for ever.
    past = f"last_over_time({reads.series(names.SLICE_SEEN, _FILL_FOR)})"
    fill = f"0 * {aggregate('max', reads.slo.group_by, past)}"
    value = f"{fill} + 1" if missing is MissingData.BAD else fill
    return [
        (names.SLICE_SEEN, seen),
        (names.SLICE_BAD, f"{reads.now(names.SLICE_SEEN)} or {value}"),
    ]


@indicator_rules.register
def _(indicator: RatioIndicator, reads: Reads) -> IndicatorRules:
    # Minutes, each as bad as the ratio says; `>= -Inf` drops NaN.
    del reads
    ratio, hour = (
        f"({indicator.expression.replace(WINDOW_PLACEHOLDER, window)}) >= -Inf"
        for window in (_SHORT, _HOUR)
    )
    return IndicatorRules(f"({ratio}) * 0 + 1 / 60", f"({ratio}) / 60", hour)
