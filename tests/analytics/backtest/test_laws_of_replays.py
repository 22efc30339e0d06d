"""What must hold of a replay, whatever the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtobs.analytics.backtest import Schedule, bench, replay
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import ALERTS, BUDGET, BURN, MINUTES, TILES, check, empty
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.burn import burn_rates
from rtobs.analytics.slo.tiles import tiles
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from tests.analytics.backtest.simulated import START, Counts, minutes_of, sliced_minutes
from tests.proof.slos import BAD_FORM, GOOD_FORM, TIMESLICE

pytestmark = pytest.mark.usefixtures("engine")
_LENGTH = 1200
few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32 - 1)


def _history(seed: int, length: int = _LENGTH) -> tuple[Counts, Counts]:
    """Events in each minute, with some outages and minutes without a scrape."""
    random = np.random.default_rng(seed)
    total = random.poisson(random.choice([0.3, 5, 300]), length).astype(np.float64)
    share = np.zeros(length)
    for _ in range(4):
        begin = random.integers(0, length)
        share[begin : begin + random.integers(1, 200)] = random.choice([0.01, 0.1, 1.0])
    bad = np.floor(total * share)
    total[random.random(length) < 0.02] = np.nan
    return total, np.where(np.isnan(total), np.nan, bad)


def _fired(alerts: pl.DataFrame, tier: str, end: datetime) -> float:
    """Minutes for which a tier fires."""
    own = alerts.filter(pl.col("tier") == tier)
    spans = (own["end"].fill_null(end) - own["start"]).dt.total_seconds()
    return float(spans.sum()) / 60


@few
@given(seed=seeds)
def test_without_bad_events_nothing_fires(seed: int) -> None:
    """Whatever the traffic and its gaps, and for every kind of SLO."""
    total, _ = _history(seed)
    good = minutes_of(BAD_FORM.slo_id, total, np.where(np.isnan(total), np.nan, 0))
    slices = sliced_minutes(TIMESLICE.slo_id, np.where(np.isnan(total), np.nan, 0))
    for slo, minutes in ((BAD_FORM, good), (TIMESLICE, slices)):
        assert replay(minutes, slo, dialect=Dialect.V3).alerts.equals(empty(ALERTS))


@few
@given(seed=seeds, more=st.floats(0, 1))
def test_more_bad_events_never_fire_a_tier_for_less(seed: int, more: float) -> None:
    """Of the same events more are bad; each tier fires as long or longer."""
    total, bad = _history(seed)
    worse = bad + np.floor((total - bad) * more)
    end = START + timedelta(minutes=_LENGTH)
    fired = [
        replay(minutes_of(BAD_FORM.slo_id, total, counts), BAD_FORM, dialect=Dialect.V3).alerts
        for counts in (bad, worse)
    ]
    for tier in BAD_FORM.tiers:
        assert _fired(fired[0], tier.name, end) <= _fired(fired[1], tier.name, end)


@few
@given(seed=seeds, dialect=st.sampled_from(Dialect), cut=st.integers(100, _LENGTH - 1))
def test_what_follows_changes_nothing_before(seed: int, dialect: Dialect, cut: int) -> None:
    """The alerts of a history that goes on are those of its first part, until that ends."""
    total, bad = _history(seed)
    minutes = minutes_of(BAD_FORM.slo_id, total, bad)
    end = START + timedelta(minutes=cut)
    first = replay(
        minutes.filter(pl.col("ts") <= end),
        BAD_FORM,
        dialect=dialect,
        schedule=Schedule(start=START, end=end),
    )
    whole = replay(minutes, BAD_FORM, dialect=dialect, schedule=Schedule(start=START))
    begun = whole.alerts.filter(pl.col("start") <= end).with_columns(
        pl.when(pl.col("end") <= end).then("end")
    )
    columns = ["tier", "start", "end"]
    assert first.alerts.select(columns).equals(begun.select(columns))
    assert first.budget.equals(whole.budget.filter(pl.col("ts") <= end))


@settings(few, max_examples=4)
@given(seed=seeds)
def test_a_month_of_silence_makes_a_new_start(seed: int) -> None:
    """Two histories, too far apart for any window to see both, fire as each does alone."""
    total, bad = _history(seed)
    later = START + timedelta(days=40)
    parts = [minutes_of(BAD_FORM.slo_id, total, bad, start=start) for start in (START, later)]
    ends = [START + timedelta(days=1), later + timedelta(days=1)]
    columns = ["tier", "start", "end", "peak_burn"]
    alone = [
        replay(part, BAD_FORM, dialect=Dialect.V2, schedule=Schedule(end=end)).alerts
        for part, end in zip(parts, ends, strict=True)
    ]
    both = replay(pl.concat(parts), BAD_FORM, dialect=Dialect.V2, schedule=Schedule(end=ends[1]))
    tiers = pl.concat(alone).select(columns).filter(pl.col("tier") != "").sort("tier", "start")
    assert both.alerts.select(columns).filter(pl.col("tier") != "").equals(tiers)


@few
@given(seed=seeds)
def test_groups_and_slos_do_not_see_each_other(seed: int) -> None:
    """A group fires as it would alone, whatever else stands in the frame."""
    total, bad = _history(seed)
    groups = ['model_name="a"', 'model_name="b"']
    parts = [
        minutes_of(GOOD_FORM.slo_id, total, counts, group=group)
        for group, counts in zip(groups, (bad, total - bad), strict=True)
    ]
    stranger = minutes_of(BAD_FORM.slo_id, total, total)
    together = replay(pl.concat([stranger, *parts]), GOOD_FORM, dialect=Dialect.V3)
    for group, part in zip(groups, parts, strict=True):
        alone = replay(part, GOOD_FORM, dialect=Dialect.V3)
        assert together.alerts.filter(pl.col("group") == group).equals(alone.alerts)
        assert together.budget.filter(pl.col("group") == group).equals(alone.budget)


@few
@given(seed=seeds, offset=st.integers(0, 299_999))
def test_given_tiles_are_those_that_it_makes(seed: int, offset: int) -> None:
    """A replay of minutes and of their tiles is the same, at any offset of the long group."""
    minutes = minutes_of(BAD_FORM.slo_id, *_history(seed))
    schedule = Schedule(long_phase=timedelta(milliseconds=offset))
    own = tiles(minutes, schedule=schedule)
    made = replay(minutes, BAD_FORM, dialect=Dialect.V3, schedule=schedule)
    given_ = replay(minutes, BAD_FORM, dialect=Dialect.V3, tiles=own)
    assert made.alerts.equals(given_.alerts)
    assert made.budget.equals(given_.budget)
    until = pl.col("ts") <= own["ts"].max()
    budget = rolling_budget(own, BAD_FORM, dialect=Dialect.V3)
    assert budget.equals(given_.budget.filter(until))


def test_the_shares_that_alerts_spent_are_shares_of_what_was_spent() -> None:
    """Over a history as long as the window, spending adds up to what the budget says."""
    length = BAD_FORM.window.minutes
    bad = np.zeros(length)
    bad[length // 2 : length // 2 + 60] = 100
    found = bench(
        minutes_of(BAD_FORM.slo_id, np.full(length, 100.0), bad), BAD_FORM, dialect=Dialect.V3
    )
    budget = replay(
        minutes_of(BAD_FORM.slo_id, np.full(length, 100.0), bad), BAD_FORM, dialect=Dialect.V3
    ).budget
    spent = found.spending.sums[0, -1]
    assert spent == pytest.approx(60 / (0.005 * length), rel=1e-9)
    assert spent == pytest.approx(budget["consumed"][-1], rel=1e-3)


@pytest.mark.parametrize(
    ("dialect", "tiles_in_window"), [(Dialect.V2, 8641), (Dialect.V2_51, 8641), (Dialect.V3, 8640)]
)
def test_a_full_window_is_covered_and_no_more(dialect: Dialect, tiles_in_window: int) -> None:
    """A closed range of 30 days holds one tile more than the days have; coverage stays 1."""
    length = BAD_FORM.window.minutes + 60
    minutes = minutes_of(BAD_FORM.slo_id, np.full(length, 60.0), np.zeros(length))
    last = rolling_budget(tiles(minutes), BAD_FORM, dialect=dialect).row(-1, named=True)
    assert last["total"] == tiles_in_window * 300
    assert last["coverage"] == 1.0


def test_frames_keep_their_schema_and_order() -> None:
    """Nothing in gives nothing out, with the columns that are promised."""
    nothing, windows = empty(MINUTES), [Duration.parse("5m"), Duration.parse("3d")]
    assert tiles(nothing).equals(empty(TILES))
    assert burn_rates(nothing, BAD_FORM, windows, dialect=Dialect.V3).equals(empty(BURN))
    assert rolling_budget(empty(TILES), BAD_FORM, dialect=Dialect.V3).equals(empty(BUDGET))
    replayed = replay(nothing, BAD_FORM, dialect=Dialect.V3)
    assert (replayed.alerts.height, replayed.budget.height, replayed.span) == (0, 0, None)
    minutes = minutes_of(BAD_FORM.slo_id, *_history(3))
    burn = burn_rates(minutes, BAD_FORM, reversed(windows), dialect=Dialect.V3)
    assert check(burn, BURN).equals(burn.sort(BURN.key))


def test_a_wrong_frame_is_refused() -> None:
    """The message names the frame that was wanted."""
    with pytest.raises(FrameError, match="no frame of minutes"):
        replay(empty(TILES), BAD_FORM, dialect=Dialect.V3)
    with pytest.raises(FrameError, match="no frame of tiles"):
        rolling_budget(empty(ALERTS), BAD_FORM, dialect=Dialect.V3)


def test_an_alert_that_fires_at_the_end_has_no_end() -> None:
    """Its peak and its spending are those until then."""
    total, bad = np.full(200, 60.0), np.zeros(200)
    bad[150:] = 60
    alerts = replay(minutes_of(BAD_FORM.slo_id, total, bad), BAD_FORM, dialect=Dialect.V3).alerts
    row = alerts.filter(pl.col("tier") == "fast").row(0, named=True)
    assert row["end"] is None
    assert row["peak_burn"] == pytest.approx(50 / 60 / 0.005)


@pytest.mark.parametrize(("fewest", "pages"), [(5, 1), (6, 0)])
def test_other_tiers_can_be_tried(fewest: int, pages: int) -> None:
    """Five bad events page where five are enough, and not where six are needed."""
    total, bad = np.full(300, 1.0), np.zeros(300)
    bad[100:105] = 1
    tried = tuple(replace(tier, min_bad=fewest) for tier in BAD_FORM.tiers)
    minutes = minutes_of(BAD_FORM.slo_id, total, bad)
    alerts = replay(minutes, BAD_FORM, dialect=Dialect.V3, tiers=tried).alerts
    assert alerts.filter(pl.col("tier") == "fast").height == pages
