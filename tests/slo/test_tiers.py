"""Tiers of an SLO: exact factors and thresholds, and the reasons why a tier is not there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from rtobs.conventions import Severity
from rtobs.model.alerting import AlertPolicy, DroppedTier, Wishes
from rtobs.model.duration import Duration
from rtobs.model.indicator import EventsIndicator, RateSource
from rtobs.model.selector import Selector
from rtobs.slo.settings import read_setting
from rtobs.slo.tiers import tiers_of
from tests.slo.definitions import SLICED

ROOT: Final = Path(__file__).parents[2]
EVENTS: Final = EventsIndicator(
    RateSource(Selector("orders_total")), RateSource(Selector("refused_total")), "bad"
)
AS_THE_POLICY: Final = Wishes({})
# Burn rates of the design: fast, slow, ticket, trickle. 77/75 is 1.02666...
FACTORS: Final = {
    "7d": {"fast": Fraction(336, 25), "slow": Fraction(7, 2), "ticket": Fraction(7, 5)},
    "28d": {
        "fast": Fraction(336, 25),
        "slow": Fraction(28, 5),
        "ticket": Fraction(14, 5),
        "trickle": Fraction(77, 75),
    },
    "30d": {
        "fast": Fraction(72, 5),
        "slow": Fraction(6),
        "ticket": Fraction(3),
        "trickle": Fraction(1),
    },
    "90d": {
        "fast": Fraction(216, 5),
        "slow": Fraction(18),
        "ticket": Fraction(9),
        "trickle": Fraction(3),
    },
}


@cache
def policy() -> AlertPolicy:
    """The policy that the platform ships."""
    setting = read_setting(ROOT / "slo")
    return setting.policies[setting.default_policy]


def reasons(dropped: tuple[DroppedTier, ...]) -> dict[str, str]:
    """Why each dropped tier is not there."""
    return {tier.name: tier.reason for tier in dropped}


@pytest.mark.parametrize("window", FACTORS)
def test_factors(window: str) -> None:
    """The burn rates of every window are exactly those of the design."""
    tiers, _ = tiers_of(policy(), Duration.parse(window), Fraction(1, 1000), EVENTS, AS_THE_POLICY)

    assert {tier.name: tier.factor for tier in tiers} == FACTORS[window]


@pytest.mark.parametrize(
    ("window", "budget", "expected"),
    [
        ("30d", Fraction(1, 1000), [Fraction(144, 10_000), Fraction(6, 1000), Fraction(3, 1000)]),
        ("28d", Fraction(1, 200), [Fraction(42, 625), Fraction(28, 1000), Fraction(14, 1000)]),
    ],
)
def test_thresholds(window: str, budget: Fraction, expected: list[Fraction]) -> None:
    """A threshold is the factor times the budget without any rounding."""
    tiers, _ = tiers_of(policy(), Duration.parse(window), budget, EVENTS, AS_THE_POLICY)

    assert [tier.threshold for tier in tiers][:3] == expected
    assert tiers[-1].threshold == FACTORS[window]["trickle"] * budget


def test_everything_else_is_the_policys() -> None:
    """Windows, share, severity, fewest bad events and the time that it outlives are copied."""
    tiers, dropped = tiers_of(
        policy(), Duration.parse("30d"), Fraction(1, 100), EVENTS, AS_THE_POLICY
    )

    assert dropped == ()
    assert [
        (t.name, t.severity, str(t.long), str(t.short), t.budget_share, t.min_bad) for t in tiers
    ] == [
        ("fast", Severity.CRITICAL, "1h", "5m", Fraction(2, 100), 3),
        ("slow", Severity.CRITICAL, "6h", "30m", Fraction(5, 100), 3),
        ("ticket", Severity.WARNING, "1d", "2h", Fraction(10, 100), 3),
        ("trickle", Severity.WARNING, "3d", "6h", Fraction(10, 100), 3),
    ]
    assert [str(tier.keep_firing_for) for tier in tiers] == ["10m", "10m", "30m", "30m"]


def test_limit_that_nothing_can_reach() -> None:
    """A tier that needs more bad events than there can be is dropped, with the numbers."""
    tiers, dropped = tiers_of(
        policy(), Duration.parse("30d"), Fraction(1, 10), EVENTS, AS_THE_POLICY
    )

    assert [tier.name for tier in tiers] == ["slow", "ticket", "trickle"]
    assert reasons(dropped) == {
        "fast": ("a burn rate of 14.4 needs 144% bad, more than everything: it could never fire")
    }


def test_limit_of_exactly_everything() -> None:
    """A tier whose limit is 100 % cannot fire either: it would need more than everything."""
    tiers, dropped = tiers_of(
        policy(), Duration.parse("30d"), Fraction(10, 144), EVENTS, AS_THE_POLICY
    )

    assert [tier.name for tier in tiers] == ["slow", "ticket", "trickle"]
    assert list(reasons(dropped)) == ["fast"]


def test_window_that_the_policy_leaves_out() -> None:
    """A tier without a share for the window is dropped with that reason."""
    _, dropped = tiers_of(policy(), Duration.parse("7d"), Fraction(1, 1000), EVENTS, AS_THE_POLICY)

    assert reasons(dropped) == {"trickle": "the policy has no such tier for a window of 7 days"}


def test_off() -> None:
    """A tier that the definition switches off is dropped, also where it could not fire anyway."""
    wishes = Wishes({"fast": "off", "ticket": "off"})

    tiers, dropped = tiers_of(policy(), Duration.parse("30d"), Fraction(1, 10), EVENTS, wishes)

    assert [tier.name for tier in tiers] == ["slow", "trickle"]
    assert reasons(dropped) == {
        "fast": "the definition switches it off",
        "ticket": "the definition switches it off",
    }


def test_severities_of_the_definition() -> None:
    """The definition may make a page a ticket and a ticket a page."""
    wishes = Wishes({"fast": Severity.WARNING, "trickle": Severity.CRITICAL})

    tiers, _ = tiers_of(policy(), Duration.parse("30d"), Fraction(1, 1000), EVENTS, wishes)

    assert [tier.severity for tier in tiers] == ["warning", "critical", "warning", "critical"]


def test_unverified_never_pages() -> None:
    """What nobody has seen on the wire opens tickets at the most, whatever the definition says."""
    wishes = Wishes({"slow": Severity.INFO, "trickle": Severity.CRITICAL}, may_page=False)

    tiers, _ = tiers_of(policy(), Duration.parse("30d"), Fraction(1, 1000), EVENTS, wishes)

    assert [tier.severity for tier in tiers] == ["warning", "info", "warning", "warning"]


def test_fewest_bad_events() -> None:
    """The definition's number replaces that of every tier."""
    tiers, _ = tiers_of(
        policy(), Duration.parse("30d"), Fraction(1, 1000), EVENTS, Wishes({}, min_bad=10)
    )

    assert {tier.min_bad for tier in tiers} == {10}


def test_more_bad_minutes_than_a_window_has() -> None:
    """Minutes are limited by the long window; a tier that asks for more than it has is dropped."""
    wishes = Wishes({}, min_bad=61)

    tiers, dropped = tiers_of(policy(), Duration.parse("30d"), Fraction(1, 1000), SLICED, wishes)
    of_events, _ = tiers_of(policy(), Duration.parse("30d"), Fraction(1, 1000), EVENTS, wishes)

    assert [tier.name for tier in tiers] == ["slow", "ticket", "trickle"]
    assert reasons(dropped) == {
        "fast": "61 bad minutes do not fit into 1 hour: it could never fire"
    }
    assert [tier.name for tier in of_events] == ["fast", "slow", "ticket", "trickle"]


def test_order_is_that_of_the_policy() -> None:
    """Tiers stand in the order in which the policy lists them."""
    turned = replace(policy(), tiers=policy().tiers[::-1])

    tiers, _ = tiers_of(turned, Duration.parse("30d"), Fraction(1, 1000), EVENTS, AS_THE_POLICY)

    assert [tier.name for tier in tiers] == ["trickle", "ticket", "slow", "fast"]
