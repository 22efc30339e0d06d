"""An alert waits, fires and is kept firing as in Prometheus."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.backtest.states import firing, stretches
from rtobs.model.duration import Duration

patient = settings(deadline=None)
_GAPS = st.lists(st.sampled_from([60, 60, 60, 90, 600]), min_size=1, max_size=60)


def _prometheus(condition: list[bool], times: list[int], hold: int, keep: int) -> list[bool]:
    """`AlertingRule.Eval` of rules/alerting.go for one alert, step by step."""
    state, active, since, fires = "inactive", 0, None, []
    for holds, now in zip(condition, times, strict=True):
        if holds:
            since = None
            if state == "inactive":
                state, active = "pending", now
        elif state == "firing" and keep > 0:
            since = now if since is None else since
            if now - since >= keep:
                state, since = "inactive", None
        else:
            state = "inactive"
        if state == "pending" and now - active >= hold:
            state = "firing"
        fires.append(state == "firing")
    return fires


@patient
@given(
    gaps=_GAPS,
    seed=st.integers(0, 2**32 - 1),
    hold=st.sampled_from([0, 60, 120, 301]),
    keep=st.sampled_from([0, 60, 150, 600]),
)
def test_states_are_those_of_prometheus(gaps: list[int], seed: int, hold: int, keep: int) -> None:
    """Whatever the condition does, and whenever it is evaluated."""
    times = np.cumsum(gaps)
    condition = np.random.default_rng(seed).random(len(gaps)) < 0.6
    found = firing(condition, times * 1000, Duration(hold), Duration(keep))
    assert found.tolist() == _prometheus(condition.tolist(), times.tolist(), hold, keep)


@patient
@given(mask=st.lists(st.booleans(), max_size=30))
def test_stretches_cover_what_is_true(mask: list[bool]) -> None:
    """Runs are maximal, in order, and hold every true value."""
    begins, ends = stretches(np.array(mask, dtype=bool))
    inside = [i for a, b in zip(begins, ends, strict=True) for i in range(a, b)]
    assert inside == [i for i, value in enumerate(mask) if value]
    assert all(end < begin for (_, end), (begin, _) in pairwise(zip(begins, ends, strict=True)))


@pytest.mark.parametrize(("keep", "minutes"), [(0, 3), (60, 4), (61, 5), (600, 10)])
def test_keep_firing_for_counts_from_the_first_evaluation_without(keep: int, minutes: int) -> None:
    """The condition holds until minute 2, so what is kept ends where `keep` has passed since 3."""
    times = np.arange(10, dtype=np.int64) * 60_000
    found = firing(times < 180_000, times, Duration(0), Duration(keep))
    assert int(found.sum()) == minutes
