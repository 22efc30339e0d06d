"""Where random numbers come from: one stream a purpose, so that one more draw moves no other."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

__all__ = ["Purpose", "chances"]


class Purpose(IntEnum):
    """What a stream of random numbers is for."""

    ARRIVALS = 1
    LENGTHS = 2
    BURSTS = 3
    FAILURES = 4
    SCRAPES = 5
    PROBES = 6


def chances(seed: int, purpose: Purpose, part: int = 0) -> np.random.Generator:
    """The stream of a purpose; only its uniform numbers are used, which numpy keeps stable.

    Args:
        seed: of the scenario.
        purpose: what for.
        part: a replica or a target, so that each has a stream of its own.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, purpose, part])))
