"""Policies to try: those of a file, and variations of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Final

from rtobs.model.alerting import AlertPolicy, Tier, TierPolicy, burn_factor
from rtobs.model.duration import Duration
from rtobs.model.number import decimal_text
from rtobs.model.slo import ResolvedSlo
from rtobs.slo.tiers import tiers_of

__all__ = ["SHIPPED", "Candidate", "Grid", "candidates", "tiers_for"]

SHIPPED: Final = "shipped"
_SHORTEST: Final = 300  # seconds that a recorded rate covers
_AS_IS: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy to try.

    Attributes:
        name: how the scores call it.
        policy: the policy; None for the tiers that each SLO has already.
    """

    name: str
    policy: AlertPolicy | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """What to vary; every combination is tried.

    Attributes:
        shares: factors for every tier's share of the budget; above 1 it fires later.
        windows: factors for both windows of every tier; the share grows with them, so that the
            burn rate at which it fires stays.
        min_bad: fewest bad events of every tier, None for the policy's.
        keep: how long alerts outlive their condition, None for the policy's.
        without: tiers that are left out.
    """

    shares: tuple[Fraction, ...] = (Fraction(1, 2), _AS_IS, Fraction(2))
    windows: tuple[Fraction, ...] = (_AS_IS,)
    min_bad: tuple[int | None, ...] = (None,)
    keep: tuple[Duration | None, ...] = (None,)
    without: tuple[tuple[str, ...], ...] = ((),)


def candidates(policy: AlertPolicy, grid: Grid) -> tuple[Candidate, ...]:
    """What is shipped, and every variation of a policy.

    Args:
        policy: the policy to vary.
        grid: what to vary.

    Returns:
        The shipped tiers first, then the variations in the order of the grid. A variation whose
        tiers would fire at a burn rate that the budget sustains loses those tiers.
    """
    found = [Candidate(SHIPPED)]
    for share, window, fewest, keep, without in product(
        grid.shares, grid.windows, grid.min_bad, grid.keep, grid.without
    ):
        name = _name(share, window, fewest, keep, without)
        if not name:
            continue
        tiers = tuple(
            _varied(tier, share, window, fewest, keep)
            for tier in policy.tiers
            if tier.name not in without
        )
        found.append(Candidate(name, AlertPolicy(name, tiers)))
    return tuple(found)


def tiers_for(slo: ResolvedSlo, policy: AlertPolicy | None) -> tuple[Tier, ...]:
    """The tiers that an SLO would have with a policy; None for those that it has.

    What the SLO's definition says of its tiers stays: those that it switched off are off, those
    that it made milder are milder, and none fires for fewer bad events than it says.
    """
    if policy is None:
        return slo.tiers
    tiers, _ = tiers_of(policy, slo.window, slo.error_budget, slo.indicator, slo.wishes)
    return tiers


def _varied(
    tier: TierPolicy, share: Fraction, window: Fraction, fewest: int | None, keep: Duration | None
) -> TierPolicy:
    long, short = (_stretched(length, window) for length in (tier.long, tier.short))
    grown = share * Fraction(long.seconds, tier.long.seconds)
    shares = tuple((period, grown * given) for period, given in tier.budget_share)
    return replace(
        tier,
        long=long,
        short=short,
        budget_share=tuple(s for s in shares if burn_factor(s[1], s[0], long) >= 1),
        min_bad=tier.min_bad if fewest is None else fewest,
        keep_firing_for=tier.keep_firing_for if keep is None else keep,
    )


def _stretched(length: Duration, factor: Fraction) -> Duration:
    """Whole minutes, and no shorter than a rate covers."""
    return Duration(max(int(length.seconds * factor) // 60 * 60, _SHORTEST))


def _name(
    share: Fraction,
    window: Fraction,
    fewest: int | None,
    keep: Duration | None,
    without: tuple[str, ...],
) -> str:
    """What a variation varies; "" for nothing."""

    def words() -> Iterator[str]:
        if share != 1:
            yield f"shares x{decimal_text(share)}"
        if window != 1:
            yield f"windows x{decimal_text(window)}"
        if fewest is not None:
            yield f"minBad {fewest}"
        if keep is not None:
            yield f"keepFiringFor {keep}"
        if without:
            yield f"without {' and '.join(without)}"

    return ", ".join(words())
