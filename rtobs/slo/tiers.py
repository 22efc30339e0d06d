"""The tiers of one SLO: exact factors and thresholds, and why a tier of the policy is not there."""

from __future__ import annotations

from fractions import Fraction

from rtobs.conventions import Severity
from rtobs.model.alerting import AlertPolicy, DroppedTier, Tier, TierPolicy, Wishes, burn_factor
from rtobs.model.duration import Duration
from rtobs.model.indicator import Indicator, is_sliced
from rtobs.model.number import decimal_text

__all__ = ["tiers_of"]


def tiers_of(
    policy: AlertPolicy, window: Duration, budget: Fraction, indicator: Indicator, wishes: Wishes
) -> tuple[tuple[Tier, ...], tuple[DroppedTier, ...]]:
    """Tiers that can fire, and those that cannot with the reason, both in the policy's order.

    Args:
        policy: the alert policy.
        window: rolling window of the SLO.
        budget: share of events that may be bad.
        indicator: what is counted.
        wishes: what this SLO wants otherwise.
    """
    tiers, dropped = [], []
    for entry in policy.tiers:
        share = entry.share_for(window)
        reason = _reason(entry, share, window, budget, indicator, wishes)
        if reason or share is None:
            dropped.append(DroppedTier(entry.name, reason))
            continue
        factor = burn_factor(share, window, entry.long)
        tiers.append(
            Tier(
                entry.name,
                _severity(entry, wishes),
                entry.long,
                entry.short,
                share,
                factor,
                factor * budget,
                wishes.min_bad or entry.min_bad,
                entry.keep_firing_for,
            )
        )
    return tuple(tiers), tuple(dropped)


def _reason(
    entry: TierPolicy,
    share: Fraction | None,
    window: Duration,
    budget: Fraction,
    indicator: Indicator,
    wishes: Wishes,
) -> str:
    """Why the SLO cannot have the tier; "" when it can."""
    if wishes.severities.get(entry.name) == "off":
        return "the definition switches it off"
    if share is None:
        return f"the policy has no such tier for a window of {window.words()}"
    factor = burn_factor(share, window, entry.long)
    limit = factor * budget
    if limit >= 1:
        return (
            f"a burn rate of {decimal_text(_short(factor))} needs"
            f" {decimal_text(_short(limit * 100))}% bad, more than everything:"
            " it could never fire"
        )
    fewest = wishes.min_bad or entry.min_bad
    if is_sliced(indicator) and fewest > entry.long.minutes:
        return f"{fewest} bad minutes do not fit into {entry.long.words()}: it could never fire"
    return ""


def _severity(entry: TierPolicy, wishes: Wishes) -> Severity:
    wanted = Severity(wishes.severities.get(entry.name, entry.severity))
    if wanted is Severity.CRITICAL and not wishes.may_page:
        return Severity.WARNING
    return wanted


def _short(number: Fraction) -> Fraction:
    return Fraction(round(number * 100), 100)
