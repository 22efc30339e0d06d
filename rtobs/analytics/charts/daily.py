"""The SLI of each day, beside its objective."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import (
    BAD,
    BAD_TEXT,
    CALM,
    FAINT,
    INK,
    MUTED,
    SPACED_PERCENT,
    WIDTH,
    Chart,
    styled,
)
from rtobs.analytics.charts.percent import Number, digits_for, objective_text, sli_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.frames import Schema, check

__all__ = ["DAYS", "sli_by_day"]

DAYS: Final = Schema(
    "days",
    {
        "day": pl.Date,  # on the calendar of the report's time zone
        "total": pl.Float64,  # events (or sampled minutes) of the day
        "bad": pl.Float64,
        "sli": pl.Float64,  # 1 - bad / total; null where nothing happened
        "low": pl.Float64,  # where the true SLI may lie; null where that is not known
        "high": pl.Float64,
    },
    ("day",),
)
_FLOOR_BUDGETS: Final = 5  # days that are worse are drawn at the bottom, with their number
_WEEKDAYS_UP_TO: Final = 14
_HEIGHT: Final = 190
_TITLE: Final = "good events (% of the day's events)"
_LABEL: Final = 40  # room for the name of the line


def sli_by_day(days: pl.DataFrame, objective: Number, *, zone: str = "UTC") -> Chart:
    """A mark for each day: a dot that met the objective, a triangle that missed it.

    A thin line is the interval in which the true SLI lies. Days that are worse than five times
    the budget stand at the bottom with their number, so that the other days stay readable.

    Args:
        days: a frame of DAYS.
        objective: the SLO's objective.
        zone: time zone of the days.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: there is no day to draw.
    """
    known = check(days, DAYS).sort("day").drop_nulls("sli")
    if known.is_empty():
        raise ValueError("there is no day to draw")
    target, budget = float(objective), float(1 - Fraction(objective))
    floor = target - _FLOOR_BUDGETS * budget
    lowest = max(floor, min(target - budget, *known["sli"].to_list()))
    rows = _rows(known, days, target, lowest, objective)
    x = _day_axis(days, zone)
    y = alt.Y(
        "shown:Q",
        scale=alt.Scale(domain=[lowest - 0.12 * (1 - lowest), 1], nice=False, zero=False),
        axis=alt.Axis(
            format=f".{max(digits_for(objective) - 1, 0)}%", tickCount=5, labelExpr=SPACED_PERCENT
        ),
        title=_TITLE,
    )
    base = alt.Chart(inline(rows)).encode(x=x)
    chart = alt.layer(
        *_objective(target, objective),
        base.mark_rule(color=FAINT, strokeWidth=1.5).encode(
            y=alt.Y("low_shown:Q", title=_TITLE), y2="high_shown:Q"
        ),
        base.mark_point(filled=True, opacity=1).encode(
            y=y,
            shape=_by_state("shape", ["circle", "triangle-down"]),
            color=_by_state("color", [CALM, BAD]),
            size=_by_state("size", [60, 95]),
        ),
        base.transform_filter("datum.note != ''")
        .mark_text(align="left", dx=9, color=INK, fontSize=11)
        .encode(y=y, text="note:N"),
        _silent(days).encode(x=x, y=alt.value(_HEIGHT - 9)),
    ).properties(width=WIDTH - _LABEL, height=_HEIGHT)
    return styled(
        chart,
        "SLI by day",
        "\N{BLACK CIRCLE} met, \N{BLACK DOWN-POINTING TRIANGLE} missed,"
        " \N{MULTIPLICATION SIGN} no data; thin lines: where the true value lies, 95 times of 100",
        _description(known, objective, days.height - known.height),
    )


def _rows(
    known: pl.DataFrame, days: pl.DataFrame, target: float, lowest: float, objective: Number
) -> pl.DataFrame:
    missed = pl.col("sli") < target
    below = known.filter(pl.col("sli") < lowest)["day"].to_list()
    worst = known.sort("sli", "day").head(1).filter(missed)["day"].to_list()
    noted = set(below) | set(worst) if days.height <= _WEEKDAYS_UP_TO else set(below[:6] + worst)
    return known.with_columns(
        pl.col("day").cast(pl.String),
        pl.col("sli").clip(lowest).alias("shown"),
        pl.col("low").clip(lowest).alias("low_shown"),
        pl.col("high").clip(lowest).alias("high_shown"),
        pl.when(missed).then(pl.lit("missed")).otherwise(pl.lit("met")).alias("state"),
        pl.Series(
            "note",
            [
                sli_text(sli, objective) if day in noted else ""
                for day, sli in known.select("day", "sli").rows()
            ],
            dtype=pl.String,
        ),
    )


def _silent(days: pl.DataFrame) -> alt.Chart:
    without = days.filter(pl.col("sli").is_null()).select(pl.col("day").cast(pl.String))
    marks: alt.Chart = alt.Chart(inline(without)).mark_text(
        text="\N{MULTIPLICATION SIGN}", color=MUTED
    )
    return marks


def _by_state(channel: str, values: list[Any]) -> Any:  # noqa: ANN401  # three kinds of channel
    made: Any = {"shape": alt.Shape, "color": alt.Color, "size": alt.Size}[channel]
    return made("state:N", legend=None, scale=alt.Scale(domain=["met", "missed"], range=values))


def _objective(target: float, objective: Number) -> list[alt.Chart]:
    text = ["objective", objective_text(objective)]
    limit = alt.Chart(alt.InlineData(values=[{"shown": target, "text": text}]))
    y = alt.Y("shown:Q", title=_TITLE)
    rule = limit.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6).encode(y=y)
    name = limit.mark_text(
        align="left", baseline="middle", dx=6, color=BAD_TEXT, fontWeight=600
    ).encode(y=y, x=alt.value("width"), text="text:N")
    return [rule, name]


def _day_axis(days: pl.DataFrame, zone: str) -> alt.X:
    all_days: list[date] = days["day"].sort().to_list()
    few = len(all_days) <= _WEEKDAYS_UP_TO
    pairs = {
        str(day): f"{datetime(day.year, day.month, day.day):%a} {day.day}" if few else str(day.day)  # noqa: DTZ001  # a name of a day
        for day in all_days
    }
    first, last = all_days[0], all_days[-1]
    months = f"{first:%B %Y}" if first.month == last.month else f"{first:%B} to {last:%B %Y}"
    axis = alt.Axis(labelExpr=f"{pairs}[datum.value]", labelAngle=0, grid=False, labelOverlap=False)
    return alt.X(
        "day:N",
        axis=axis,
        title=f"day of {months} ({zone})",
        scale=alt.Scale(domain=list(pairs)),
    )


def _description(known: pl.DataFrame, objective: Number, silent: int) -> str:
    missed = known.filter(pl.col("sli") < float(objective))
    worst = known.sort("sli", "day").row(0, named=True)
    text = (
        f"Of {known.height} days with data {missed.height} are below the objective of"
        f" {objective_text(objective)}. The worst is {worst['day']:%A} {worst['day']} with"
        f" {sli_text(worst['sli'], objective)}."
    )
    return f"{text} {silent} days have no data." if silent else text
