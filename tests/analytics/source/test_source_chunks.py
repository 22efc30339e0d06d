"""How an export is cut into requests."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.source.chunks import grid_points, series_shards, span_for, time_chunks
from rtobs.analytics.source.questions import Question

DAY = 86_400_000
instants = st.integers(1_700_000_000_000, 1_800_000_000_000)
spans = st.sampled_from([30 * DAY, 7 * DAY, DAY, DAY // 2, DAY // 24, DAY // 1440])


@settings(deadline=None)
@given(instants, st.integers(1, 40 * DAY), st.sampled_from([30 * DAY, 7 * DAY, DAY, DAY // 24]))
def test_chunks_cover_the_time_once(start: int, length: int, span: int) -> None:
    """They abut, begin and end where they should, and their edges lie on the days' grid."""
    chunks = list(time_chunks(start, start + length, span))
    assert (chunks[0][0], chunks[-1][1]) == (start, start + length)
    assert all(one[1] == other[0] for one, other in pairwise(chunks))
    assert all(0 < end - begin <= span for begin, end in chunks)
    assert all(edge % min(span, DAY) == 0 for edge, _ in chunks[1:])


@settings(deadline=None)
@given(instants, st.integers(1, 9 * DAY), st.integers(60, 7200).map(lambda s: s * 1000), spans)
def test_grid_points_of_all_chunks_are_the_grid(
    start: int, length: int, step: int, span: int
) -> None:
    """Every multiple of the step is asked for in exactly one chunk, and never one outside."""
    span = max(span, length // 200)
    asked = [
        point
        for begin, end in time_chunks(start, start + length, span)
        if (points := grid_points(begin, end, step))
        for point in range(points[0], points[1] + 1, step)
    ]
    first = -(-start // step) * step
    assert asked == list(range(first, start + length, step))


@settings(deadline=None)
@given(st.floats(0, 10), st.integers(1, 3600).map(lambda s: s * 1000))
def test_a_span_keeps_both_limits(rate: float, step: int) -> None:
    """No answer has more samples than the budget or more points than a server allows."""
    span = span_for(rate, step, 700_000)
    assert span // step <= 11_000 or span == DAY // 1440
    assert rate * span <= 700_000 or span == DAY // 1440


def _matches(selector: str, labels: dict[str, str]) -> bool:
    (found,) = Question(selector).expression.selectors
    return all(
        re.fullmatch(m.value, labels.get(m.label, "")) is not None
        if m.op == "=~"
        else m.value == labels.get(m.label, "")
        for m in found.selector.matchers
    )


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=30, unique=True),
    st.integers(1, 12),
)
def test_shares_of_the_series_are_all_series_once(values: list[str], shards: int) -> None:
    """Whatever the values of the label are, each series is in one share."""
    values = [v for v in values if not any(0xD800 <= ord(c) <= 0xDFFF for c in v)] or [""]
    sets = [{"__name__": "m", "x": "a", "path": value} for value in values]
    shares = series_shards(Question('m{x="a"}').expression, sets, shards)
    assert len(shares) <= max(1, 2 * shards)
    for labels in sets:
        assert sum(_matches(share, labels) for share in shares) == 1


def test_a_share_names_its_metric_and_keeps_its_conditions() -> None:
    """The selector of a share says what the selector said, and which values are its own."""
    sets = [{"__name__": "m", "i": str(n)} for n in range(4)]
    assert series_shards(Question('m{x!="a"}').expression, sets, 2) == [
        '{__name__="m",x!="a",i=~"0|1"}',
        '{__name__="m",x!="a",i=~"2|3"}',
    ]


@pytest.mark.parametrize("sets", [[], [{"__name__": "m"}], [{"__name__": "m", "a": "1"}] * 3])
def test_what_cannot_be_shared_is_one(sets: list[dict[str, str]]) -> None:
    """Without a label that tells series apart there is one request."""
    assert series_shards(Question("m").expression, sets, 5) == ["m"]
