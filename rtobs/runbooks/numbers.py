"""What ratios and burn factors mean in minutes and events, in words."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Final

from rtobs.model.alerting import Tier
from rtobs.model.indicator import Indicator, RatioIndicator, is_sliced

__all__ = [
    "count_words",
    "counts_minutes",
    "smallest_fault",
    "smallest_outage",
    "span",
    "text_percent",
]

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SHOWN_UNITS: Final = 2
_DIGITS: Final = 3


def counts_minutes(indicator: Indicator) -> bool:
    """Whether the budget is counted in minutes; otherwise it is counted in events."""
    return is_sliced(indicator) or isinstance(indicator, RatioIndicator)


def count_words(indicator: Indicator) -> str:
    """What the budget counts."""
    return "minutes" if counts_minutes(indicator) else "events"


def span(seconds: Fraction) -> str:
    """A length of time in its two largest units, rounded down: "3 h 36 min"."""
    rest = floor(seconds)
    if rest == 0:
        return "less than 1 s"
    parts = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        parts.append((count, unit))
    first = next(index for index, (count, _) in enumerate(parts) if count)
    shown = parts[first : first + _SHOWN_UNITS]
    return " ".join(f"{count} {unit}" for count, unit in shown if count)


def text_percent(ratio: Fraction) -> str:
    """A ratio as a percentage with three significant digits: "1.44%"."""
    return f"{float(ratio * 100):.{_DIGITS}g}%"


def smallest_outage(tier: Tier, indicator: Indicator) -> Fraction:
    """Seconds of total outage, within the long window, from which on a tier fires.

    Under constant traffic a total outage of t seconds makes the error ratio of the long window
    t / long. Minutes are counted whole, and at least `min_bad` of them.
    """
    exact = tier.threshold * tier.long.seconds
    if not counts_minutes(indicator):
        return exact
    minutes = max(floor(exact / 60) + 1, tier.min_bad if is_sliced(indicator) else 1)
    return Fraction(minutes * 60)


def smallest_fault(tier: Tier, share: Fraction) -> Fraction | None:
    """Seconds that a fault which spoils `share` of the events must last until a tier fires.

    None when the share is not above the tier's threshold: then the tier never fires for it.
    """
    if share <= tier.threshold:
        return None
    return tier.threshold * tier.long.seconds / share
