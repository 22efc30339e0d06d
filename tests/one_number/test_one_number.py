"""One SLO at one instant has one budget, whoever is asked."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtobs import conventions as names
from rtobs.analytics.backtest import replay
from rtobs.analytics.slo.accounting import closing
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.recorded import recorded_minutes, recorded_tiles
from rtobs.analytics.slo.schedule import Schedule
from rtobs.analytics.slo.tiles import tiles
from rtobs.analytics.store import Export, open_export
from rtobs.cli.main import main
from rtobs.dashboards.build import build
from rtobs.slo.fleet import load_fleet
from tests.one_number.conftest import BEGIN, END, Backfilled

Budgets = dict[str, Any]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def told(backfilled: Backfilled) -> Budgets:
    """What the server has recorded, by channel."""
    samples = backfilled.server.query(names.BUDGET_REMAINING, END.timestamp())
    found = {sample.labels["channel"]: sample.value for sample in samples}
    assert found["web"] != found["phone"] != 1.0
    return found


@pytest.fixture(scope="module")
def recorded(backfilled: Backfilled) -> Export:
    """The recorded series, exported."""
    return exported(backfilled, "recorded")


@pytest.fixture(scope="module")
def counters(backfilled: Backfilled) -> Export:
    """The raw counters, exported."""
    return exported(backfilled, "counters")


def exported(backfilled: Backfilled, events: str) -> Export:
    """An export of the SLO, made by the command line."""
    out = backfilled.folder / events
    words = ["export", "--url", backfilled.server.http.url, "--slo", "shop-orders"]
    words += ["--from", BEGIN.isoformat(), "--to", END.isoformat()]
    words += ["--events", events, "--out", str(out), "--slo-dir", str(backfilled.folder / "slo")]
    assert main(words) == 0
    return open_export(str(out))


def last(budget: pl.DataFrame) -> Budgets:
    """What is left at the last evaluation, by channel."""
    rows = budget.group_by("group").agg(pl.col("remaining").sort_by("ts").last()).iter_rows()
    return {group.removeprefix('channel="').removesuffix('"'): left for group, left in rows}


def test_the_drill_down_shows_it(backfilled: Backfilled, told: Budgets) -> None:
    """The query of the panel "Budget left", with the variables that Grafana fills in."""
    fleet = load_fleet(backfilled.folder / "slo")
    built = build(fleet.services, fleet.setting.site)
    drilldown = next(one for one in built if one.uid == names.DRILLDOWN_UID)
    panel = next(
        one for one in panels(json.loads(drilldown.json_text)) if one["title"] == "Budget left"
    )
    shown = {}
    for channel in told:
        query = panel["targets"][0]["expr"].replace("$slo_id", "shop-orders")
        query = query.replace("${group:raw}", f'channel="{channel}"')
        shown[channel] = backfilled.server.value(query, END.timestamp())
    assert shown == told


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, those in rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panels({"panels": panel.get("panels", [])})


def test_the_replay_of_the_recorded_series_finds_it(
    backfilled: Backfilled, recorded: Export, told: Budgets
) -> None:
    """From the minutes and tiles that the rules recorded."""
    minutes = recorded_minutes(recorded, backfilled.slo)
    own = recorded_tiles(recorded, backfilled.slo)
    found = replay(minutes, backfilled.slo, dialect=recorded.about.dialect, tiles=own)
    assert last(found.budget) == pytest.approx(told, rel=1e-12)


def test_it_follows_from_the_raw_counters(
    backfilled: Backfilled, recorded: Export, counters: Export, told: Budgets
) -> None:
    """Counted at the instants at which the two groups of the rules were evaluated."""
    slo, dialect = backfilled.slo, recorded.about.dialect
    first = first_of(recorded_minutes(recorded, slo))
    minutes = counted_minutes(counters, slo, start=first)
    phase = (first_of(recorded_tiles(recorded, slo)) - BEGIN) % timedelta(minutes=5)
    made = tiles(minutes, schedule=Schedule(long_phase=phase, end=END), dialect=dialect)
    budget = rolling_budget(made, slo, dialect=dialect)
    assert last(budget) == pytest.approx(told, rel=1e-12)


def test_the_expressions_of_the_rules_give_the_same_minutes(
    backfilled: Backfilled, counters: Export
) -> None:
    """What the server computes now from the expressions is what the raw counters give."""
    asked = recorded_minutes(exported(backfilled, "expressions"), backfilled.slo)
    counted = counted_minutes(counters, backfilled.slo, start=first_of(asked))
    both = asked.join(counted, on=["slo_id", "group", "ts"], suffix="_counted")
    assert both.height == counted.height > 8000
    for column in ("total", "bad", "error_1h"):
        assert both.filter(pl.col(column).ne_missing(pl.col(f"{column}_counted"))).is_empty()


def first_of(frame: pl.DataFrame) -> datetime:
    """The first instant of a frame."""
    first = frame["ts"].min()
    assert isinstance(first, datetime)
    return first


def test_the_report_says_it(
    backfilled: Backfilled, recorded: Export, told: Budgets, tmp_path: Path
) -> None:
    """`rtobs report` over a period that ends at that instant."""
    out = tmp_path / "report.json"
    words = ["report", "--export", str(backfilled.folder / "recorded"), "--format", "json"]
    words += ["--period", f"{BEGIN:%Y-%m-%d}/{END:%Y-%m-%d}", "--out", str(out)]
    assert main([*words, "--slo-dir", str(backfilled.folder / "slo")]) == 0
    del recorded
    (section,) = json.loads(out.read_text())["slos"]
    said = {row["group"][9:-1]: row["budgetRemaining"] for row in section["groups"]}
    assert said == pytest.approx(told, rel=1e-12)


def test_the_notebook_says_it(
    backfilled: Backfilled,
    recorded: Export,
    told: Budgets,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cells of the SLO review, run over the same export."""
    monkeypatch.setenv("RTOBS_EXPORT", str(backfilled.folder / "recorded"))
    monkeypatch.setenv("RTOBS_SLO_DIR", str(backfilled.folder / "slo"))
    del recorded
    notebook = runpy.run_path(str(NOTEBOOKS / "slo_review.py"), run_name="review")
    _, defined = notebook["app"].run()
    assert last(defined["history"].budget) == pytest.approx(told, rel=1e-12)
    assert last(closing(defined["account"])) == pytest.approx(told, rel=1e-12)
