"""What the budget of an SLO may do after the period, and how good such forecasts were.

The future is drawn from the past (`rtobs.analytics.statistics.forecast`) with a fixed seed, so the
same history gives the same forecast. Its error is that of forecasts of a week that are made within
the past and compared with what came.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.times import instant_text
from rtobs.analytics.frames import TIME
from rtobs.analytics.report.figures import Table
from rtobs.analytics.report.model import Ahead, ForecastError
from rtobs.analytics.report.periods import Period
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.statistics.forecast import Forecast, forecast
from rtobs.analytics.statistics.forecast_error import forecast_error
from rtobs.analytics.statistics.futures import Outlook, Rolling
from rtobs.model.slo import ResolvedSlo

__all__ = ["ahead_of", "ahead_table", "ahead_text"]

_SEED: Final = 0
_OUTLOOK: Final = Outlook()
_TILE: Final = timedelta(minutes=5)
_WHOLE: Final = 0.99  # of a window; less would be seen in the two digits of a share
_MIDDLE: Final = 0.5
_EDGES: Final = (0.05, 0.95)


def ahead_of(tiles: pl.DataFrame, slo: ResolvedSlo, period: Period) -> Ahead | None:
    """What the rolling budget may do in the window after a period.

    Args:
        tiles: TILES of one group, with as much before the period as there is.
        slo: whose.
        period: the future begins at its end.

    Returns:
        The forecast with its error; None where the past is too short for any.
    """
    past = tiles.filter(pl.col("ts") <= pl.lit(period.end).cast(TIME))
    budget = budget_number(slo)
    try:
        made = forecast(past, budget, Rolling(slo.window), outlook=_OUTLOOK, seed=_SEED)
    except ValueError:  # a frame without the group is one, too
        return None
    return Ahead(made, _error(past, budget, slo), _seen(past, slo, period))


def _seen(past: pl.DataFrame, slo: ResolvedSlo, period: Period) -> float:
    """The share of the window before the end of the period that has data."""
    window = timedelta(seconds=slo.window.seconds)
    inside = past.filter(pl.col("ts") > pl.lit(period.end - window).cast(TIME))
    return min(inside["total"].count() * _TILE / window, 1.0)


def _error(past: pl.DataFrame, budget: float, slo: ResolvedSlo) -> ForecastError | None:
    try:
        tried = forecast_error(past, budget, slo.window, outlooks=[_OUTLOOK], seed=_SEED)
    except ValueError:
        return None
    row = tried.row(0, named=True)
    return ForecastError(row["horizon_s"], row["origins"], row["median_error"], row["coverage"])


def ahead_text(ahead: Ahead, period: Period) -> str:
    """When the budget will be gone, or there again, and how good such forecasts were."""
    what = _what(ahead.forecast, _whose(ahead.seen), period.zone)
    return f"{what} {_how_good(ahead.error)}"


def _whose(seen: float) -> str:
    """Which budget is spent: what was not seen has one, too, unlike in the tables of the period."""
    if seen >= _WHOLE:
        return "the budget"
    return (
        f"the budget of a full window, where the {share_text(1 - seen)} without data count as good,"
    )


def _what(made: Forecast, whose: str, zone: str) -> str:
    if made.consumed >= 1:
        middle = dict(made.recovered).get(_MIDDLE)
        by = instant_text(middle or made.end, zone)
        again = f"budget again before {by}" if middle else f"none again before {by}"
        spent = share_text(made.consumed)
        now = f"Forecast: {whose} is exhausted, {spent} of it is spent."
        return f"{now} In half of all futures there is {again}."
    sentence = (
        f"Forecast: {share_text(made.consumed)} of {whose} is spent; the chance that all of it"
        f" is by {instant_text(made.end, zone)} is {share_text(made.probability)}."
    )
    dates = dict(made.exhausted)
    middle = dates[_MIDDLE]
    if middle is None:
        return sentence
    early, late = (dates[edge] for edge in _EDGES)
    sentence += f" In half of all futures that is before {instant_text(middle, zone)}"
    if early is None or late is None:
        return f"{sentence}."
    range_ = f"{instant_text(early, zone)} and {instant_text(late, zone)}"
    return f"{sentence}, in 90 of 100 between {range_}."


def _day(instant: datetime | None, zone: str) -> str:
    return "later, or never" if instant is None else instant_text(instant, zone)


def _how_good(error: ForecastError | None) -> str:
    if error is None:
        return "There is too little history to say how good such a forecast is."
    days = error.horizon_s // 86_400
    return (
        f"{error.origins} such forecasts of {days} days, made in the past, were off by"
        f" {share_text(error.median_error)} of a budget on average, and their range of 90 of 100"
        f" futures held what came in {share_text(error.coverage)} of the cases."
    )


def ahead_table(ahead: Ahead, period: Period) -> Table:
    """By when each share of the futures has spent the budget, or has some again."""
    made = ahead.forecast
    gone = made.consumed >= 1
    rows = tuple(
        (share_text(quantile), _day(when, period.zone))
        for quantile, when in (made.recovered if gone else made.exhausted)
    )
    heading = "has budget again by" if gone else "exhausted by"
    until = instant_text(made.end, period.zone)
    return Table(f"Forecast until {until}", ("of all futures", heading), rows, frozenset({0}))
