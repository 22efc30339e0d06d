"""A replay gives the alerts and the numbers of Prometheus over the generated rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from rtobs import conventions as names
from rtobs.analytics.backtest.replay import Replay, replay
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import TIME
from rtobs.analytics.slo.budget import rolling_budget
from rtobs.analytics.slo.burn import burn_rates
from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.schedule import Schedule
from rtobs.analytics.slo.tiles import tiles
from rtobs.analytics.store import About, Export, fingerprint, series_frame, write_export
from tests.analytics.backtest.generated_rules import (
    EPOCH,
    Interval,
    Recorded,
    dialect_of,
    run_long,
    run_rules,
)
from tests.analytics.backtest.histories_of_every_kind import HISTORIES, History
from tests.analytics.backtest.raw_series import samples_of
from tests.proof.engine import every_promtool
from tests.proof.slos import BAD_FORM, GOOD_FORM, LATENCY

_CLOSE = 1e-12
# What begins and ends within a window is read alike by every version; these are not.
_EDGES = [history for history in HISTORIES if history.on_edges]


@every_promtool()
@pytest.mark.parametrize("history", _EDGES, ids=lambda h: h.name)
def test_alerts_and_numbers_are_those_of_every_prometheus(promtool: Path, history: History) -> None:
    """Alerts fire and end at the same evaluations, however a version reads edges of ranges."""
    _is_prometheus(promtool, history)


@every_promtool(newest=True)
@pytest.mark.parametrize("history", [h for h in HISTORIES if h not in _EDGES], ids=lambda h: h.name)
def test_alerts_and_numbers_are_those_of_prometheus(promtool: Path, history: History) -> None:
    """Alerts fire and end at the same evaluations; values differ by no more than a sum may."""
    _is_prometheus(promtool, history)


def _is_prometheus(promtool: Path, history: History) -> None:
    dialect, run = dialect_of(promtool), _run(promtool, history)
    assert _intervals(_replay(run, history, dialect)) == run.alerts
    assert {tier for _, tier, *_ in run.alerts} >= history.fires
    minutes, slo = run.minutes(), history.slo
    own_tiles = tiles(minutes, dialect=dialect)
    assert own_tiles.equals(run.tiles())
    windows = {window for tier in slo.tiers for window in (tier.long, tier.short)}
    burn = burn_rates(minutes, slo, windows, dialect=dialect)
    for window in windows:
        own = burn.filter(pl.col("window_s") == window.seconds)
        _same(_values(own, "error_ratio"), run.values(names.error_ratio(str(window))))
    budget = rolling_budget(own_tiles, slo, dialect=dialect)
    _same(_values(budget, "remaining"), run.values(names.BUDGET_REMAINING))
    _same(_values(budget, "consumed"), run.values(names.PERIOD_BURN_RATE))
    assert _values(budget, "coverage") == run.values(names.COVERAGE)


_COUNTED = [h for h in HISTORIES if h.slo in (BAD_FORM, GOOD_FORM, LATENCY)]


@every_promtool(newest=True)
@pytest.mark.parametrize("history", _COUNTED[:1] + _COUNTED[3:], ids=lambda h: h.name)
def test_alerts_from_raw_counters_are_those_of_prometheus(
    promtool: Path, history: History, tmp_path: Path
) -> None:
    """Without anything recorded: raw counters, counted here, replayed here."""
    run, dialect = _run(promtool, history), dialect_of(promtool)
    minutes = counted_minutes(_export(history, dialect, tmp_path), history.slo, start=EPOCH)
    schedule = Schedule(start=EPOCH, end=EPOCH + timedelta(minutes=history.minutes))
    replayed = replay(minutes, history.slo, dialect=dialect, schedule=schedule)
    assert _intervals(replayed) == run.alerts
    _same(_values(replayed.budget, "remaining"), run.values(names.BUDGET_REMAINING))


def _export(history: History, dialect: Dialect, folder: Path) -> Export:
    samples = samples_of(history.inputs)
    series = series_frame(labels for labels, *_ in samples)
    ids = dict(series.select("fingerprint", "series_id").iter_rows())
    keys = [ids[fingerprint(labels)] for labels, *_ in samples]
    frame = pl.DataFrame(
        {
            "series_id": pl.Series(keys, dtype=pl.UInt32),
            "ts": pl.Series([moment for _, moment, _ in samples], dtype=pl.Int64).cast(TIME),
            "value": pl.Series([value for *_, value in samples], dtype=pl.Float64),
        }
    )
    end = EPOCH + timedelta(minutes=history.minutes)
    about = About("promtool", "none", dialect, EPOCH, end, "raw", None, ())
    return write_export(folder / "export", series, frame, about)


@every_promtool()
def test_the_groups_need_not_run_at_the_same_moment(promtool: Path) -> None:
    """The five-minute group reads what the other recorded half a minute before."""
    history = HISTORIES[1]
    run = _run(promtool, history)
    late = run_long(promtool, history.slo, run.fast(), history.minutes, late=True)
    end = EPOCH + timedelta(minutes=history.minutes)
    minutes = run.minutes().with_columns(pl.col("ts") + timedelta(seconds=30))
    replayed = replay(
        minutes,
        history.slo,
        dialect=dialect_of(promtool),
        schedule=Schedule(start=EPOCH, end=end),
    )
    tickets = replayed.alerts.filter(pl.col("tier") == "ticket")
    assert _intervals(replace(replayed, alerts=tickets)) == tuple(
        interval for interval in late.alerts if interval[1] == "ticket"
    )
    assert tickets.height > 0
    _same(_values(replayed.budget, "remaining"), late.values(names.BUDGET_REMAINING))
    assert late.values(names.TOTAL_TILE) != run.values(names.TOTAL_TILE)


@every_promtool()
def test_the_wrong_dialect_is_seen(promtool: Path) -> None:
    """The outage fires the slow tier where ranges are closed and not where they are left-open."""
    history = HISTORIES[0]
    run = _run(promtool, history)
    right = dialect_of(promtool)
    wrong = Dialect.V2 if right is Dialect.V3 else Dialect.V3
    assert _intervals(_replay(run, history, right)) == run.alerts
    assert _intervals(_replay(run, history, wrong)) != run.alerts


@cache
def _run(promtool: Path, history: History) -> Recorded:
    """What the rules made of a history; asked once, since several tests look at it."""
    return run_rules(promtool, history.slo, history.inputs, history.minutes)


def _replay(run: Recorded, history: History, dialect: Dialect) -> Replay:
    schedule = Schedule(end=EPOCH + timedelta(minutes=history.minutes))
    return replay(run.minutes(), history.slo, dialect=dialect, schedule=schedule)


def _intervals(replayed: Replay) -> tuple[Interval, ...]:
    columns = ("alert", "tier", "group", "start", "end")
    found = [
        (alert, tier, group, _minute(start), None if end is None else _minute(end))
        for alert, tier, group, start, end in replayed.alerts.select(columns).iter_rows()
    ]
    return tuple(sorted(found, key=str))


def _minute(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(minutes=1)


def _values(frame: pl.DataFrame, column: str) -> dict[tuple[str, int], float]:
    rows = frame.filter(pl.col(column).is_not_null()).select("group", "ts", column).iter_rows()
    return {(group, _minute(moment)): value for group, moment, value in rows}


def _same(own: dict[tuple[str, int], float], theirs: dict[tuple[str, int], float]) -> None:
    assert own.keys() == theirs.keys()
    assert own == pytest.approx(theirs, rel=_CLOSE, abs=0)
