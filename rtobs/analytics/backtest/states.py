"""The life of an alert: pending, firing, kept firing, gone (Prometheus, rules/alerting.go)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rtobs.analytics.slo.windows import Mask, Times
from rtobs.model.duration import Duration

__all__ = ["firing", "stretches"]

Index = npt.NDArray[np.intp]


def firing(condition: Mask, times: Times, hold: Duration, keep: Duration) -> Mask:
    """At which evaluations one alert fires.

    It waits until the condition has held for `hold`. From the first evaluation at which the
    condition no longer holds it fires on for less than `keep`; when the condition returns
    meanwhile, it goes on without waiting.

    Args:
        condition: whether the expression of the alert gives a value, by evaluation.
        times: moments of the evaluations.
        hold: the alert's `for`.
        keep: its `keep_firing_for`.
    """
    fires = np.zeros(len(times), dtype=np.bool_)
    for begin, end in zip(*stretches(condition), strict=True):
        start = begin
        if begin == 0 or not fires[begin - 1]:
            start = np.searchsorted(times, times[begin] + 1000 * hold.seconds)
        if start >= end:
            continue
        fires[start:end] = True
        if end < len(times):
            fires[end : np.searchsorted(times, times[end] + 1000 * keep.seconds)] = True
    return fires


def stretches(mask: Mask) -> tuple[Index, Index]:
    """First index of each run of true values, and the index after its last."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges[::2], edges[1::2]
