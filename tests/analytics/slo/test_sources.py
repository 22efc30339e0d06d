"""What was recorded is held against the raw counters."""

from __future__ import annotations

import polars as pl
import pytest

from rtobs.analytics.frames import MINUTES
from rtobs.analytics.slo.sources import DIFFERENCE, difference
from tests.analytics.slo.exports import at
from tests.proof.slos import BAD_FORM

Row = tuple[float, float | None, float | None]  # minute, total, bad


def _minutes(*rows: Row, slo_id: str = BAD_FORM.slo_id) -> pl.DataFrame:
    full = [(slo_id, "", at(minute), total, bad, None, None) for minute, total, bad in rows]
    return pl.DataFrame(full, schema=dict(MINUTES.columns), orient="row")


def test_only_minutes_of_both_are_compared() -> None:
    """The budget is 0.005; recorded 1 in 4 is bad, counted 1 in 8."""
    recorded = _minutes((1.1, 2, 1), (2.1, 2, 0), (3.1, 9, 9), (4.1, None, 5))
    counted = _minutes((1, 2, 0.5), (2, 2, None), (4, 7, 7))
    (row,) = difference(recorded, counted, BAD_FORM).to_dicts()
    assert row == {
        "slo_id": "shop-requests",
        "group": "",
        "minutes": 2,
        "only_recorded": 1,
        "only_counted": 1,
        "total_recorded": 240,
        "total_counted": 240,
        "bad_recorded": 60,
        "bad_counted": 30,
        "consumed_recorded": pytest.approx(50),
        "consumed_counted": pytest.approx(25),
        "difference": pytest.approx(25),
    }


def test_equal_sources_do_not_differ() -> None:
    """Not even in the last digit."""
    minutes = _minutes(*((n, 0.1 * n, 0.01 * n) for n in range(1, 100)))
    assert difference(minutes, minutes, BAD_FORM)["difference"].to_list() == [0.0]


def test_without_events_there_is_no_consumption() -> None:
    """Nothing happened, which is neither good nor bad."""
    found = difference(_minutes((1, 0, 0)), _minutes((1, 0, 0)), BAD_FORM)
    assert found["difference"].to_list() == [None]


def test_other_slos_are_left_out() -> None:
    """The frame has the columns all the same."""
    other = _minutes((1, 1, 1), slo_id="shop-other")
    found = difference(other, other, BAD_FORM)
    assert (found.height, found.schema) == (0, DIFFERENCE.columns)
