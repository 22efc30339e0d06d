"""Hours of each day: when the budget was spent."""

from __future__ import annotations

from datetime import date
from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import DARK, GRID, LIGHT, MUTED, PAPER, STEPS, Chart, styled
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.charts.times import day_text
from rtobs.analytics.frames import Schema, check

__all__ = ["HOURS", "spent_by_hour"]

HOURS: Final = Schema(
    "hours",
    {
        "day": pl.Date,  # on the calendar of the report's time zone
        "hour": pl.Int8,  # 0 to 23 on its clock; an hour that comes twice is one
        "total": pl.Float64,  # events (or sampled minutes) of the hour; 0: no data
        "bad": pl.Float64,
        "spent": pl.Float64,  # share of the budget of the whole period that the hour spent
    },
    ("day", "hour"),
)
# More than this share of the period's budget, and how that is called.
_LIMITS: Final = (0.0, 0.002, 0.01, 0.05, 0.2)
_NAMES: Final = ("up to 0.2 %", "up to 1 %", "up to 5 %", "up to 20 %", "more than 20 %")
_NONE: Final = "nothing"
_NO_DATA: Final = "no data"
_CELL: Final = (24, 17)
_WRITTEN_FROM: Final = 0.01
_WHITE_FROM: Final = 3  # step from which on a dark cell needs white digits


def spent_by_hour(hours: pl.DataFrame, *, zone: str = "UTC") -> Chart:
    """A cell for each hour of each day: darker where it spent more of the period's budget.

    From one percent on the cell says how much.

    Args:
        hours: a frame of HOURS.
        zone: time zone of the days and hours.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: there is no hour to draw.
    """
    known = check(hours, HOURS).sort("day", "hour")
    if known.is_empty():
        raise ValueError("there is no hour to draw")
    days: list[date] = known["day"].unique().sort().to_list()
    names = [day_text(day) for day in days]
    rows = known.with_columns(
        pl.col("day").replace_strict(days, names, return_dtype=pl.String),
        _step().alias("step"),
        pl.when(pl.col("spent") >= _WRITTEN_FROM)
        .then((pl.col("spent") * 100).round(0).cast(pl.Int64).cast(pl.String))
        .otherwise(pl.lit(""))
        .alias("text"),
    )
    base = alt.Chart(inline(rows)).encode(
        x=alt.X(
            "hour:O",
            title=f"hour of the day ({zone})",
            axis=alt.Axis(labelAngle=0, domain=False, ticks=False),
        ),
        y=alt.Y("day:N", sort=names, title=None, axis=alt.Axis(labelLimit=120)),
    )
    cells = base.mark_rect(stroke=GRID, strokeWidth=1).encode(color=_colour())
    dark = list(_NAMES[_WHITE_FROM:])
    digits = (
        base.transform_filter("datum.text != ''")
        .mark_text(fontSize=10)
        .encode(
            text="text:N",
            color=alt.condition(
                alt.FieldOneOfPredicate(field="step", oneOf=dark), alt.value(LIGHT), alt.value(DARK)
            ),
        )
    )
    silent = base.transform_filter(f"datum.step == '{_NO_DATA}'").mark_text(
        text="\N{MULTIPLICATION SIGN}", color=MUTED, fontSize=9
    )
    width, height = _CELL
    chart = alt.layer(cells, digits, silent).properties(width=width * 24, height=height * len(days))
    return styled(
        chart,
        "When the budget was spent",
        "share of the period's budget by hour; numbers in percent, \N{MULTIPLICATION SIGN} no data",
        _description(known, zone),
    )


def _step() -> pl.Expr:
    step = pl.when(pl.col("total") <= 0).then(pl.lit(_NO_DATA))
    for limit, name in zip(reversed(_LIMITS), reversed(_NAMES), strict=True):
        step = step.when(pl.col("spent") > limit).then(pl.lit(name))  # type: ignore[assignment]
    return step.otherwise(pl.lit(_NONE))


def _colour() -> alt.Color:
    names = [_NONE, *_NAMES, _NO_DATA]
    return alt.Color(
        "step:N",
        scale=alt.Scale(domain=names, range=[PAPER, *STEPS, GRID]),
        legend=alt.Legend(
            title="of the period's budget",
            orient="bottom",
            symbolType="square",
            symbolStrokeColor=MUTED,
            columns=len(names),
            labelColor=MUTED,
            titleColor=MUTED,
            titleFontWeight="normal",
        ),
    )


def _description(known: pl.DataFrame, zone: str) -> str:
    spent = known.filter(pl.col("spent") > 0)
    if spent.is_empty():
        return "No hour spent any of the budget."
    worst = spent.sort(["spent", "day", "hour"], descending=[True, False, False]).head(3)
    named = "; ".join(
        f"{day_text(row['day'])} from {row['hour']:02d}:00 with {share_text(row['spent'])}"
        for row in worst.rows(named=True)
    )
    all_of_it = share_text(float(spent["spent"].sum()))
    return (
        f"{spent.height} of {known.height} hours spent {all_of_it} of the period's budget."
        f" The hours that spent most ({zone}): {named}."
    )
