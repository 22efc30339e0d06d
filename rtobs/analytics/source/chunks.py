"""Cutting an export into requests that a server answers: by time, and by series where it is many.

Chunks are half open, [start, end) in milliseconds, and their edges lie at midnight UTC or divide
the day. So a chunk never shares a sample with another, chunks of one export line up with those of
the next, and a cache in front of the server can keep them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import promql_parser as parser

from rtobs.model.selector import Matcher
from rtobs.promql.expression import Expression
from rtobs.promql.text import any_of, quote

__all__ = ["Chunk", "grid_points", "series_shards", "span_for", "time_chunks"]

MOST_POINTS: Final = 11_000  # Prometheus answers 11,001 points of a series and no more
_SECOND: Final = 1_000
_DAY: Final = 86_400 * _SECOND
_SPANS: Final = (
    *(30 * _DAY, 14 * _DAY, 7 * _DAY, 4 * _DAY, 2 * _DAY, _DAY),
    *(_DAY // parts for parts in (2, 3, 4, 6, 8, 12, 24, 48, 96, 144, 288, 1_440)),
)
_PLAIN: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REGEX_LENGTH: Final = 4_000  # characters of alternatives in one matcher


@dataclass(frozen=True, slots=True)
class Chunk:
    """One request.

    Attributes:
        question: index of its question.
        query: what to ask: the question's query, or a share of its series.
        start: first instant, in milliseconds since 1970.
        end: first instant that is not part of it.
    """

    question: int
    query: str
    start: int
    end: int


def span_for(rate: float, step: int | None, budget: int) -> int:
    """The longest span in milliseconds of which one answer stays within the limits.

    Args:
        rate: samples a millisecond, of all series of the query together.
        step: distance of grid points in milliseconds; None for raw samples.
        budget: samples that one answer should have at most.
    """
    for span in _SPANS:
        if rate * span <= budget and (step is None or span // step <= MOST_POINTS):
            return span
    return _SPANS[-1]


def time_chunks(start: int, end: int, span: int) -> Iterator[tuple[int, int]]:
    """Spans that cover [start, end), the first counted from the midnight before `start`."""
    edge = start - start % _DAY
    edge += (start - edge) // span * span
    while edge < end:
        yield max(edge, start), min(edge + span, end)
        edge += span


def grid_points(start: int, end: int, step: int) -> tuple[int, int] | None:
    """First and last multiple of `step` in [start, end); None when there is none."""
    first = -(-start // step) * step
    last = (end - 1) // step * step
    return (first, last) if first <= last else None


def series_shards(
    expression: Expression, label_sets: Sequence[Mapping[str, str]], shards: int
) -> list[str]:
    """Selectors that together select what one selector does, each a share of the series.

    The label with the most values is cut into runs of values that hold about equally many series.

    Args:
        expression: a selector.
        label_sets: labels of the series that it selects.
        shards: how many are wanted; a label with fewer values gives fewer.
    """
    label, counts = _widest(label_sets)
    if shards <= 1 or len(counts) <= 1:
        return [expression.text]
    share = len(label_sets) / shards
    runs: list[list[str]] = [[]]
    held = 0.0
    for value in sorted(counts):
        long = sum(len(v) + 1 for v in runs[-1]) + len(value) > _REGEX_LENGTH
        if runs[-1] and (held + counts[value] > share or long):
            runs.append([])
            held = 0.0
        runs[-1].append(value)
        held += counts[value]
    return [with_matcher(expression, any_of(label, run)) for run in runs]


def _widest(label_sets: Iterable[Mapping[str, str]]) -> tuple[str, dict[str, int]]:
    """The label with the most values, "" among them, and how many series each has."""
    counts: dict[str, dict[str, int]] = {}
    names = {name for labels in label_sets for name in labels if _PLAIN.fullmatch(name)}
    for labels in label_sets:
        for name in names:
            values = counts.setdefault(name, {})
            value = labels.get(name, "")
            values[value] = values.get(value, 0) + 1
    label = max(sorted(counts), key=lambda name: len(counts[name]), default="")
    return label, counts.get(label, {})


def with_matcher(expression: Expression, matcher: Matcher) -> str:
    """The selector with one more condition."""
    tree = expression.tree
    if not isinstance(tree, parser.VectorSelector):
        raise TypeError(f"{expression.text} is no selector")
    found = expression.selectors[0].selector
    matchers = [f"{m.label}{m.op}{quote(m.value)}" for m in (*found.matchers, matcher)]
    if found.metric:
        matchers.insert(0, f"__name__={quote(found.metric)}")
    return f"{{{','.join(matchers)}}}"
