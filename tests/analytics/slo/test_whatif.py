"""Changes are linear in events, and only change what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import INCIDENTS, TILES
from rtobs.analytics.slo.spans import Span, overlap, spans_of
from rtobs.analytics.slo.whatif import (
    OUTCOME,
    WHAT_IF,
    Change,
    changed_slo,
    changed_tiles,
    outcome,
    what_if,
)
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from tests.analytics.slo.exports import START, at, tiles_of
from tests.proof.slos import BAD_FORM, slo

NINES = slo("requests", BAD_FORM.indicator, "0.99")
TILES_LONG = 12

bads = st.lists(st.integers(0, 100), min_size=TILES_LONG, max_size=TILES_LONG)
minutes = st.integers(-5, 5 * TILES_LONG + 5)
spans = st.tuples(minutes, minutes).map(lambda two: Span(at(min(two)), at(max(two))))


def _bad(tiles: pl.DataFrame, change: Change) -> list[float]:
    return changed_tiles(tiles, change)["bad"].to_list()


def test_a_tile_is_left_out_by_the_part_that_lies_in_a_span() -> None:
    """Spans that overlap count once; maintenance of another SLO does not count."""
    tiles = tiles_of([10, 10, 10], 100)
    two = (Span(at(4), at(7)), Span(at(5), at(8)), Span(at(0), at(15), slo_id="shop-other"))
    found = changed_tiles(tiles, Change(excluded=two))
    assert found.schema == TILES.columns
    assert found["total"].to_list() == pytest.approx([80, 40, 100])
    assert found["bad"].to_list() == pytest.approx([8, 4, 10])


def test_a_span_may_be_of_one_group() -> None:
    """Others keep their events."""
    one, two = (tiles_of([10], 100, group=f'zone="{zone}"') for zone in "ab")
    span = Span(at(0), at(5), group='zone="b"')
    assert overlap(one.vstack(two), [span]).to_list() == [0, 1]


def test_incidents_are_spans_of_their_group() -> None:
    """So an incident that was found can be undone."""
    row = ("shop-requests", "", at(5), at(10), "disk full")
    incidents = pl.DataFrame([row], schema=dict(INCIDENTS.columns), orient="row")
    (span,) = spans_of(incidents)
    assert span == Span(at(5), at(10), "shop-requests")
    assert _bad(tiles_of([1, 50, 1]), Change(scaled=((span, 0),))) == [1, 0, 1]


def test_an_incident_without_a_group_is_one_of_all_groups() -> None:
    """As it is when alerts are judged by it."""
    row = ("shop-requests", "", at(0), at(5), "disk full")
    incidents = pl.DataFrame([row], schema=dict(INCIDENTS.columns), orient="row")
    change = Change(scaled=tuple((span, 0.0) for span in spans_of(incidents)))
    assert _bad(tiles_of([50], group='zone="b"'), change) == [0]


def test_bad_events_that_nobody_counted_stay_unknown() -> None:
    """A tile without a count is not made wholly bad, and outside an outage not good either."""
    tiles = tiles_of([1, 1, 1]).with_columns(bad=pl.Series([None, 1.0, None], dtype=pl.Float64))
    first = Span(at(0), at(5))
    assert _bad(tiles, Change(scaled=((first, 0.5),))) == [None, 1, None]
    assert _bad(tiles, Change(outages=((first, 0.5),))) == [150, 1, None]


def test_an_outage_turns_good_events_bad() -> None:
    """What was bad already stays bad; half of the events of half a tile."""
    change = Change(outages=((Span(at(2.5), at(10)), 0.5),))
    assert _bad(tiles_of([0, 20], 100), change) == [25, 60]


def test_no_tile_gets_more_bad_events_than_events() -> None:
    """Unless it had more before."""
    change = Change(scaled=((Span(at(0), at(15)), 3),))
    assert _bad(tiles_of([10, 60, 120], 100), change) == [30, 100, 120]


def test_another_objective_divides_by_another_budget() -> None:
    """From 1 % to 2 %: half is spent. The window can be another as well."""
    tiles = tiles_of([1] * TILES_LONG, 100)
    found = what_if(tiles, NINES, Change(objective=Decimal("0.98")), dialect=Dialect.V3)
    assert found.schema == WHAT_IF.columns
    assert found["consumed_before"].to_list() == pytest.approx([1.0] * TILES_LONG)
    assert found["consumed_after"].to_list() == pytest.approx([0.5] * TILES_LONG)
    hour = changed_slo(NINES, Change(window=Duration.parse("1h")))
    assert (hour.window, hour.objective) == (Duration.parse("1h"), NINES.objective)


def test_what_a_change_comes_to() -> None:
    """Without the incident the budget would never have been spent.

    The window is half an hour: its first five tiles are not covered to nine tenths, six windows
    hold the incident, and the last does not.
    """
    half_hour = replace(NINES, window=Duration.parse("30m"))
    tiles = tiles_of([0, 0, 0, 0, 0, 9.5, 0, 0, 0, 0, 0, 3], 100)
    undone = Change(scaled=((Span(at(25), at(30)), 0),))
    found = outcome(what_if(tiles, half_hour, undone, dialect=Dialect.V3))
    assert found.schema == OUTCOME.columns
    ((_, _, *figures),) = found.rows()
    lowest = 1 - 9.5 / 6
    assert figures == pytest.approx([0.5, 0.5, lowest, 0.5, 6 / 7, 0])


def test_a_window_that_is_hardly_seen_says_nothing() -> None:
    """One bad event in the first tile spends a budget of a month that has two of its tiles.

    A history that is shorter than the window is judged by the last tenth of it.
    """
    tiles = tiles_of([10, *[0] * 29], 100)
    compared = what_if(tiles, NINES, Change(), dialect=Dialect.V3)
    assert compared["remaining_before"].min() == pytest.approx(-9)
    assert compared["coverage_before"].max() == pytest.approx(30 / 8640)
    found = outcome(compared)
    assert found["lowest_before"].to_list() == pytest.approx([1 - 10 / 27])
    assert found["spent_before"].to_list() == [0]


@settings(deadline=None)
@given(bads, spans)
def test_excluding_nothing_changes_nothing(bad: list[int], span: Span) -> None:
    """Neither does scaling by one, nor an outage of nobody, nor a span without length."""
    tiles = tiles_of(bad, 100)
    empty = Span(span.start, span.start)
    for change in (
        Change(),
        Change(excluded=(empty,)),
        Change(scaled=((span, 1),)),
        Change(outages=((span, 0),)),
    ):
        assert changed_tiles(tiles, change).equals(tiles)


@settings(deadline=None)
@given(bads, spans, st.floats(0, 1), st.floats(0, 1))
def test_scaling_is_linear(bad: list[int], span: Span, one: float, two: float) -> None:
    """The mean of two scalings is the scaling by their mean, as long as nothing is capped."""
    tiles = tiles_of(bad, 100)
    first, second, mean = (
        pl.Series(_bad(tiles, Change(scaled=((span, factor),))))
        for factor in (one, two, (one + two) / 2)
    )
    assert ((first + second) / 2).to_list() == pytest.approx(mean.to_list(), abs=1e-9)


@settings(deadline=None)
@given(bads, st.lists(spans, max_size=4))
def test_the_order_of_spans_does_not_matter(bad: list[int], left_out: list[Span]) -> None:
    """Exclusion is a set of moments."""
    tiles = tiles_of(bad, 100)
    found, turned = (
        changed_tiles(tiles, Change(excluded=tuple(order))) for order in (left_out, left_out[::-1])
    )
    assert found.equals(turned)
    twice = changed_tiles(tiles, Change(excluded=tuple(left_out * 2)))
    assert found.equals(twice)


@settings(deadline=None)
@given(bads, spans)
def test_a_part_and_its_rest_are_the_whole(bad: list[int], span: Span) -> None:
    """What lies in a span and what lies outside add up to all events."""
    tiles = tiles_of(bad, 100)
    outside = (
        Span(START - timedelta(days=1), span.start),
        Span(span.end, START + timedelta(days=1)),
    )
    kept = changed_tiles(tiles, Change(excluded=(span,)))
    inside = changed_tiles(tiles, Change(excluded=outside))
    for column in ("total", "bad"):
        both = (kept[column] + inside[column]).to_list()
        assert both == pytest.approx(tiles[column].to_list())


@settings(deadline=None)
@given(bads, spans, st.floats(0, 1))
def test_an_outage_lies_between_nothing_and_everything(
    bad: list[int], span: Span, share: float
) -> None:
    """And grows with its share."""
    tiles = tiles_of(bad, 100)
    before = tiles["bad"].to_list()
    some, all_ = (_bad(tiles, Change(outages=((span, part),))) for part in (share, 1))
    rows = zip(before, some, all_, strict=True)
    assert all(low <= middle <= high <= 100 for low, middle, high in rows)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"objective": Decimal(1)}, "an objective lies between 0 and 1"),
        ({"scaled": ((Span(at(0), at(1)), -1),)}, "multiplied by 0 or more"),
        ({"outages": ((Span(at(0), at(1)), 1.5),)}, "lies between 0 and 1"),
        ({"window": Duration.parse("1m")}, "whole tiles of five minutes: 1m does not"),
        ({"window": Duration(0)}, "whole tiles of five minutes"),
    ],
)
def test_changes_that_make_no_sense(wrong: dict[str, object], sentence: str) -> None:
    """They are refused when they are written."""
    with pytest.raises(ValueError, match=sentence):
        Change(**wrong)  # type: ignore[arg-type]


def test_spans_that_make_no_sense() -> None:
    """A span needs a time zone and does not run backwards."""
    with pytest.raises(FrameError, match="needs a time zone"):
        Span(datetime(2026, 1, 1), at(1))  # noqa: DTZ001  # that is the point
    with pytest.raises(FrameError, match="cannot end"):
        Span(at(1), at(0))
