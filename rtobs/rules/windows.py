"""Where the error ratio of each window comes from.

5m and 1h are read from raw series: they decide when a page fires. Windows up to a day are summed
from the pair of rates that is recorded every minute: a thirteenth of the cost, two minutes later.
From a day on they are summed from tiles, five minutes each, which do not overlap and so count
events exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration

__all__ = ["is_raw", "is_tiled", "pair_windows", "tile_windows"]

_RAW: Final = (Duration.parse("5m"), Duration.parse("1h"))
_FIRST_TILED: Final = Duration.parse("1d")


def is_raw(window: Duration) -> bool:
    """Whether the ratio is read from raw series."""
    return window in _RAW


def is_tiled(window: Duration) -> bool:
    """Whether the ratio is summed from tiles; such a tier alerts in the five-minute group."""
    return window >= _FIRST_TILED


def pair_windows(tiers: Iterable[Tier]) -> tuple[Duration, ...]:
    """Windows that are summed from the recorded pair, shortest first."""
    return tuple(w for w in _windows(tiers) if not is_raw(w) and not is_tiled(w))


def tile_windows(tiers: Iterable[Tier]) -> tuple[Duration, ...]:
    """Windows that are summed from tiles, shortest first."""
    return tuple(w for w in _windows(tiers) if is_tiled(w))


def _windows(tiers: Iterable[Tier]) -> list[Duration]:
    return sorted({window for tier in tiers for window in (tier.long, tier.short)})
