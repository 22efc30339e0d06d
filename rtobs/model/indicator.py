"""Service level indicators: what is counted, and what of it is bad.

A closed union. The kind decides three expressions of the rules (the 5m total, the 5m bad, the 1h
error ratio) and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rtobs.model.selector import Selector

__all__ = [
    "WINDOW_PLACEHOLDER",
    "Comparison",
    "EventsIndicator",
    "Indicator",
    "LatencyIndicator",
    "RateSource",
    "RatioIndicator",
    "TimesliceIndicator",
    "is_sliced",
]

WINDOW_PLACEHOLDER = "{{window}}"

Comparison = Literal["<=", "<", ">=", ">"]


@dataclass(frozen=True, slots=True)
class RateSource:
    """Where a rate of events comes from: counters that are selected, or an expression.

    Attributes:
        selector: counter to be rated and summed, or None.
        expression: PromQL with `{{window}}` for its range, or "".
    """

    selector: Selector | None = None
    expression: str = ""


@dataclass(frozen=True, slots=True)
class EventsIndicator:
    """Good and bad events; exactly one of the two is counted beside the total.

    Attributes:
        total: all events.
        counted: the bad ones or the good ones.
        counts: which of the two `counted` is.
    """

    total: RateSource
    counted: RateSource
    counts: Literal["bad", "good"]


@dataclass(frozen=True, slots=True)
class LatencyIndicator:
    """Events of a classic histogram that were not slower than a bucket bound.

    Attributes:
        histogram: base name with matchers, without `_bucket` or `_count`.
        threshold: the bucket's upper bound in `unit`.
        unit: unit of the histogram, for people ("seconds").
        le: every text that a server may use for that bound, for example ("1", "1.0").
    """

    histogram: Selector
    threshold: Decimal
    unit: str
    le: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimesliceIndicator:
    """Good and bad minutes; a minute is good when the expression meets the condition.

    Attributes:
        expression: PromQL, aggregated to exactly the SLO's groups.
        comparison: operator of the condition for a good minute.
        bound: right side of that condition.
        probe: whether the expression observes the service from outside.
    """

    expression: str
    comparison: Comparison
    bound: Decimal
    probe: bool = False


@dataclass(frozen=True, slots=True)
class RatioIndicator:
    """An error ratio from elsewhere; every minute weighs the same, whatever its traffic.

    Attributes:
        expression: PromQL of the error ratio with `{{window}}` for its range.
    """

    expression: str


Indicator = EventsIndicator | LatencyIndicator | TimesliceIndicator | RatioIndicator


def is_sliced(indicator: Indicator) -> bool:
    """Whether the budget counts minutes that were sampled, not events."""
    return isinstance(indicator, TimesliceIndicator)
