"""What the expression of a time slice says is proven by itself, whatever tiers there are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from rtobs import conventions as names
from rtobs.model.indicator import TimesliceIndicator
from rtobs.model.site import Site
from rtobs.model.slo import ProofSeries, ResolvedSlo
from rtobs.proof.promtool import rule_tests
from tests.proof.engine import every_promtool
from tests.proof.slos import EVERY_KIND, PROBE, TIMESLICE, service, slo, tiers
from tests.proof.test_prover import proven

BAD: Final = "bad for as long as it looks back: every slice is 1"
GOOD: Final = "good for as long as it looks back: every slice is 0"


def series(*values: str) -> tuple[tuple[str, Decimal], ...]:
    """How busy two machines of the one pool and one of the other are."""
    machines = [("a", "m1"), ("a", "m2"), ("b", "m3")]
    return tuple(
        (f'busy{{pool="{pool}",machine="{machine}"}}', Decimal(value))
        for (pool, machine), value in zip(machines, values, strict=True)
    )


# It looks back for longer than any step of a story lasts, and nothing but tickets can come of it.
USE: Final = slo(
    "use",
    TimesliceIndicator(
        "avg by (pool) (avg_over_time(busy[15m]) >= bool 0.05)", ">=", Decimal("0.5")
    ),
    "0.7",
    ("pool",),
    proof=ProofSeries(good=series("0.6", "0.01", "0.0505"), bad=series("0.0495", "0", "0.0495")),
)


def slices_of(asked: ResolvedSlo) -> list[tuple[str, str, int, list[str]]]:
    """Scenario, reason, minute and values of every check of slices."""
    (edges,) = (f for f in rule_tests(service(asked), (), Site()) if ".edges." in f.path)
    return [
        (scenario.name, check.why, check.at // 60, [value for _, value in check.samples])
        for scenario in edges.scenarios
        if scenario.name.startswith("slices")
        for check in scenario.checks
    ]


@pytest.mark.parametrize(
    ("asked", "minutes", "groups"), [(TIMESLICE, 5, 2), (PROBE, 5, 1), (USE, 20, 2)]
)
def test_every_sliced_slo_is_asked(asked: ResolvedSlo, minutes: int, groups: int) -> None:
    """Each group is asked once in good and once in bad minutes, when its range is full of them."""
    assert slices_of(asked) == [
        (f"slices: {asked.slo_id}", GOOD, minutes, ["0"] * groups),
        (f"slices: {asked.slo_id}", BAD, 2 * minutes, ["1"] * groups),
    ]


def test_events_have_no_slices() -> None:
    """Indicators that count events are not asked for slices."""
    others = [asked for asked in EVERY_KIND if not isinstance(asked.indicator, TimesliceIndicator)]

    assert [slices_of(asked) for asked in others] == [[]] * 5


@every_promtool()
def test_a_long_range_is_proven(promtool: Path, tmp_path: Path) -> None:
    """A slice that looks back for a quarter of an hour passes with the rules as generated."""
    assert tiers("0.7") == USE.tiers
    assert all(tier.severity is names.Severity.WARNING for tier in USE.tiers)
    assert proven(promtool, tmp_path, slos=(USE,)).findings == ()


@pytest.mark.parametrize(
    ("number", "wrong", "broken"),
    [
        ("bool 0.05)", "bool 0.005)", BAD),
        ("bool 0.05)", "bool 0.0485)", BAD),
        ("bool 0.05)", "bool 0.0515)", GOOD),
        ("bool 0.05)", "bool 0.5)", GOOD),
        ("[15m]", "[150m]", BAD),
        (">= bool 0.5", ">= bool 0.515", GOOD),
        (">= bool 0.5", ">= bool 5", GOOD),
    ],
)
@every_promtool(newest=True)
def test_a_wrong_number_in_an_expression_is_found(
    promtool: Path, tmp_path: Path, number: str, wrong: str, broken: str
) -> None:
    """A number that is 3 % off, or ten times too large or too small, changes a slice."""

    def changed(text: str) -> str:
        assert number in text
        return text.replace(number, wrong, 1)

    report = proven(promtool, tmp_path, changed, slos=(USE,))

    assert broken in {finding.why for finding in report.findings}


@pytest.mark.parametrize(("number", "wrong"), [("0.95", "0.9785"), ("0.95", "0.9215")])
@every_promtool(newest=True)
def test_derived_values_are_close_enough(
    promtool: Path, tmp_path: Path, number: str, wrong: str
) -> None:
    """Derived values stand 1 % from the bound, so 3 % are found without a tier that looks."""
    without = replace(TIMESLICE, tiers=())

    report = proven(promtool, tmp_path, lambda text: text.replace(number, wrong), slos=(without,))

    assert {GOOD, BAD} & {finding.why for finding in report.findings}
