"""Histories out of exports, and incidents out of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rtobs.analytics.backtest import bench
from rtobs.analytics.backtest.exported import read_histories, warm_up
from rtobs.analytics.backtest.given import completed, read_incidents
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import INCIDENTS, check
from rtobs.errors import ExportError, FrameError
from tests.analytics.backtest.simulated import START, export_of, minutes_of
from tests.proof.slos import BAD_FORM, GOOD_FORM

pytestmark = pytest.mark.usefixtures("engine")


def _minutes(length: int) -> pl.DataFrame:
    bad = np.zeros(length)
    bad[length // 2 : length // 2 + 20] = 60
    return minutes_of(BAD_FORM.slo_id, np.full(length, 60.0), bad)


def test_an_exported_history_is_the_history(tmp_path: Path) -> None:
    """What the rules recorded, written and read again, fires the same alerts."""
    minutes = _minutes(600)
    export = export_of(tmp_path / "export", minutes, Dialect.V2)
    found = read_histories(export, [BAD_FORM], all_of_them=True)
    own = bench(minutes, BAD_FORM, dialect=Dialect.V2)
    assert found.histories[0].alerts(BAD_FORM.tiers).equals(own.alerts(BAD_FORM.tiers))
    assert found.histories[0].span == own.span == (START, START + timedelta(minutes=599))
    assert found.notes == ()


def test_slos_that_are_not_exported_are_named(tmp_path: Path) -> None:
    """They are a note when nobody asked for them, else an error."""
    export = export_of(tmp_path / "export", _minutes(600))
    found = read_histories(export, [GOOD_FORM, BAD_FORM], all_of_them=False)
    assert found.notes == ("not in the export: shop-answers",)
    with pytest.raises(ExportError, match="no slo:sli_total:rate5m of shop-answers"):
        read_histories(export, [GOOD_FORM, BAD_FORM], all_of_them=True)
    with pytest.raises(ExportError, match="the export holds no SLO of the definitions"):
        read_histories(export, [GOOD_FORM], all_of_them=False)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (
            2,
            [
                "slow cannot fire in 2 hours of history",
                "ticket cannot fire in 2 hours of history",
                "trickle cannot fire in 2 hours of history",
                "the budget is that of 2 hours, not yet of 30 days",
            ],
        ),
        (
            4 * 24,
            ["the budget is that of 4 days, not yet of 30 days"],
        ),
        (
            2 * 24,
            [
                "the history is shorter than 3d, window of trickle",
                "the budget is that of 2 days, not yet of 30 days",
            ],
        ),
        (30 * 24, []),
    ],
)
def test_what_a_short_history_cannot_say_is_said(hours: int, expected: list[str]) -> None:
    """Long tiers wait for half of their window, and a budget for all of its own."""
    history = bench(_minutes(hours * 60), BAD_FORM, dialect=Dialect.V3)
    assert warm_up(history, BAD_FORM.tiers) == [f"shop-requests: {note}" for note in expected]


def test_a_history_shorter_than_every_window_is_refused() -> None:
    """Nothing that it did would mean anything."""
    history = bench(_minutes(59), BAD_FORM, dialect=Dialect.V3)
    with pytest.raises(ExportError, match=r"59 minutes of shop-requests.*at least 1 hour"):
        warm_up(history, BAD_FORM.tiers)
    empty = bench(_minutes(60).clear(), BAD_FORM, dialect=Dialect.V3)
    with pytest.raises(ExportError, match="no minutes of shop-requests"):
        warm_up(empty, BAD_FORM.tiers)
    assert warm_up(empty, BAD_FORM.tiers, asked=False) == [
        "the export has no minutes of shop-requests"
    ]
    (note,) = warm_up(history, BAD_FORM.tiers, asked=False)
    assert "59 minutes of shop-requests, which is shorter than every window" in note
    assert warm_up(history, ()) == [
        "shop-requests: the budget is that of 59 minutes, not yet of 30 days"
    ]


def test_an_slo_without_tiers_has_a_budget_only() -> None:
    """Its history is a history."""
    slo = replace(BAD_FORM, tiers=())
    assert bench(_minutes(600), slo, dialect=Dialect.V3).alerts(slo.tiers).height == 0


_CSV = """\
slo_id,start,end,label
shop-requests,2026-07-01T10:00Z,2026-07-01T10:30:00+00:00,deploy
shop-requests,2026-07-01 02:00,2026-07-01T05:00+02:00,
"""
_JSON = """[
  {"slo_id": "shop-requests", "group": "", "start": "2026-07-01T10:00Z",
   "end": "2026-07-01T10:30Z", "label": "deploy"},
  {"slo_id": "shop-requests", "start": "2026-07-01T02:00Z", "end": "2026-07-01T03:00Z"}
]"""


@pytest.mark.parametrize(("name", "text"), [("known.csv", _CSV), ("known.json", _JSON)])
def test_incidents_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    """Times without a zone are UTC; group and label may be absent."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    hours = [datetime(2026, 7, 1, hour, tzinfo=UTC) for hour in (2, 3, 10)]
    expected = [
        ("shop-requests", "", hours[0], hours[1], ""),
        ("shop-requests", "", hours[2], hours[2] + timedelta(minutes=30), "deploy"),
    ]
    found = read_incidents(path)
    assert check(found, INCIDENTS).rows() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slo_id,start\nshop,2026-07-01T10:00Z\n", "incident 1 of .* is not complete; needed are"),
        ("slo_id,start,end\nshop,monday,2026-07-01\n", "incident 1 of .*: Invalid isoformat"),
        ("slo_id,start,end\nshop,2026-07-02,2026-07-01\n", "incident 1 of .* ends before"),
        (
            "slo_id,start,end\nshop,2026-07-01,2026-07-02\nshop,2026-07-01,2026-07-03\n",
            "incident 2 of .*, line 3 has the SLO, group and start of incident 1 of .*, line 2",
        ),
        ("[1]", "incident 1 of .* is not complete"),
        ("{}", "is no list of incidents"),
        ("[", "cannot be read as incidents"),
    ],
)
def test_a_wrong_incident_is_named(tmp_path: Path, text: str, message: str) -> None:
    """One sentence says which entry is wrong and what is wanted."""
    path = tmp_path / ("known.json" if text[0] in "[{" else "known.csv")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FrameError, match=message):
        read_incidents(path)
    with pytest.raises(FrameError, match="cannot be read"):
        read_incidents(tmp_path / "absent.csv")


def test_a_history_is_as_long_as_it_was_at_the_end_of_what_is_asked_about() -> None:
    """An early period is not judged by what came after it."""
    history = bench(_minutes(30 * 1440), BAD_FORM, dialect=Dialect.V3)
    fourth = START + timedelta(days=4) - timedelta(minutes=1)
    assert warm_up(history, BAD_FORM.tiers, end=fourth) == [
        "shop-requests: the budget is that of 4 days, not yet of 30 days"
    ]
    with pytest.raises(ExportError, match="no minutes of shop-requests"):
        warm_up(history, BAD_FORM.tiers, end=START - timedelta(days=1))


_GROUPED = replace(BAD_FORM, group_by=("zone", "model"))
_GROUP = 'zone="a", model="m"'


def _given(*rows: tuple[str, float]) -> pl.DataFrame:
    """INCIDENTS of an hour, by group and hour of their start."""
    known = [
        (BAD_FORM.slo_id, group, start, start + timedelta(hours=1), "")
        for group, hour in rows
        for start in [START + timedelta(hours=hour)]
    ]
    return pl.DataFrame(known, schema=dict(INCIDENTS.columns), orient="row").sort(INCIDENTS.key)


def test_incidents_outside_the_history_are_left_out_and_counted() -> None:
    """Nobody could have found them, so they are not missed."""
    history = bench(_minutes(600), BAD_FORM, dialect=Dialect.V3)
    found, notes = completed(_given(("", -24), ("", -0.5), ("", 9.5), ("", 24)), [history])
    assert found.equals(_given(("", -0.5), ("", 9.5)))
    assert notes == ("2 incidents were left out: outside the time of the history",)


def test_the_group_of_an_incident_is_one_of_the_history() -> None:
    """The order of its labels does not matter; one that is not there is a mistake with a hint."""
    minutes = _minutes(600).with_columns(group=pl.lit(_GROUP))
    history = bench(minutes, _GROUPED, dialect=Dialect.V3)
    found, _ = completed(_given(('model="m", zone="a"', 1)), [history])
    assert found["group"].to_list() == [_GROUP]
    with pytest.raises(FrameError, match='the history has nothing; did you mean zone="a", model='):
        completed(_given(('zone="b", model="m"', 1)), [history])
    with pytest.raises(FrameError, match="is no group such as"):
        completed(_given(("everything", 1)), [history])
