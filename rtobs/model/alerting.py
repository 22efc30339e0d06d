"""Alert policies: pairs of windows, the share of the budget each may spend, and the burn factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from rtobs.conventions import Severity
from rtobs.model.duration import Duration

__all__ = ["AlertPolicy", "DroppedTier", "Tier", "TierPolicy", "Wishes", "burn_factor"]


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """One tier of a policy, before an objective is known.

    Attributes:
        name: fast, slow, ticket, trickle or a name of the user's.
        severity: what the alert asks for.
        long: window that decides whether the tier fires.
        short: window that decides when it stops.
        budget_share: by SLO window, the share of the budget spent when the long window fires;
            a window that is not listed has no such tier.
        min_bad: fewest bad events (or minutes) in the long window that may fire.
        keep_firing_for: how long the alert outlives its condition.
    """

    name: str
    severity: Severity
    long: Duration
    short: Duration
    budget_share: tuple[tuple[Duration, Fraction], ...]
    min_bad: int
    keep_firing_for: Duration

    def share_for(self, window: Duration) -> Fraction | None:
        """Share of the budget for an SLO window; None when the tier does not exist there."""
        return dict(self.budget_share).get(window)


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """A named list of tiers, fastest first."""

    name: str
    tiers: tuple[TierPolicy, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of one SLO, with its exact numbers.

    Attributes:
        name: name of the tier.
        severity: what the alert asks for.
        long: long window.
        short: short window.
        budget_share: share of the error budget spent when the long window alone fires.
        factor: burn rate above which the tier fires.
        threshold: error ratio above which the tier fires, factor times error budget.
        min_bad: fewest bad events (or minutes) in the long window that may fire.
        keep_firing_for: how long the alert outlives its condition.
    """

    name: str
    severity: Severity
    long: Duration
    short: Duration
    budget_share: Fraction
    factor: Fraction
    threshold: Fraction
    min_bad: int
    keep_firing_for: Duration


@dataclass(frozen=True, slots=True)
class DroppedTier:
    """A tier of the policy that this SLO cannot have, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one SLO wants otherwise than its policy.

    Attributes:
        severities: by tier; "off" drops it.
        min_bad: fewest bad events of every tier, None for the policy's.
        may_page: whether a page is allowed at all; otherwise it becomes a ticket.
    """

    severities: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict, hash=False)
    min_bad: int | None = None
    may_page: bool = True


def burn_factor(budget_share: Fraction, slo_window: Duration, long: Duration) -> Fraction:
    """Burn rate that spends `budget_share` of the budget of `slo_window` within `long`."""
    return budget_share * slo_window.seconds / long.seconds
