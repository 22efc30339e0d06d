"""A verdict is given where the data decide it."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.slo.verdicts import TRAFFIC, VERDICTS, minimum_traffic, verdict, verdicts
from tests.analytics.slo.exports import tiles_of
from tests.proof.slos import BAD_FORM, slo

DAY = 288
NINES = slo("requests", BAD_FORM.indicator, "0.99")


@pytest.mark.parametrize(
    ("bad", "total", "expected"),
    [
        ([0, 1] * DAY * 10, 200, "met"),  # 0.25 % in 20 days
        ([4] * DAY * 10, 200, "missed"),  # 2 %
        ([2, 2, 3, 1] * DAY, 200, "undecided"),  # exactly 1 %
        ([0] * 20, 1, "undecided"),  # nothing bad, but only 20 events
        ([0] * 400, 1, "met"),  # 400 events are enough: 0.92 % at most
        ([1], 1, "undecided"),  # one tile
        ([0], 0, "undecided"),  # nothing happened
    ],
)
def test_verdicts(bad: list[float], total: float, expected: str) -> None:
    """Only what lies on one side of the budget with its whole interval is decided."""
    found = verdicts(tiles_of(bad, total), NINES)
    assert found.schema == VERDICTS.columns
    assert found["verdict"].to_list() == [expected]


def test_events_that_are_bad_together_say_less() -> None:
    """The same counts, in one outage or spread evenly: only the even ones are decided."""
    count = 20 * DAY
    even = verdicts(tiles_of([0.5] * count, 100), NINES).row(0, named=True)
    outage = [100.0] * 29 + [0.5 - 0.5 * 28.8 / (count - 29)] * (count - 29)
    once = verdicts(tiles_of(outage, 100), NINES).row(0, named=True)
    assert (even["verdict"], even["overdispersion"]) == ("met", 1.0)
    assert once["bad"] > even["bad"]
    assert (once["verdict"], once["period_s"]) == ("undecided", 86_400)
    assert once["effective_total"] == pytest.approx(once["total"] / once["overdispersion"])


@pytest.mark.parametrize(("tiles", "period"), [(10 * DAY, 86_400), (9 * DAY, 3600), (36, 300)])
def test_short_times_are_judged_by_shorter_periods(tiles: int, period: int) -> None:
    """Ten of them at least, so that their variance means something."""
    found = verdicts(tiles_of([1] * tiles, 100), NINES)
    assert found["period_s"].to_list() == [period]


def test_without_events_there_is_no_ratio() -> None:
    """The interval holds everything."""
    (row,) = verdicts(tiles_of([0, 0], 0), NINES).to_dicts()
    assert (row["error_ratio"], row["low"], row["high"]) == (None, 0, 1)


def test_more_bad_than_all_is_all_bad() -> None:
    """Scrapes of two counters differ by some events."""
    (row,) = verdicts(tiles_of([10.5] * 20, 10), NINES).to_dicts()
    assert (row["bad"], row["error_ratio"], row["verdict"]) == (200, 1, "missed")


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=100), st.floats(0.5, 0.99), st.data())
def test_a_higher_level_decides_nothing_new(
    bad: list[int], level: float, data: st.DataObject
) -> None:
    """The wider interval holds the narrower one, and both hold what was counted."""
    higher = data.draw(st.floats(level, 0.999))
    tiles = tiles_of(bad, 20)
    (narrow,), (wide,) = (
        verdicts(tiles, NINES, level=chosen).to_dicts() for chosen in (level, higher)
    )
    assert wide["low"] <= narrow["low"] <= narrow["error_ratio"] <= narrow["high"] <= wide["high"]
    assert wide["verdict"] in {narrow["verdict"], "undecided"}


def test_the_edge_of_the_budget_is_met() -> None:
    """As a burn rate of exactly the factor does not fire."""
    assert (verdict(0, 0.01, 0.01), verdict(0.01, 0.02, 0.01), verdict(0.011, 0.02, 0.01)) == (
        "met",
        "undecided",
        "missed",
    )


def test_minimum_traffic() -> None:
    """A burn rate of 14.4 on a budget of 0.1 %: one bad of 70 does not page, one of 69 does."""
    wanted = slo("requests", BAD_FORM.indicator, "0.999")
    found = minimum_traffic(wanted)
    assert found.schema == TRAFFIC.columns
    assert found.select("tier", "long_s", "one_bad", "min_bad", "min_bad_total").rows() == [
        ("fast", 3600, 70, 3, 209),
        ("slow", 21_600, 167, 3, 500),
        ("ticket", 86_400, 334, 3, 1000),
        ("trickle", 259_200, 1000, 3, 3000),
    ]


@settings(deadline=None)
@given(st.fractions(Fraction(1, 10**6), Fraction(1)))
def test_minimum_traffic_is_the_least(threshold: Fraction) -> None:
    """With it one bad event is at or below the threshold; with one event less it is above."""
    (tier, *_) = BAD_FORM.tiers
    wanted = replace(BAD_FORM, tiers=(replace(tier, threshold=threshold),))
    least = int(minimum_traffic(wanted)["one_bad"].item())
    assert Fraction(1, least) <= threshold
    assert least == 1 or Fraction(1, least - 1) > threshold
    assert least == math.ceil(1 / threshold)


def test_an_slo_without_tiers_needs_no_traffic() -> None:
    """It cannot alert at all."""
    found = minimum_traffic(replace(BAD_FORM, tiers=()))
    assert (found.height, found.schema) == (0, TRAFFIC.columns)


def test_other_slos_are_left_out() -> None:
    """Each is judged by its own objective."""
    found = verdicts(tiles_of([1] * 20, slo_id="shop-other"), NINES)
    assert (found.height, found.schema) == (0, VERDICTS.columns)
    assert isinstance(found, pl.DataFrame)
