"""Minutes are good or bad by one number, and a minute without data by what was said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, TIME
from rtobs.analytics.slo.timeslices import SliceRule, slice_minutes, slice_sli, timeslices
from rtobs.errors import FrameError
from rtobs.model.duration import Duration
from rtobs.model.indicator import Comparison
from rtobs.model.slo import MissingData
from tests.analytics.slo.exports import at
from tests.proof.slos import BAD_FORM, PROBE, TIMESLICE

NAN = float("nan")
RULE = SliceRule("<=", Decimal("0.95"), MissingData.IGNORE)


def _values(**groups: dict[float, float]) -> pl.DataFrame:
    rows = [(name, at(minute), value) for name, g in groups.items() for minute, value in g.items()]
    return pl.DataFrame(
        rows, schema={"group": pl.String, "ts": TIME, "value": pl.Float64}, orient="row"
    )


@pytest.mark.parametrize(
    ("comparison", "bad"),
    [("<=", [0, 0, 1]), ("<", [0, 1, 1]), (">=", [1, 0, 0]), (">", [1, 1, 0])],
)
def test_the_condition_is_that_of_a_good_minute(comparison: Comparison, bad: list[float]) -> None:
    """At the bound itself the operator decides."""
    rule = SliceRule(comparison, Decimal("0.95"), MissingData.IGNORE)
    found = timeslices(_values(a={1: 0.9, 2: 0.95, 3: 1}), rule, by=["group"])
    assert found["bad"].to_list() == bad


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (MissingData.IGNORE, [(1, 0), (4, 1)]),
        (MissingData.GOOD, [(1, 0), (2, 0), (3, 0), (4, 1), (5, 0)]),
        (MissingData.BAD, [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1)]),
    ],
)
def test_slices_without_data(missing: MissingData, expected: list[tuple[float, float]]) -> None:
    """NaN is no data. Another series shows how long the time was; nothing is filled before it."""
    values = _values(a={1: 0.5, 3: NAN, 4: 1}, b={5: 0.1})
    found = timeslices(values, replace(RULE, missing=missing), by=["group"])
    assert found.filter(pl.col("group") == "a").select("ts", "bad").rows() == [
        (at(minute), bad) for minute, bad in expected
    ]
    assert found.filter(pl.col("group") == "b").select("ts", "bad").rows() == [(at(5), 0)]


def test_a_series_that_vanished_is_filled_for_a_while() -> None:
    """As the rules do: an hour, whose edge counts up to 2.55; or what is asked for."""
    rule = replace(RULE, missing=MissingData.BAD)
    two, day = (replace(rule, fill_for=Duration.parse(text)) for text in ("2m", "1d"))
    old = replace(rule, dialect=Dialect.V2)
    for wanted, last in ((rule, 60), (old, 61), (two, 2), (day, 90)):
        found = timeslices(_values(a={1: 0}), wanted, by=["group"], end=at(90))
        assert found["ts"].to_list() == [at(minute) for minute in range(1, last + 1)]


def test_slices_after_the_end_are_left_out() -> None:
    """Whatever is filled, and by whatever clock the end is given."""
    end = at(2).astimezone(ZoneInfo("Europe/Berlin"))
    values = _values(a={1: 0, 2: 0, 3: 0}, b={4: 0})
    for missing in MissingData:
        found = timeslices(values, replace(RULE, missing=missing), by=["group"], end=end)
        assert found.select("group", "ts").rows() == [("a", at(1)), ("a", at(2))]


def test_the_sli_is_the_share_of_good_slices() -> None:
    """Of each series."""
    slices = timeslices(_values(a={1: 0, 2: 1, 3: 1, 4: 0.2}, b={1: 0}), RULE, by=["group"])
    assert slice_sli(slices, by=["group"]).rows() == [("a", 4, 2, 0.5), ("b", 1, 0, 1)]


def test_the_rule_of_an_slo() -> None:
    """What its definition says."""
    assert SliceRule.of(PROBE) == SliceRule(">=", Decimal(1), MissingData.BAD)
    with pytest.raises(TypeError, match="shop-requests has no time slices"):
        SliceRule.of(BAD_FORM)


def test_minutes_are_those_of_the_rules() -> None:
    """Five slices make a rate, sixty the hour; a minute without a slice still sees the others."""
    values = _values(a={minute: 1.0 * (minute in {3, 4}) for minute in range(1, 9) if minute != 7})
    slices = timeslices(values, RULE, by=["group"])
    found = slice_minutes(slices, TIMESLICE)
    assert found.schema == MINUTES.columns
    assert found.drop("slo_id", "group").rows() == [
        (at(1), 1 / 300, 0, 0, 0),
        (at(2), 2 / 300, 0, 0, 0),
        (at(3), 3 / 300, 1 / 300, 1 / 3, 1),
        (at(4), 4 / 300, 2 / 300, 2 / 4, 1),
        (at(5), 5 / 300, 2 / 300, 2 / 5, 0),
        (at(6), 5 / 300, 2 / 300, 2 / 6, 0),
        (at(7), 4 / 300, 2 / 300, 2 / 6, None),
        (at(8), 4 / 300, 1 / 300, 2 / 7, 0),
    ]


def test_the_hour_holds_sixty_slices() -> None:
    """The first one falls out after sixty minutes."""
    slices = timeslices(_values(a={n: 1.0 * (n == 1) for n in range(1, 63)}), RULE, by=["group"])
    hours = slice_minutes(slices, TIMESLICE)["error_1h"].to_list()
    assert hours[58:] == [1 / 59, 1 / 60, 0, 0]


def test_nothing_gives_nothing() -> None:
    """With the right columns."""
    for missing in MissingData:
        slices = timeslices(_values(), replace(RULE, missing=missing), by=["group"])
        assert slices.height == 0
        assert slice_minutes(slices, TIMESLICE).schema == MINUTES.columns


def test_wrong_frames_are_refused() -> None:
    """A value between two slices, or no column that tells series apart."""
    rule = replace(RULE, missing=MissingData.GOOD)
    with pytest.raises(FrameError, match="1 values do not stand at multiples of 1m"):
        timeslices(_values(a={1: 0, 1.5: 0, 2: 0}), rule, by=["group"])
    with pytest.raises(FrameError, match="lack series_id, window_s, which"):
        timeslices(_values(a={1: 0}), rule)
    with pytest.raises(FrameError, match="no frame of values: value is absent"):
        timeslices(_values(a={1: 0}).drop("value"), rule, by=["group"])


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(0, 50), st.sampled_from([0.0, 1.0, NAN]), min_size=1),
    st.sampled_from(list(MissingData)),
)
def test_no_data_only_matters_where_there_is_none(
    minutes: dict[float, float], missing: MissingData
) -> None:
    """Slices with data are judged the same; good and bad fills differ by the filled ones."""
    values = _values(a=minutes)
    seen = timeslices(values, RULE, by=["group"])
    found = timeslices(values, replace(RULE, missing=missing), by=["group"])
    assert found.filter(pl.col("value").is_not_null()).rows() == seen.rows()
    filled = found.filter(pl.col("value").is_null())["bad"].to_list()
    assert filled == [1.0 * (missing is MissingData.BAD)] * len(filled)
