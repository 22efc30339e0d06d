"""increase and rate as Prometheus' source says them, one window at a time: slow and plain."""

from __future__ import annotations

from collections.abc import Sequence

from rtobs.analytics.dialect import Dialect

__all__ = ["increase"]

Sample = tuple[int, float]  # milliseconds, value


def increase(samples: Sequence[Sample], end: int, window: int, dialect: Dialect) -> float | None:
    """The function at one time; None where it has no value."""
    begin = end - window
    inside = [
        (ts, value)
        for ts, value in samples
        if ts <= end and (ts > begin or (ts == begin and dialect is not Dialect.V3))
    ]
    if len(inside) < 2:
        return None
    first_ts, first = inside[0]
    last_ts, last = inside[-1]
    result = last - first
    previous = first
    for _, value in inside[1:]:
        if value < previous:
            result += previous
        previous = value
    sampled = (last_ts - first_ts) / 1000
    between = sampled / (len(inside) - 1)
    to_start, to_end = (first_ts - begin) / 1000, (end - last_ts) / 1000
    to_zero = sampled * (first / result) if result > 0 and first >= 0 else to_start
    if dialect is Dialect.V2:
        to_start = min(to_start, to_zero)
    if to_start >= between * 1.1:
        to_start = between / 2
    if dialect is not Dialect.V2:
        to_start = min(to_start, to_zero)
    if to_end >= between * 1.1:
        to_end = between / 2
    return result * ((sampled + to_start + to_end) / sampled)
