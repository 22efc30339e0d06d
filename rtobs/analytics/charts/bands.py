"""What happened, beside what was measured: incidents as shades, alerts as bars."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import altair as alt
import polars as pl

from rtobs import conventions as names
from rtobs.analytics.charts.look import BAD, FAINT, INK, MUTED, WIDTH, Chart
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.charts.times import time_axis
from rtobs.analytics.frames import ALERTS, INCIDENTS, check

__all__ = ["alert_strip", "incident_shades"]

_ROW_HEIGHT: Final = 20
_LETTER: Final = 6  # width of one, on average
_LONGEST_LABEL: Final = 26
_SEVERITIES: Final = (("critical", BAD, "page"), ("warning", "#e69f00", "ticket"))


def incident_shades(
    incidents: pl.DataFrame, start: datetime, end: datetime, axis: alt.X
) -> list[alt.Chart]:
    """Layers: a shade for each incident, and its name at the top where there is room.

    Args:
        incidents: a frame of INCIDENTS.
        start: left edge of the chart.
        end: right edge of the chart.
        axis: the x encoding of the chart.
    """
    within = _clipped(check(incidents, INCIDENTS), start, end)
    if within.is_empty():
        return []
    named = within.with_columns(
        pl.when(pl.col("label").str.len_chars() > _LONGEST_LABEL)
        .then(pl.col("label").str.slice(0, _LONGEST_LABEL - 1) + "\N{HORIZONTAL ELLIPSIS}")
        .otherwise("label")
    ).unique("ts", keep="first", maintain_order=True)
    shade = (
        alt.Chart(inline(within))
        .mark_rect(color=MUTED, opacity=0.16)
        .encode(x=axis, x2="until:T", y=alt.value(0), y2=alt.value("height"))
    )
    edge = (
        alt.Chart(inline(within))
        .mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 2])
        .encode(x=axis, y=alt.value(0), y2=alt.value("height"))
    )
    fitting = _spaced(named, start, end)
    label = (
        alt.Chart(inline(fitting))
        .mark_text(align="left", baseline="top", dx=4, dy=3, color=INK, fontSize=11)
        .encode(x=axis, y=alt.value(0), text="label:N")
    )
    return [shade, edge, label]


def _spaced(named: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """The names that do not run into the next incident or out of the chart."""
    a_pixel = (end - start) / WIDTH
    follows = [*named["ts"].to_list()[1:], end]
    fits = [
        begin + a_pixel * (len(label) * _LETTER + 2 * _LETTER) <= follower
        for (begin, label), follower in zip(
            named.select("ts", "label").rows(), follows, strict=True
        )
    ]
    return named.filter(pl.Series(fits, dtype=pl.Boolean))


def alert_strip(alerts: pl.DataFrame, start: datetime, end: datetime, zone: str) -> Chart:
    """A row for each tier with a bar for each time it fired; pages are filled, tickets hollow.

    Args:
        alerts: a frame of ALERTS.
        start: left edge of the chart.
        end: right edge, and the end of alerts that still fire.
        zone: time zone of the axis.
    """
    fired = _clipped(
        check(alerts, ALERTS).with_columns(pl.col("end").fill_null(end)), start, end
    ).with_columns(
        pl.when(pl.col("tier") == "")
        .then(pl.col("alert").replace(names.BUDGET_EXHAUSTED, "exhausted"))
        .otherwise("tier")
        .alias("name"),
        pl.col("severity").replace_strict(
            {severity: word for severity, _, word in _SEVERITIES}, default="info"
        ),
    )
    fired = fired.with_columns(
        pl.when(pl.col("name") == pl.col("severity"))
        .then("name")
        .otherwise(pl.col("name") + " \N{MIDDLE DOT} " + pl.col("severity"))
    )
    rows = fired.sort("severity", "name")["name"].unique(maintain_order=True).to_list()
    y = alt.Y("name:N", sort=rows, title="alerts", axis=alt.Axis(grid=True, labelLimit=140))
    colour = alt.Color(
        "severity:N",
        scale=alt.Scale(
            domain=[*(word for _, _, word in _SEVERITIES), "info"],
            range=[*(colour for _, colour, _ in _SEVERITIES), FAINT],
        ),
        legend=None,
    )
    bars = (
        alt.Chart(inline(fired.select("ts", "until", "name", "severity")))
        .mark_bar(height=10, strokeWidth=1.5, minBandSize=2)
        .encode(
            x=time_axis(start, end, zone),
            x2="until:T",
            y=y,
            stroke=colour.copy(),
            color=colour,
            fillOpacity=alt.condition("datum.severity == 'page'", alt.value(1), alt.value(0.25)),
        )
    )
    return alt.layer(bars).properties(width=WIDTH, height=_ROW_HEIGHT * max(len(rows), 1))


def _clipped(frame: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """The part of each interval between the edges, as `ts` and `until`."""
    kind = frame.schema["start"]
    low, high = pl.lit(start).cast(kind), pl.lit(end).cast(kind)
    return (
        frame.filter((pl.col("end") >= low) & (pl.col("start") <= high))
        .with_columns(
            pl.max_horizontal("start", low).alias("ts"),
            pl.min_horizontal("end", high).alias("until"),
        )
        .sort("ts", "until")
    )
