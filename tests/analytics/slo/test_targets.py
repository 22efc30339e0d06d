"""The objective that history could have kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.slo.targets import COSTS, TARGETS, recommend_target, target_costs
from rtobs.analytics.statistics.bootstrap import Resampling
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from tests.analytics.slo.exports import tiles_of
from tests.proof.slos import BAD_FORM, slo

DAY = 288
NINES = slo("requests", BAD_FORM.indicator, "0.99", window="7d")
DAILY = replace(NINES, window=Duration.parse("1d"))
QUICK = Resampling(draws=50, method="percentile")


def _recommended(bad: list[float], share: float = 0.95) -> dict[str, object]:
    found = recommend_target(
        tiles_of(bad, 100), DAILY, share=share, dialect=Dialect.V3, resampling=QUICK
    )
    assert found.schema == TARGETS.columns
    return found.row(0, named=True)


def test_a_steady_service_can_promise_what_it_does() -> None:
    """One bad event of a hundred, always: 99 %, and nobody can tell more."""
    found = _recommended([1.0] * 10 * DAY)
    assert [found[name] for name in ("objective", "low", "high")] == pytest.approx([0.99] * 3)
    # Windows that hold nine tenths of their tiles, from 260 of 288 on.
    assert (found["share"], found["windows"], found["independent"]) == (0.95, 10 * DAY - 259, 10)


def test_a_share_of_the_windows_may_miss_it() -> None:
    """An outage on one of ten days: met by four fifths or by all makes a difference."""
    bad = [0.0] * 5 * DAY + [100.0] * 12 + [0.0] * (5 * DAY - 12)
    assert _recommended(bad, share=0.8)["objective"] == 1.0
    assert _recommended(bad, share=1)["objective"] == pytest.approx(1 - 12 / 288)


def test_what_is_advised_is_usual_and_safe() -> None:
    """The largest usual objective below the interval."""
    rng = np.random.default_rng(1)
    bad = [float(value) for value in rng.binomial(100, 0.002, 20 * DAY)]
    found = _recommended(bad)
    assert found["advised"] == "0.995"
    assert 0.995 < float(str(found["low"])) <= float(str(found["high"])) < 0.999


def test_the_same_seed_gives_the_same_answer() -> None:
    """And another one hardly another."""
    rng = np.random.default_rng(1)
    tiles = tiles_of([float(value) for value in rng.binomial(100, 0.01, 10 * DAY)], 100)
    first, again = (
        recommend_target(tiles, DAILY, dialect=Dialect.V3, resampling=QUICK, seed=3)
        for _ in range(2)
    )
    assert first.equals(again)


def test_without_enough_days_there_is_no_interval() -> None:
    """Four days have four blocks; nothing is advised then."""
    found = _recommended([1.0] * 4 * DAY)
    assert (found["low"], found["high"], found["advised"]) == (None, None, None)
    assert found["objective"] == pytest.approx(0.99)


def test_what_each_objective_would_have_cost() -> None:
    """Windows of seven days with 201,600 events each, of which 1 % were bad in one of two weeks."""
    bad = [0.0] * 7 * DAY + [1.0] * 7 * DAY
    steps = (Decimal("0.9"), Decimal("0.99"), Decimal("0.999"))
    found = target_costs(tiles_of(bad, 100), NINES, dialect=Dialect.V3, objectives=steps)
    assert found.schema == COSTS.columns
    rows = {row["objective"]: row for row in found.to_dicts()}
    assert [rows[str(step)]["budget_minutes"] for step in steps] == pytest.approx(
        [1008, 100.8, 10.08]
    )
    assert rows["0.99"]["missed"] == 0
    assert rows["0.99"]["worst"] == pytest.approx(1)
    assert rows["0.99"]["worst_minutes"] == pytest.approx(0)
    assert rows["0.999"]["worst"] == pytest.approx(10)
    assert rows["0.999"]["worst_minutes"] == pytest.approx(9 * 10.08)
    assert rows["0.999"]["missed"] == pytest.approx(0.81, abs=0.02)
    assert rows["0.9"]["budget_events"] > 10 * rows["0.99"]["budget_events"] * 0.999


@given(st.lists(st.integers(0, 30), min_size=400, max_size=500), st.floats(0.1, 1))
@settings(max_examples=20, deadline=None)
def test_the_recommended_objective_is_met_by_the_share_and_no_larger_one_is(
    bad: list[int], share: float
) -> None:
    """That is its definition."""
    hourly = replace(NINES, window=Duration.parse("1h"))
    tiles = tiles_of([float(value) for value in bad], 100)
    found = recommend_target(tiles, hourly, share=share, dialect=Dialect.V3, resampling=QUICK)
    objective = float(found["objective"].item())
    # The last digit of a ratio that is written as a decimal is rounded.
    kept, larger = (Decimal(repr(objective + step)) for step in (-1e-9, 1e-9))
    costs = target_costs(tiles, hourly, dialect=Dialect.V3, objectives=(kept,))
    assert 1 - costs["missed"].item() >= share - 1e-9
    if larger < 1:
        costs = target_costs(tiles, hourly, dialect=Dialect.V3, objectives=(larger,))
        assert 1 - costs["missed"].item() < share


def test_each_group_has_its_own() -> None:
    """Rows are sorted by group; other SLOs are left out."""
    two = [
        tiles_of([bad] * 6 * DAY, 100, group=f'zone="{zone}"')
        for zone, bad in (("b", 1.0), ("a", 2.0))
    ]
    tiles = pl.concat([*two, tiles_of([9.0], slo_id="shop-other")])
    found = recommend_target(tiles, DAILY, dialect=Dialect.V3, resampling=QUICK)
    assert found.select("group", pl.col("objective").round(6)).rows() == [
        ('zone="a"', 0.98),
        ('zone="b"', 0.99),
    ]


def test_a_short_time_and_a_wrong_share_are_refused() -> None:
    """No window would be complete."""
    with pytest.raises(FrameError, match="no window of 7d of shop-requests is covered"):
        recommend_target(tiles_of([1] * DAY), NINES, dialect=Dialect.V3)
    with pytest.raises(ValueError, match="share of windows lies above 0"):
        recommend_target(tiles_of([1] * DAY), DAILY, share=0, dialect=Dialect.V3)


def _uncounted(tiles: pl.DataFrame, first: int) -> pl.DataFrame:
    """The tiles with no count of bad events in the first ones."""
    row = pl.int_range(pl.len())
    return tiles.with_columns(bad=pl.when(row >= first).then("bad"))


def test_windows_whose_bad_events_nobody_counted_say_nothing() -> None:
    """A group without its bucket has no objective, and half of a history is judged by the other."""
    counted, half, none = (
        _uncounted(tiles_of([1.0] * 6 * DAY, 100, group=f'zone="{zone}"'), first)
        for zone, first in (("a", 0), ("b", 3 * DAY), ("c", 6 * DAY))
    )
    found = recommend_target(
        pl.concat([counted, half, none]), DAILY, dialect=Dialect.V3, resampling=QUICK
    )
    assert found["group"].to_list() == ['zone="a"', 'zone="b"']
    assert found["objective"].is_finite().all()
    costs = target_costs(half, DAILY, dialect=Dialect.V3, objectives=(Decimal("0.999"),))
    assert costs["missed"].item() > 0.9
    assert costs.select(pl.col("typical", "worst").is_finite()).row(0) == (True, True)
    with pytest.raises(FrameError, match="and has a count of bad events"):
        recommend_target(none, DAILY, dialect=Dialect.V3)


@pytest.mark.parametrize("objective", ["0", "1"])
def test_an_objective_of_nothing_or_all_is_refused(objective: str) -> None:
    """All allows no bad event, so a budget of it cannot be spent in part."""
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        target_costs(
            tiles_of([1] * DAY), DAILY, dialect=Dialect.V3, objectives=(Decimal(objective),)
        )
