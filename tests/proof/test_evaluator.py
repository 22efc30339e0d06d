"""The evaluator against numbers that were worked out and measured without it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration
from rtobs.proof.evaluator import (
    ObservedCounts,
    Span,
    Spell,
    Timing,
    Traffic,
    TrueCounts,
    evaluation_grid,
    holds,
    timing,
)
from tests.proof.slos import tiers

EVENTS = 60_000
SCRAPE = Fraction(1, 4)

# Policy windows: share of the budget in percent, factor, by tier. Worked out by hand.
FACTORS = {
    ("7d", "fast"): "13.44",
    ("7d", "slow"): "3.5",
    ("7d", "ticket"): "1.4",
    ("28d", "fast"): "13.44",
    ("28d", "slow"): "5.6",
    ("28d", "ticket"): "2.8",
    ("28d", "trickle"): "1.026666666666666666666666667",
    ("30d", "fast"): "14.4",
    ("30d", "slow"): "6",
    ("30d", "ticket"): "3",
    ("30d", "trickle"): "1",
    ("90d", "fast"): "43.2",
    ("90d", "slow"): "18",
    ("90d", "ticket"): "9",
    ("90d", "trickle"): "3",
}

# Measured on Prometheus 3.5 and 2.42, one-minute evaluation, 15 s scrapes, no keep-firing time:
# objective, error ratio, tier, minutes to detection, minutes to reset, of raw windows.
RAW = [
    ("0.999", "1", "fast", 1, 5),
    ("0.999", "1", "slow", 3, 30),
    ("0.999", "0.1", "fast", 9, 5),
    ("0.999", "0.1", "slow", 22, 29),
    ("0.999", "0.02", "fast", 44, 2),
    ("0.99", "1", "fast", 9, 5),
    ("0.99", "1", "slow", 22, 29),
    ("0.99", "0.5", "fast", 18, 4),
    ("0.99", "0.5", "slow", 44, 27),
    ("0.95", "1", "fast", 44, 2),
]

# The same for the shape that is generated: chained windows, tiles; earliest and latest of both.
GENERATED = [
    ("0.999", "1", "fast", (1, 1), (5, 5)),
    ("0.999", "1", "slow", (5, 5), (33, 35)),
    ("0.999", "0.1", "fast", (9, 9), (5, 5)),
    ("0.999", "0.1", "slow", (24, 24), (31, 32)),
    ("0.999", "0.1", "ticket", (45, 45), (120, 120)),
    ("0.999", "0.1", "trickle", (45, 45), (360, 360)),
    ("0.99", "0.5", "fast", (18, 18), (4, 4)),
    ("0.99", "0.5", "slow", (46, 46), (29, 30)),
    ("0.95", "1", "fast", (44, 44), (2, 2)),
    ("0.95", "1", "slow", (110, 111), (23, 24)),
    ("0.95", "1", "ticket", (220, 220), (105, 105)),
    ("0.95", "1", "trickle", (220, 220), (345, 345)),
]


def tier_of(objective: str, name: str, window: str = "30d") -> Tier:
    """A tier of the default policy without keep-firing time."""
    found = next(tier for tier in tiers(objective, window) if tier.name == name)
    return replace(found, keep_firing_for=Duration(0))


def step(tier: Tier, error_ratio: str) -> tuple[tuple[Spell, ...], int, int]:
    """A step after clean traffic that lasts until the short window is full; onset and recovery."""
    onset = 2 * tier.long.minutes
    outage = tier.long.minutes + tier.short.minutes
    bad = EVENTS * Fraction(error_ratio)
    spells = (
        Spell(onset, EVENTS),
        Spell(outage, EVENTS, bad),
        Spell(2 * tier.short.minutes, EVENTS),
    )
    return spells, onset, onset + outage


@pytest.mark.parametrize(("key", "factor"), FACTORS.items(), ids="-".join)
def test_factor(key: tuple[str, str], factor: str) -> None:
    """The factor of each tier is the one of the literal table."""
    window, name = key
    found = next(tier for tier in tiers("0.999", window) if tier.name == name)

    assert abs(found.factor - Fraction(factor)) < Fraction(1, 10**20)


def test_seven_days_have_no_trickle() -> None:
    """A week has no trickle tier: its factor would be below 1."""
    assert [tier.name for tier in tiers("0.999", "7d")] == ["fast", "slow", "ticket"]


@pytest.mark.parametrize(("objective", "error_ratio", "name", "fires", "resets"), RAW)
def test_true_counts(objective: str, error_ratio: str, name: str, fires: int, resets: int) -> None:
    """True event counts cross a threshold when raw windows were measured to."""
    tier = tier_of(objective, name)
    spells, onset, recovery = step(tier, error_ratio)

    when = timing(tier, [TrueCounts(Traffic(spells))], onset)

    assert when.fires == Span(onset + fires, onset + fires)
    assert when.clears == Span(recovery + resets, recovery + resets)


@pytest.mark.parametrize(("objective", "error_ratio", "name", "fires", "resets"), GENERATED)
def test_observed_counts(
    objective: str,
    error_ratio: str,
    name: str,
    fires: tuple[int, int],
    resets: tuple[int, int],
) -> None:
    """What a Prometheus observes crosses within one evaluation of what was measured."""
    tier = tier_of(objective, name)
    spells, onset, recovery = step(tier, error_ratio)
    traffic = Traffic(spells)
    views = [ObservedCounts(traffic, closed=closed, scrape=SCRAPE) for closed in (True, False)]

    when = timing(tier, views, onset)

    grid = evaluation_grid(tier.long)
    assert when.fires is not None
    assert when.clears is not None
    for measured, predicted in (
        (fires[0], when.fires.earliest - onset),
        (fires[1], when.fires.latest - onset),
        (resets[0], when.clears.earliest - recovery),
        (resets[1], when.clears.latest - recovery),
    ):
        assert abs(measured - predicted) <= grid


@pytest.mark.parametrize(("objective", "bad_minutes"), [("0.999", 3), ("0.995", 5), ("0.99", 9)])
def test_slices_page_at_the_measured_bad_minute(objective: str, bad_minutes: int) -> None:
    """A probe pages at its third, fifth and ninth bad minute at 99.9, 99.5 and 99 %."""
    tier = tier_of(objective, "fast")
    traffic = Traffic((Spell(120, 1), Spell(60, 1, 1)))

    when = timing(tier, [ObservedCounts(traffic, closed=True, scrape=Fraction(0))], 120)

    assert when.fires == Span(120 + bad_minutes, 120 + bad_minutes)


def test_keep_firing_adds_exactly_its_time() -> None:
    """An alert resolves its keep-firing time after its condition ended."""
    tier = replace(tier_of("0.999", "fast"), keep_firing_for=Duration.parse("10m"))
    spells, onset, recovery = step(tier, "0.1")

    when = timing(tier, [TrueCounts(Traffic(spells))], onset)

    assert when.resets == Span(recovery + 15, recovery + 15)


def test_one_bad_event_of_few_is_not_enough() -> None:
    """One error in thirty requests an hour is above the threshold and below min_bad."""
    tier = tier_of("0.999", "fast")
    counts = TrueCounts(Traffic((Spell(60, 1), Spell(1, 1, 1))))

    assert counts.counts(60, 61).ratio == Fraction(1, 60)
    assert not holds(tier, counts, 61)


def test_three_bad_events_are_enough() -> None:
    """Three errors at the same traffic page."""
    tier = tier_of("0.999", "fast")

    assert holds(tier, TrueCounts(Traffic((Spell(60, 1), Spell(3, 1, 1)))), 63)


@pytest.mark.parametrize(("age", "fires"), [(181, True), (119, False)])
def test_young_series_do_not_fire_long_tiers(age: int, fires: bool) -> None:  # noqa: FBT001
    """The six-hour tier needs series that existed three hours ago."""
    tier = tier_of("0.999", "slow")
    traffic = Traffic((Spell(600, 0, present=False), Spell(age, EVENTS, EVENTS)))

    assert holds(tier, TrueCounts(traffic), 600 + age) is fires


def test_a_tier_that_never_fires_has_no_times() -> None:
    """Errors within the budget make no timing."""
    tier = tier_of("0.999", "fast")
    traffic = Traffic((Spell(600, EVENTS, 59),))

    assert timing(tier, [TrueCounts(traffic)], 0) == Timing("fast", None, None, None)


def test_no_events_are_no_ratio() -> None:
    """An idle window has no error ratio."""
    assert TrueCounts(Traffic((Spell(60, 0),))).counts(60, 60).ratio is None


spells = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 1000), st.floats(0, 1)), min_size=1, max_size=6
).map(lambda parts: tuple(Spell(m, total, int(total * share)) for m, total, share in parts))


@given(spells, st.sampled_from([5, 30, 60, 120, 360, 1440]), st.integers(1, 1200))
def test_windows_lose_and_invent_no_event(parts: tuple[Spell, ...], window: int, at: int) -> None:
    """A window counts what two windows that make it up count."""
    true = TrueCounts(Traffic(parts))
    whole, late = true.counts(window, at), true.counts(window - 2, at)
    early = true.counts(2, at - window + 2)

    assert (whole.total, whole.bad) == (late.total + early.total, late.bad + early.bad)


@given(spells, st.sampled_from([30, 120, 360]), st.integers(1, 1200))
def test_chained_windows_are_off_by_their_edges_only(
    parts: tuple[Spell, ...], window: int, at: int
) -> None:
    """Summed five-minute rates differ from the truth by at most the events near both edges."""
    traffic = Traffic(parts)
    seen = ObservedCounts(traffic, closed=False).counts(window, at)
    true = TrueCounts(traffic).counts(window, at)
    near = [traffic.between(edge - 5, edge).total for edge in (at, at - window)]

    assert abs(Fraction(seen.total - true.total)) <= Fraction(near[0] + near[1])
    assert abs(Fraction(seen.bad - true.bad)) <= Fraction(near[0] + near[1])


@given(spells, st.integers(300, 1200).map(lambda n: n * 5))
def test_tiles_are_exact_on_their_grid(parts: tuple[Spell, ...], at: int) -> None:
    """Tiles that do not overlap count every event once."""
    traffic = Traffic(parts)

    seen = ObservedCounts(traffic, closed=False).counts(1440, at)

    assert seen.bad == TrueCounts(traffic).counts(1440, at).bad


@given(
    st.sampled_from(["0.9", "0.95", "0.99", "0.995", "0.999", "0.9999"]),
    st.sampled_from(["7d", "28d", "30d", "90d"]),
    st.integers(1, 99),
)
def test_more_errors_are_detected_no_later(objective: str, window: str, percent: int) -> None:
    """A worse step never fires later than a milder one."""
    tier = tiers(objective, window)[0]
    onset = tier.long.minutes * 2
    found = []
    for ratio in (Fraction(percent, 100), Fraction(percent + 1, 100)):
        parts = (Spell(onset, EVENTS), Spell(tier.long.minutes, EVENTS, EVENTS * ratio))
        when = timing(tier, [TrueCounts(Traffic(parts))], onset)
        found.append(when.fires.latest if when.fires else onset * 2)
    milder, worse = found

    assert worse <= milder


@given(st.sampled_from(tiers("0.99")), st.integers(15, 100))
def test_budget_spent_at_detection_is_the_share_of_the_tier(tier: Tier, percent: int) -> None:
    """When a step fires a tier, the share of the budget that the policy names has been spent."""
    ratio = Fraction(percent, 100)
    if ratio <= tier.threshold:
        return
    onset = tier.long.minutes * 2
    parts = (Spell(onset, EVENTS), Spell(tier.long.minutes, EVENTS, EVENTS * ratio))
    when = timing(tier, [TrueCounts(Traffic(parts))], onset)
    assert when.fires is not None

    budget = Fraction(1, 100) * 30 * 1440
    spent = (when.fires.latest - onset) * ratio / budget
    evaluation = evaluation_grid(tier.long) * ratio / budget
    assert tier.budget_share <= spent <= tier.budget_share + evaluation
