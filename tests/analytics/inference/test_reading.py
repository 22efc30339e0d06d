"""Counters, histograms and gauges by interval."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.inference import (
    AMOUNTS,
    Intervals,
    bucket_increases,
    counter_increases,
    gauge_at_start,
    gauge_levels,
)
from rtobs.analytics.simulation.simulate import about
from rtobs.analytics.store import Export, series_frame, write_export
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from rtobs.model.selector import Selector
from tests.analytics.inference.played import MODEL, played, vllm, whole
from tests.analytics.simulation.places import START, minutes, scenario

MINUTE = Duration.parse("1m")
THREE = Intervals(START, START + minutes(3), MINUTE)


def export_of(folder: Path, **series: dict[float, float]) -> Export:
    """An export of a metric `m` with one series an instance, as {seconds: value}."""
    known = series_frame([{"__name__": "m", "instance": name, "zone": "a"} for name in series])
    rows = [
        (number, START + timedelta(seconds=at), value)
        for number, name in enumerate(sorted(series))
        for at, value in series[name].items()
    ]
    samples = pl.DataFrame(rows, schema=dict(SAMPLES.columns), orient="row")
    facts = about(scenario(lasts=minutes(3)), known)
    return write_export(folder / "export", known, samples, facts)


def values(frame: pl.DataFrame) -> list[tuple[float, float]]:
    """(minute that an interval ends in, value)."""
    return [((ts - START) / minutes(1), value) for _, ts, value in frame.rows()]


def test_growth_belongs_to_the_scrape_that_shows_it(tmp_path: Path) -> None:
    """A sample on an edge closes its interval; one before the start is only a base."""
    export = export_of(tmp_path, a={-10.0: 5, 30.0: 7, 60.0: 8, 61.0: 11, 150.0: 12})
    assert values(counter_increases(export, Selector("m"), THREE)) == [
        (1, 3.0),
        (2, 3.0),
        (3, 1.0),
    ]


def test_a_counter_that_fell_began_again(tmp_path: Path) -> None:
    """From 9 to 4 is a growth of 4; a series that is new has grown by nothing."""
    export = export_of(tmp_path, a={10.0: 6, 20.0: 9, 70.0: 4}, b={20.0: 100, 30.0: 101})
    assert values(counter_increases(export, Selector("m"), THREE)) == [(1, 4.0), (2, 4.0)]


def test_a_scrape_that_shows_nothing_hides_no_growth(tmp_path: Path) -> None:
    """What a counter grew by meanwhile shows in the next scrape."""
    export = export_of(tmp_path, a={10.0: 6, 20.0: float("nan"), 70.0: 9})
    assert values(counter_increases(export, Selector("m"), THREE)) == [(1, 0.0), (2, 3.0)]


def test_groups_are_added_up_and_those_without_a_name_are_left_out(tmp_path: Path) -> None:
    """By zone, by instance, and by a label that nobody has."""
    export = export_of(tmp_path, a={10.0: 0, 20.0: 1}, b={10.0: 0, 20.0: 2})
    by_zone = counter_increases(export, Selector("m"), THREE, ("zone",))
    assert by_zone.rows() == [('zone="a"', START + minutes(1), 3.0)]
    by_instance = counter_increases(export, Selector("m"), THREE, ("instance", "zone"))
    assert by_instance["group"].to_list() == [
        'instance="a", zone="a"',
        'instance="b", zone="a"',
    ]
    assert counter_increases(export, Selector("m"), THREE, ("pod",)).is_empty()


def test_a_gauge_is_averaged_over_time_before_it_is_put_together(tmp_path: Path) -> None:
    """1 and 3 make 2; together with 10 that is 12, 6 or 10."""
    export = export_of(tmp_path, a={10.0: 1, 50.0: 3}, b={20.0: 10})
    levels = {
        across: gauge_levels(export, Selector("m"), THREE, across=across)["value"].to_list()
        for across in ("sum", "mean", "max")
    }
    assert levels == {"sum": [12.0], "mean": [6.0], "max": [10.0]}


def test_a_gauge_at_the_start_is_the_last_that_was_seen(tmp_path: Path) -> None:
    """Not older than five minutes, and not yet the one that follows."""
    export = export_of(tmp_path, a={-290.0: 7, 15.0: 8, 60.0: 9}, b={-301.0: 100, 61.0: 1})
    assert values(gauge_at_start(export, Selector("m"), THREE)) == [(1, 7.0), (2, 9.0), (3, 10.0)]


def test_a_metric_that_is_not_there_gives_no_rows(tmp_path: Path) -> None:
    """And the right columns."""
    export = export_of(tmp_path, a={10.0: 1})
    for read in (counter_increases, gauge_levels, gauge_at_start):
        frame = read(export, Selector("other"), THREE)
        assert frame.rows() == []
        assert frame.schema == dict(AMOUNTS.columns)
    assert bucket_increases(export, Selector("other"), THREE).rows() == []


def test_intervals_that_touch_add_up_to_the_whole() -> None:
    """Whatever their length, across the restart of a replica."""
    from rtobs.analytics.simulation import PodRestart  # noqa: PLC0415

    fleet = scenario(faults=(PodRestart(minutes(10), minutes(1), replicas=(0,)),))
    export = played(fleet).export
    sums = [
        bucket_increases(
            export,
            vllm("time_to_first_token_seconds"),
            Intervals(fleet.start, fleet.end, Duration.parse(length)),
            MODEL,
        )
        .filter(pl.col("le") == 1.0)["events"]
        .sum()
        for length in ("30s", "1m", "5m", "30m")
    ]
    assert sums[0] > 1_000
    assert sums == [sums[0]] * 4


def test_buckets_have_their_bounds_as_numbers() -> None:
    """The last one is infinite and holds every event."""
    fleet = scenario()
    frame = bucket_increases(
        played(fleet).export, vllm("e2e_request_latency_seconds"), whole(fleet), MODEL
    )
    assert frame["le"].to_list()[:3] == [0.3, 0.5, 0.8]
    assert frame["le"].to_list()[-1] == float("inf")
    assert frame["events"].is_sorted()


@pytest.mark.parametrize(
    ("start", "length", "words"),
    [(START.replace(tzinfo=None), "1m", "time zone"), (START, "1h", "no interval of 1h fits")],
)
def test_intervals_that_cannot_be_are_refused(start: object, length: str, words: str) -> None:
    """With one sentence."""
    with pytest.raises(FrameError, match=words):
        Intervals(start, START + minutes(3), Duration.parse(length))  # type: ignore[arg-type]
