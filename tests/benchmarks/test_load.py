"""The load on which the cost of rules is measured."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.load import count, page_text, past, slos
from benchmarks.sloth import sloth_groups
from tests.proof.slos import LATENCY


def test_a_counter_never_falls() -> None:
    """At every hour of the day there is something to count."""
    samples = [count(3.6, at) for at in range(1_764_000_000, 1_764_090_000, 15)]

    assert all(before < after for before, after in pairwise(samples))


def test_a_counter_grows_by_its_rate_over_a_day() -> None:
    """The swing of the hours evens out."""
    grown = count(2, 1_764_086_400) - count(2, 1_764_000_000)

    assert grown == pytest.approx(2 * 86_400, abs=1)


def test_the_page_and_the_past_hold_the_same_raw_series() -> None:
    """A counter of the past goes on when the page is scraped."""
    of = slos(3)
    text = page_text([slo.service for slo in of], 1_764_000_000)
    page = {line.rpartition(" ")[0] for line in text.splitlines()}

    filled = {name for each in past(of) for name in each.series}
    assert page == {name for name in filled if name.startswith("http_requests_total")}
    assert len(page) == 3 * 20


def test_a_fifth_of_the_budget_is_spent() -> None:
    """The failures that the SLO selects are two in ten thousand, so no alert fires."""
    grown = dict.fromkeys(("all", "bad"), 0.0)
    for at, sign in ((1_764_000_000, -1), (1_764_864_000, 1)):
        for line in page_text(["a"], at).splitlines():
            series, _, value = line.rpartition(" ")
            grown["all"] += sign * float(value)
            grown["bad"] += sign * float(value) * ('status="5' in series)

    assert grown["bad"] / grown["all"] == pytest.approx(0.0002, rel=0.01)


def test_sloth_has_eight_ratios_seven_facts_and_two_alerts() -> None:
    """The rules beside ours are those of Sloth."""
    groups = sloth_groups(slos(1)[0])

    assert [len(group.rules) for group in groups] == [8, 7, 2]


def test_sloth_is_compared_on_bad_events_only() -> None:
    """Another kind of indicator is refused, not silently written wrong."""
    with pytest.raises(TypeError, match="shop-first-token"):
        sloth_groups(LATENCY)
