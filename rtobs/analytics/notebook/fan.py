"""A forecast of a budget as a fan: the middle, and what lies within 50 and 90 of 100 futures."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import (
    BAD,
    BAD_TEXT,
    CALM,
    INK,
    SPACED_PERCENT,
    WIDTH,
    Chart,
    styled,
)
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.charts.times import instant_text, time_axis
from rtobs.analytics.statistics import QUANTILES, Forecast

__all__ = ["exhaustion_text", "forecast_fan"]

_TITLE: Final = "budget spent (% of the window's budget)"
_NAMES: Final = dict(zip(QUANTILES, ("least", "less", "middle", "more", "most"), strict=True))
_BANDS: Final = (("least", "most", 0.16), ("less", "more", 0.28))
_HOURS: Final = 3  # a fan of a month has hundreds of hours; every third is enough for the eye


def forecast_fan(made: Forecast, *, zone: str = "UTC") -> Chart:
    """Share of the budget that will be spent, from now to the end of the forecast.

    Args:
        made: the forecast.
        zone: time zone of the axis.
    """
    hour = pl.int_range(pl.len()).over("quantile")
    wide = (
        made.fan.filter((hour % _HOURS == 0) | (pl.col("ts") == made.fan["ts"].max()))
        .with_columns(pl.col("quantile").replace_strict(_NAMES, return_dtype=pl.String))
        .pivot("quantile", index="ts", values="consumed")
        .sort("ts")
    )
    top = max(1.2, *(float(value) for value in wide["most"]))
    y = alt.Y(
        "middle:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".0%", labelExpr=SPACED_PERCENT, tickCount=6),
        title=_TITLE,
    )
    base = alt.Chart(inline(wide)).encode(x=time_axis(made.at, made.end, zone))
    bands = [
        base.mark_area(color=CALM, opacity=opacity, interpolate="linear").encode(
            y=alt.Y(f"{low}:Q", title=_TITLE), y2=alt.Y2(f"{high}:Q")
        )
        for low, high, opacity in _BANDS
    ]
    middle = base.mark_line(color=INK, strokeWidth=2, interpolate="linear").encode(y=y)
    limit = alt.Chart(alt.InlineData(values=[{"spent": 1, "text": "all of it is spent"}]))
    place = limit.encode(y="spent:Q")
    rule = place.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6)
    words = place.mark_text(
        align="right", dx=-4, dy=-9, color=BAD_TEXT, fontWeight=600, fontSize=12
    ).encode(x=alt.value("width"), text="text:N")
    chart = alt.layer(*bands, rule, middle, words).properties(width=WIDTH, height=220)
    return styled(
        chart,
        "Budget spent, as it may go on",
        "line: the middle of all futures; dark band: 50 of 100, light band: 90 of 100",
        _description(made, zone),
    )


def exhaustion_text(made: Forecast, zone: str = "UTC") -> str:
    """When the budget will be gone, and how sure that is, in one sentence."""
    if made.consumed >= 1:
        return f"The budget is exhausted: {share_text(made.consumed)} of it is spent."
    chance = f"The chance that it is exhausted by {instant_text(made.end, zone)} is"
    sentence = f"{chance} {share_text(made.probability)}."
    dates = dict(made.exhausted)
    early, middle, late = (dates[quantile] for quantile in (0.05, 0.5, 0.95))
    if middle is None:
        return sentence
    return (
        f"{sentence} In half of all futures that is before {_day(middle, zone)}; in 90 of 100 it"
        f" happens between {_day(early, zone)} and {_day(late, zone)}."
    )


def _day(instant: datetime | None, zone: str) -> str:
    return "the end, or never" if instant is None else instant_text(instant, zone)


def _description(made: Forecast, zone: str) -> str:
    last = dict(
        made.fan.filter(pl.col("ts") == made.fan["ts"].max()).select("quantile", "consumed").rows()
    )
    return (
        f"From {share_text(made.consumed)} spent on {instant_text(made.at, zone)} to"
        f" {share_text(last[0.5])} on {instant_text(made.end, zone)} in the middle of all futures;"
        f" 90 of 100 end between {share_text(last[0.05])} and {share_text(last[0.95])}."
    )
