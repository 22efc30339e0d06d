"""What dashboards learn from the alert policies of all SLOs."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rtobs.dashboards.policy import (
    common_window,
    exhaustion_window,
    factor_line,
    fleet_windows,
    group_labels,
    paging_tiers,
    ratio_windows,
    tier_names,
    usual_factors,
)
from tests.dashboards.samples import FLEET, slo

SLOS = tuple(one for service in FLEET for one in service.slos)
PERIOD = 'max(last_over_time(slo:time_period:days{slo_id="$slo_id"%s}[10m]))'


def test_every_window_of_some_tier_is_drawn() -> None:
    """Long and short windows of all tiers, shortest first."""
    assert [str(w) for w in ratio_windows(SLOS)] == ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]


def test_the_table_shows_the_windows_that_most_slos_have() -> None:
    """Four columns at most, in ascending order."""
    assert [str(window) for window in fleet_windows(SLOS)] == ["1h", "6h", "1d", "3d"]


def test_a_fleet_without_slos_still_has_a_window() -> None:
    """An empty definition folder makes valid dashboards."""
    assert [str(window) for window in fleet_windows(())] == ["1h"]
    assert str(exhaustion_window(())) == "1h"
    assert common_window(()) == "30d"
    assert usual_factors(()) == ()


def test_exhaustion_looks_at_the_second_window() -> None:
    """Six hours under the default policy: calm enough, and still today."""
    assert str(exhaustion_window(SLOS)) == "6h"


def test_the_first_window_is_the_one_that_most_slos_have() -> None:
    """Four of the seven have 30 days."""
    assert common_window(SLOS) == "30d"


def test_group_labels_are_those_of_all_slos() -> None:
    """Legends name whichever of them a series has."""
    assert group_labels(SLOS) == ("datname", "model_name")


def test_tiers_are_ordered_by_their_factor() -> None:
    """The fastest burn comes first in the legend."""
    assert tier_names(SLOS) == ("fast", "slow", "ticket", "trickle")


def test_tiers_that_page_are_known_by_severity() -> None:
    """Their limits are drawn in another colour than those of tickets."""
    assert paging_tiers(SLOS) == {"fast", "slow"}


def test_usual_factors_are_those_of_the_policy_of_most_slos() -> None:
    """They give the burn rate its colours."""
    assert usual_factors(SLOS) == (Fraction(1), Fraction(3), Fraction(6), Fraction("14.4"))


def test_a_factor_follows_from_the_length_of_the_window() -> None:
    """One comparison for each length that some SLO has."""
    slos = (slo("a", "x", window="7d"), slo("b", "x", window="30d"))
    period = PERIOD % ""
    assert factor_line("fast", slos) == (
        f"0 * ({period} == 7) + 13.44 or 0 * ({period} == 30) + 14.4"
    )


def test_an_slo_without_the_tier_has_no_line() -> None:
    """A 7d SLO has no trickle tier, so only the other length is compared."""
    slos = (slo("a", "x", window="7d"), slo("b", "x", window="30d"))
    assert factor_line("trickle", slos) == f"0 * ({PERIOD % ''} == 30) + 1"


def test_slos_that_differ_from_their_window_are_named() -> None:
    """Two of three have the tier; the third is left out by name."""
    slos = (slo("a", "x"), slo("b", "x"), slo("c", "x", keep=("slow",)))
    others = ',slo_id!="c-x"'
    assert factor_line("fast", slos) == f"0 * ({PERIOD % others} == 30) + 14.4"


def test_a_few_slos_with_the_tier_are_named_among_many_without() -> None:
    """The majority has no such tier; the minority is selected by name, as a regular expression."""
    slos = (
        *(slo(name, "x", keep=("slow",)) for name in ("c", "d", "e")),
        slo("a.b", "x"),
        slo("b", "x"),
    )
    named = ',slo_id=~"a\\\\.b-x|b-x"'
    assert factor_line("fast", slos) == f"0 * ({PERIOD % named} == 30) + 14.4"


@pytest.mark.parametrize("tier", ["fast", "unheard-of"])
def test_a_tier_that_nobody_has_makes_no_query(tier: str) -> None:
    """An empty text, not a query that finds nothing."""
    assert factor_line(tier, ()) == ""
