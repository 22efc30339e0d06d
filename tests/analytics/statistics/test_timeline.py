"""Tiles on a regular grid of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from rtobs.analytics.statistics.timeline import tiles_in, timeline, timelines
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

pytestmark = pytest.mark.usefixtures("engine")
Make = Callable[..., pl.DataFrame]


def test_absent_tiles_hold_nothing_and_are_not_seen(make_tiles: Make) -> None:
    """Whatever the order of the rows, and a null is absent too."""
    tiles = make_tiles([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    holed = tiles.with_columns(pl.when(pl.col("bad") != 4).then("bad").alias("bad"))
    line = timeline(holed.filter(pl.col("ts") != tiles["ts"][1]).reverse())
    assert line.bad.tolist() == [1, 0, 3, 0, 5]
    assert line.total.tolist() == [10, 0, 30, 0, 50]
    assert line.seen.tolist() == [1, 0, 1, 0, 1]
    assert (line.at(0), line.last) == (tiles["ts"][0], tiles["ts"][4])


def test_a_late_evaluation_belongs_to_its_tile(make_tiles: Make) -> None:
    """A few seconds do not make a hole."""
    tiles = make_tiles([1, 2, 3], [10, 20, 30])
    late = tiles.with_columns(pl.col("ts") + pl.Series([0, 2000, 0]).cast(pl.Duration("ms")))
    assert timeline(late).bad.tolist() == [1, 2, 3]


def test_coarser_steps_end_with_the_last_tile(make_tiles: Make) -> None:
    """What does not fill the oldest step is dropped."""
    tiles = make_tiles(range(7), [10] * 7)
    line = timeline(tiles.filter(pl.col("bad") != 5)).coarser(Duration.parse("15m"))
    assert line.bad.tolist() == [1 + 2 + 3, 4 + 0 + 6]
    assert line.seen.tolist() == [1.0, pytest.approx(2 / 3)]
    assert (line.first, line.last) == (tiles["ts"][3], tiles["ts"][6])
    assert line.at(2) == tiles["ts"][6] + timedelta(minutes=15)


def test_groups_are_sorted(make_tiles: Make) -> None:
    """By SLO and group."""
    parts = [
        make_tiles([0], [1], slo_id=s, group=g) for s, g in (("b", ""), ("a", "y"), ("a", "x"))
    ]
    found = [(line.slo_id, line.group) for line in timelines(pl.concat(parts))]
    assert found == [("a", "x"), ("a", "y"), ("b", "")]


def test_one_group_is_asked_for(make_tiles: Make) -> None:
    """None and two are refused with a hint."""
    one = make_tiles([0], [1])
    two = pl.concat([one, make_tiles([0], [1], group="x")])
    for tiles, count in ((one.clear(), 0), (two, 2)):
        with pytest.raises(FrameError, match=f"these tiles hold {count} groups, not one"):
            timeline(tiles)


def test_lengths_are_whole_steps() -> None:
    """Neither a part of one nor none."""
    assert tiles_in(Duration.parse("1h")) == 12
    for text in ("7m", "2m"):
        with pytest.raises(ValueError, match=f"{text} is no multiple of 5m"):
            tiles_in(Duration.parse(text))
