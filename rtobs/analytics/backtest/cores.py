"""The part of a stretch of time that is the fault, without the noise at its edges.

Where traffic is low, single bad events burn for five minutes and chain into stretches of a day.
The core of a stretch is its part with the largest sum of `bad - k x budget x total` (Kadane's
maximal sum). k is a tenth of the part's own mean burn rate and no less than 1, so a slow burn keeps
all that the budget does not sustain, and a sharp outage sheds the single bad events around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from rtobs.analytics.slo.windows import Values

__all__ = ["cores"]

_SHARE_OF_MEAN: Final = 0.1  # below a fifth, for a minute is seen as five that are a fifth as bad
Part = tuple[int, int]


def cores(
    bad: Values, allowed: Values, part: Part, counts: Callable[[Part], bool]
) -> Iterator[Part]:
    """The cores of a part in the order of time; what a core leaves aside may hold others.

    Args:
        bad: bad events of each minute.
        allowed: budget x events of each minute.
        part: first minute, and the minute after the last.
        counts: whether a part is worth being told; a part of one that is not is not either.
    """
    ahead = [(part, False)]  # the next one last, and whether it is a core
    while ahead:
        own, is_core = ahead.pop()
        if not counts(own):
            continue
        if is_core:
            yield own
            continue
        begin, end = _core(bad, allowed, own)
        if begin < end:
            ahead += [((end, own[1]), False), ((begin, end), True), ((own[0], begin), False)]


def _core(bad: Values, allowed: Values, part: Part) -> Part:
    """The maximal part; as it shrinks its mean burn rate grows, so again until it stays."""
    begin, end = part
    while begin < end:
        own, sustained = bad[begin:end], allowed[begin:end]
        sums = float(own.sum()), float(sustained.sum())
        k = max(1.0, _SHARE_OF_MEAN * sums[0] / sums[1]) if sums[1] > 0 else 1.0
        first, last = _largest(own - k * sustained)
        if (first, last) == (0, end - begin):
            break
        begin, end = begin + first, begin + last
    return begin, end


def _largest(values: Values) -> Part:
    """The shortest part with the largest sum; empty where no sum is above zero."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    gains = sums[1:] - np.minimum.accumulate(sums[:-1])
    last = int(np.argmax(gains)) + 1
    if gains[last - 1] <= 0:
        return 0, 0
    before = sums[:last]
    return last - 1 - int(np.argmin(before[::-1])), last
