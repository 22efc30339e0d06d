"""Raw series in promtool's notation, a sample each half minute."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

SCRAPE: Final = "30s"
_PER_MINUTE: Final = 2
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')

Span = tuple[float, float]
Shape = Callable[[float], float]


def counter(
    per_minute: Shape,
    minutes: int,
    *,
    resets: Collection[int] = (),
    gaps: Collection[Span] = (),
) -> str:
    """A counter.

    Args:
        per_minute: increase a minute at a minute of the scenario.
        minutes: length of the scenario.
        resets: minutes at which the process starts again, from 0.
        gaps: [from, to) in minutes without samples.
    """
    value, words = 0.0, []
    for scrape in range(minutes * _PER_MINUTE + 1):
        minute = scrape / _PER_MINUTE
        value = 0.0 if minute in resets else value + per_minute(minute) / _PER_MINUTE
        words.append(_word(value, minute, gaps))
    return " ".join(words)


def gauge(value: Shape, minutes: int, *, gaps: Collection[Span] = ()) -> str:
    """A gauge."""
    moments = [scrape / _PER_MINUTE for scrape in range(minutes * _PER_MINUTE + 1)]
    return " ".join(_word(value(minute), minute, gaps) for minute in moments)


def samples_of(inputs: Mapping[str, str]) -> list[tuple[dict[str, str], int, float]]:
    """(labels with the name, milliseconds, value) of every sample, as a server would export it."""
    found = []
    for series, values in inputs.items():
        name, _, matchers = series.partition("{")
        labels = {"__name__": name, **dict(_LABEL.findall(matchers))}
        for scrape, word in enumerate(values.split(" ")):
            if word not in ("_", "stale"):
                found.append((labels, scrape * 60_000 // _PER_MINUTE, float(word)))
    return found


def within(*spans: Span, value: float = 1.0, other: float = 0.0) -> Shape:
    """One value within the spans, another outside."""
    return lambda minute: value if any(a <= minute < b for a, b in spans) else other


def _word(value: float, minute: float, gaps: Collection[Span]) -> str:
    """A sample; a target that is gone leaves a stale marker and then nothing."""
    for begin, end in gaps:
        if begin <= minute < end:
            return "stale" if minute == begin and minute > 0 else "_"
    return f"{value:.12g}"
