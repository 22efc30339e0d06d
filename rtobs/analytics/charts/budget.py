"""The budget that is left, over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.bands import alert_strip, incident_shades
from rtobs.analytics.charts.look import (
    BAD,
    CALM,
    FAINT,
    INK,
    SPACED_PERCENT,
    WIDTH,
    Chart,
    styled,
)
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline, segments, thin
from rtobs.analytics.charts.times import instant_text, time_axis
from rtobs.analytics.frames import ALERTS, BUDGET, INCIDENTS, check, empty

__all__ = ["budget_over_time"]

_POINTS: Final = WIDTH  # a peak stays in its step of two pixels
_HEADROOM: Final = 0.06
_OTHERS: Final = 8  # groups drawn beside the worst


def budget_over_time(
    budget: pl.DataFrame,
    *,
    alerts: pl.DataFrame | None = None,
    incidents: pl.DataFrame | None = None,
    zone: str = "UTC",
) -> Chart:
    """Budget remaining of one SLO, its incidents shaded and its alerts as bars below.

    The group with the least budget at the end is drawn strong, up to eight others thin.

    Args:
        budget: BUDGET of one SLO; all its rows are drawn, from the first to the last instant.
        alerts: ALERTS of the SLO, None for no bars.
        incidents: INCIDENTS of the SLO, None for no shades.
        zone: time zone of the axis.

    Raises:
        FrameError: a frame has wrong columns.
        ValueError: there is no budget to draw.
    """
    known = check(budget, BUDGET).drop_nulls("remaining")
    if known.is_empty():
        raise ValueError("there is no budget to draw")
    known = known.sort("group", "ts")
    start, end = known["ts"].min(), known["ts"].max()
    assert isinstance(start, datetime)  # noqa: S101  # a datetime column with rows
    assert isinstance(end, datetime)  # noqa: S101
    end = max(end, start + timedelta(minutes=1))
    fired = empty(ALERTS) if alerts is None else check(alerts, ALERTS)
    happened = empty(INCIDENTS) if incidents is None else check(incidents, INCIDENTS)
    axis = time_axis(start, end, zone, named=fired.is_empty(), labels=fired.is_empty())
    main: Chart = alt.layer(
        *_ground(known), *incident_shades(happened, start, end, axis), *_lines(known, axis)
    ).properties(width=WIDTH, height=220)
    chart = main
    if not fired.is_empty():
        strip = alert_strip(fired, start, end, zone)
        chart = alt.vconcat(main, strip, spacing=12).resolve_scale(x="shared", color="independent")
    text = _description(known, fired, happened, zone)
    return styled(chart, "Error budget left", _subtitle(known, happened), text)


def _subtitle(known: pl.DataFrame, happened: pl.DataFrame) -> str:
    parts = ["rolling window, overspent below the thick line"]
    if known["group"].n_unique() > 1:
        parts.append("strong: the worst group, thin: others")
    if not happened.is_empty():
        parts.append("grey: incidents")
    return "; ".join(parts)


def _worst(known: pl.DataFrame) -> list[str]:
    """Groups, least budget at the end first."""
    last = known.group_by("group").agg(pl.col("remaining").sort_by("ts").last())
    return last.sort("remaining", "group")["group"].to_list()


def _span(known: pl.DataFrame) -> tuple[float, float]:
    values = known["remaining"].to_list()
    low, high = min(0.0, *values), max(1.0, *values)
    pad = (high - low) * _HEADROOM
    return low - pad, high + pad / 2


def _ground(known: pl.DataFrame) -> list[alt.Chart]:
    low, _ = _span(known)
    y = alt.Y("low:Q", title="budget left (% of the window's budget)")
    area = (
        alt.Chart(alt.InlineData(values=[{"low": low, "zero": 0}]))
        .mark_rect(color=BAD, opacity=0.12)
        .encode(y=y, y2="zero:Q", x=alt.value(0), x2=alt.value("width"))
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"low": 0}]))
        .mark_rule(color=BAD, strokeWidth=2)
        .encode(y=y)
    )
    return [area, zero]


def _lines(known: pl.DataFrame, axis: alt.X) -> list[alt.Chart]:
    order = _worst(known)
    strong, others = order[0], order[1 : 1 + _OTHERS]
    cut = segments(known.filter(pl.col("group").is_in([strong, *others])), x="ts", by=["group"])
    rows = thin(cut, x="ts", y="remaining", by=["group"], points=_POINTS)
    low, high = _span(known)
    y = alt.Y(
        "remaining:Q",
        axis=alt.Axis(format=".0%", labelExpr=SPACED_PERCENT, tickCount=6),
        scale=alt.Scale(domain=[low, high], nice=False),
        title="budget left (% of the window's budget)",
    )
    layers = []
    for groups, colour, width in ((others, FAINT, 1.0), ([strong], CALM, 2.2)):
        chosen = rows.filter(pl.col("group").is_in(groups))
        if chosen.is_empty():
            continue
        layers.append(
            alt.Chart(inline(chosen.select("ts", "remaining", "group", "segment")))
            .mark_line(color=colour, strokeWidth=width, interpolate="linear", strokeCap="round")
            .encode(x=axis, y=y, detail=["group:N", "segment:O"])
        )
    last = rows.filter(pl.col("group") == strong).tail(1)
    note = last.select("ts", "remaining", text=pl.lit(share_text(last["remaining"].item())))
    mark = alt.Chart(inline(note)).encode(x=axis, y=y)
    layers.append(mark.mark_point(filled=True, size=46, color=INK, opacity=1))
    words = mark.mark_text(align="left", dx=8, fontWeight=600, color=INK, fontSize=13)
    layers.append(words.encode(text="text:N"))
    return layers


def _description(
    known: pl.DataFrame, fired: pl.DataFrame, happened: pl.DataFrame, zone: str
) -> str:
    group = _worst(known)[0]
    line = known.filter(pl.col("group") == group)
    first, last = line.row(0, named=True), line.row(-1, named=True)
    lowest = line.sort("remaining", "ts").row(0, named=True)
    whose = f"The budget of {group}" if group else "The budget"
    course = (
        f"{whose} goes from {share_text(first['remaining'])} on"
        f" {instant_text(first['ts'], zone)} to {share_text(last['remaining'])} on"
        f" {instant_text(last['ts'], zone)} ({zone})."
        f" The lowest value is {share_text(lowest['remaining'])} on"
        f" {instant_text(lowest['ts'], zone)}."
    )
    parts = [course]
    groups = known["group"].n_unique()
    if groups > 1:
        parts.append(f"It is the worst of {groups} groups at the end.")
    pages = fired.filter(pl.col("severity") == "critical").height
    shaded = "1 incident is" if happened.height == 1 else f"{happened.height} incidents are"
    parts.append(
        f"{shaded} shaded; pages drawn below: {pages}, other alerts: {fired.height - pages}."
        if happened.height or fired.height
        else "There are no incidents and no alerts."
    )
    return " ".join(parts)
