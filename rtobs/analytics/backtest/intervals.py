"""Intervals in milliseconds: [start, end)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Interval", "length", "merged", "overlap"]

Interval = tuple[int, int]


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The times that any of the intervals covers, ascending; those that touch become one."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def length(intervals: Sequence[Interval]) -> int:
    """Sum of the lengths."""
    return sum(end - start for start, end in intervals)


def overlap(alert: Interval, incident: Interval, grace: int) -> bool:
    """Whether an alert begins no later than `grace` after an incident and ends after its start."""
    return alert[0] <= incident[1] + grace and alert[1] > incident[0]
