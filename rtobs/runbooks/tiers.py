"""What each tier of the alert means for one SLO, in minutes and events."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from rtobs import conventions as names
from rtobs.model.alerting import Tier
from rtobs.model.number import decimal_text
from rtobs.model.slo import ResolvedSlo
from rtobs.runbooks.markdown import bullets, plain, table
from rtobs.runbooks.numbers import (
    count_words,
    counts_minutes,
    smallest_fault,
    smallest_outage,
    span,
    text_percent,
)

__all__ = ["tiers_section"]

_ASKS: Final = {
    names.Severity.CRITICAL: "page: act now",
    names.Severity.WARNING: "ticket: this week",
    names.Severity.INFO: "look up",
}
_HEADER: Final = (
    "tier",
    "asks for",
    "windows",
    "burn rate above",
    "bad share above",
    "budget spent by then",
    "smallest total outage it sees",
)
_PARTIAL: Final = Fraction(1, 10)


def tiers_section(slo: ResolvedSlo) -> str:
    """The section about `SLOBudgetBurn`."""
    partial = () if counts_minutes(slo.indicator) else ("a fault of 10% fires after",)
    parts = [
        f"## What the tiers of {names.BUDGET_BURN} mean",
        (
            "A tier fires while the bad share is above its limit in both of its windows. It never"
            " sees a total outage that is shorter than its smallest one."
        ),
        table((*_HEADER, *partial), [_row(tier, slo) for tier in slo.tiers]),
        *_fewest(slo),
    ]
    if slo.dropped_tiers:
        dropped = (f"**{plain(tier.name)}**: {plain(tier.reason)}" for tier in slo.dropped_tiers)
        parts.append(f"Tiers of the policy that this SLO does not have:\n\n{bullets(dropped)}")
    return "\n\n".join(parts)


def _row(tier: Tier, slo: ResolvedSlo) -> tuple[str, ...]:
    cells = (
        plain(tier.name),
        _ASKS[tier.severity],
        f"{tier.long} and {tier.short}",
        decimal_text(_rounded(tier.factor)),
        text_percent(tier.threshold),
        text_percent(tier.budget_share),
        span(smallest_outage(tier, slo.indicator)),
    )
    if counts_minutes(slo.indicator):
        return cells
    fault = smallest_fault(tier, _PARTIAL)
    return (*cells, "never" if fault is None else span(fault))


def _fewest(slo: ResolvedSlo) -> list[str]:
    fewest = sorted({tier.min_bad for tier in slo.tiers if tier.min_bad > 1})
    if not fewest:
        return []
    limits = " or ".join(str(number) for number in fewest)
    counted = count_words(slo.indicator)
    return [
        f"Fewer than {limits} bad {counted} in the long window never fire, whatever their share."
    ]


def _rounded(factor: Fraction) -> Fraction:
    return Fraction(round(factor * 100), 100)
