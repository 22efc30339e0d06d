"""Every chart once, from small seeded frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl

from rtobs.analytics import charts
from rtobs.analytics.backtest.chart import trade_off
from rtobs.analytics.backtest.sweep import SCORES
from rtobs.analytics.charts import BANDS, DAYS, HOURS, Chart, svg
from rtobs.analytics.frames import ALERTS, BUDGET, BURN, INCIDENTS, Schema
from rtobs.analytics.slo.spenders import SPENDERS
from rtobs.analytics.statistics.worst import WORST
from rtobs.conventions import Severity
from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration

__all__ = [
    "CHARTS",
    "HOSTILE",
    "OBJECTIVE",
    "START",
    "TIERS",
    "budget",
    "burn",
    "data_of",
    "days",
    "drawing",
]

START: Final = datetime(2025, 3, 3, tzinfo=UTC)
OBJECTIVE: Final = Decimal("0.999")
HOSTILE: Final = '</text><script>x</script>"&'
SLO: Final = "chat-api-availability"


def _frame(schema: Schema, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema.columns), orient="row")


def _tier(name: str, severity: Severity, long: str, short: str, factor: str) -> Tier:
    burn_factor = Fraction(factor)
    windows = Duration.parse(long), Duration.parse(short)
    numbers = Fraction(2, 100), burn_factor, burn_factor / 1000
    return Tier(name, severity, *windows, *numbers, 10, Duration(0))


TIERS: Final = (
    _tier("fast", Severity.CRITICAL, "1h", "5m", "14.4"),
    _tier("ticket", Severity.WARNING, "1d", "2h", "3"),
)


def budget(count: int = 2_016, groups: tuple[str, ...] = ("",)) -> pl.DataFrame:
    """BUDGET that falls from 80 % to -20 % with a step in the middle; later groups keep more."""
    rows = []
    for number, group in enumerate(groups):
        for step in range(count):
            fallen = 0.2 * step / count + (0.8 if step >= count // 2 else 0)
            left = 0.8 - fallen / (number + 1)
            when = START + timedelta(minutes=5 * step)
            rows.append((SLO, group, when, 1e6, 1e3 * (1 - left), 1 - left, left, 1.0))
    return _frame(BUDGET, rows)


def burn(count: int = 10_080) -> pl.DataFrame:
    """BURN of the windows of TIERS: noise below 1 and one hour of 40."""
    chance = np.random.default_rng(7)
    rows = []
    for tier in TIERS:
        rates = chance.gamma(2, 0.2, count)
        rates[count // 2 : count // 2 + 60] = 40
        for step, rate in enumerate(rates):
            when = START + timedelta(minutes=step)
            rows.append((SLO, "", tier.long.seconds, when, rate / 1000, float(rate)))
    return _frame(BURN, rows)


def days(slis: Mapping[int, float | None] | None = None) -> pl.DataFrame:
    """DAYS of March 2025 by day of the month; a day without data is None."""
    given = {1: 0.9995, 2: 0.9985, 3: None, 4: 1.0, 5: 0.9, 6: 0.99991, 7: 0.999} | dict(slis or {})
    rows = [(date(2025, 3, day), *_day(sli)) for day, sli in sorted(given.items())]
    return _frame(DAYS, rows)


def _day(sli: float | None) -> tuple[float | None, ...]:
    if sli is None:
        return (0.0, 0.0, None, None, None)
    return (1e5, 1e5 * (1 - sli), sli, sli - 0.0002, min(sli + 0.0002, 1.0))


def _alerts() -> pl.DataFrame:
    shape = ((1.5, 0.1, "fast", "critical"), (4.0, None, "ticket", "warning"))
    rows = [
        (SLO, "", "SLOBudgetBurn", tier, severity, _at(day), _end(day, length), 40.0, 0.2)
        for day, length, tier, severity in shape
    ]
    rows.append((SLO, "", "SLOBudgetExhausted", "", "warning", _at(4.5), None, 1.2, 0.1))
    return _frame(ALERTS, rows)


def _at(day: float) -> datetime:
    return START + timedelta(days=day)


def _end(day: float, length: float | None) -> datetime | None:
    return None if length is None else _at(day + length)


def _incidents() -> pl.DataFrame:
    rows = [(SLO, "", _at(1.49), _at(1.6), HOSTILE), (SLO, "", _at(3.5), _at(3.6), "")]
    return _frame(INCIDENTS, rows)


def _hours() -> pl.DataFrame:
    rows = []
    for day in range(1, 8):
        for hour in range(24):
            spent = {(2, 13): 0.31, (2, 14): 0.07, (5, 3): 0.004}.get((day, hour), 0.0)
            total = 0.0 if (day, hour) == (4, 4) else 1e4
            rows.append((date(2025, 3, day), hour, total, spent * 1e3, spent))
    return _frame(HOURS, rows)


def _bands() -> pl.DataFrame:
    rows = [
        (quantile, START + timedelta(minutes=30 * step), low, (low + high) / 2, high)
        for quantile, low, high in ((0.5, 0.1, 0.25), (0.99, 1.0, float("inf")))
        for step in range(96)
        if high < float("inf")
    ]
    slow = [(0.99, START + timedelta(minutes=30 * n), 1.0, 1.7, float("inf")) for n in range(96)]
    return _frame(BANDS, rows + slow)


def _spenders() -> pl.DataFrame:
    rows = [
        (SLO, "", "zone", rank, value, 1e3, 10.0 * share, share, share, 0.01, 0.1)
        for rank, value, share in (
            (1, HOSTILE, 0.5),
            *((n, f"zone-{n}", 0.3 / n) for n in range(2, 14)),
            (14, None, 0.01),
        )
    ]
    return _frame(SPENDERS, rows)


def _worst() -> pl.DataFrame:
    rows = [
        (SLO, "", seconds, 1 - min(1.0, 900 / seconds), START, 1e3, 1.0)
        for seconds in (300, 3_600, 86_400, 604_800, 2_592_000)
    ]
    return _frame(WORST, rows)


def _scores() -> pl.DataFrame:
    names = ("policy", "detection_p50_s", "pages_per_week", "precision", "recall")
    rows = [
        ("shipped", 300.0, 1.2, 0.9, 1.0),
        (HOSTILE, 120.0, 9.0, 0.2, 1.0),
        ("slow", 2_400.0, 0.5, 1.0, 0.6),
    ]
    known = [dict(zip(names, row, strict=True)) for row in rows]
    absent = dict.fromkeys(SCORES.columns) | {"incidents": 5, "flaps": 0}
    return pl.DataFrame([absent | row for row in known], schema=dict(SCORES.columns))


CHARTS: Final[Mapping[str, Callable[[], Chart]]] = {
    "budget": lambda: charts.budget_over_time(
        budget(groups=(HOSTILE, "b")),
        alerts=_alerts(),
        incidents=_incidents(),
        zone="Europe/Berlin",
    ),
    "budget-alone": lambda: charts.budget_over_time(budget()),
    "burn": lambda: charts.burn_by_window(burn(), TIERS),
    "days": lambda: charts.sli_by_day(days(), OBJECTIVE),
    "hours": lambda: charts.spent_by_hour(_hours()),
    "latency": lambda: charts.latency_bands(_bands(), threshold=1.0),
    "spenders": lambda: charts.budget_spenders(_spenders()),
    "windows": lambda: charts.worst_windows(_worst(), OBJECTIVE),
    "tradeoff": lambda: trade_off(_scores()),
}


def drawing(name: str) -> str:
    """A chart as SVG; drawn once for each engine of polars."""
    return _drawing(name, pl.Config.state()["POLARS_ENGINE_AFFINITY"])


@cache
def _drawing(name: str, engine: str | None) -> str:
    del engine
    return svg(CHARTS[name](), name="x")


def data_of(chart: Chart) -> Iterator[list[dict[str, Any]]]:
    """The rows of every data set within a chart."""
    for rows in chart.to_dict()["datasets"].values():
        yield json.loads(rows) if isinstance(rows, str) else rows
