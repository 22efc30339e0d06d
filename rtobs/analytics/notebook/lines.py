"""A number over time, one line for each name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import (
    BAD,
    BAD_TEXT,
    DASHES,
    INK,
    SERIES_COLOURS,
    SPACED_PERCENT,
    WIDTH,
    Chart,
    styled,
)
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline, segments, thin
from rtobs.analytics.charts.times import instant_text, time_axis
from rtobs.analytics.frames import TIME, Schema, check

__all__ = ["LINES", "lines_over_time"]

LINES: Final = Schema(
    "lines",
    {
        "name": pl.String,  # of the line
        "ts": TIME,
        "value": pl.Float64,
    },
    ("name", "ts"),
)
_MOST: Final = len(DASHES)


def lines_over_time(
    values: pl.DataFrame,
    title: str,
    unit: str,
    *,
    limit: tuple[float, str] | None = None,
    share: bool = False,
    zone: str = "UTC",
) -> Chart:
    """A line for each name; gaps stay gaps.

    Args:
        values: LINES, at most five names.
        title: what was measured.
        unit: of the values, in words.
        limit: a value that matters and its name, drawn as a dashed line.
        share: whether the values are shares of one, to be written in percent.
        zone: time zone of the axis.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: there is nothing to draw, or too much.
    """
    known = check(values, LINES).drop_nulls("value").drop_nans("value").sort(LINES.key)
    names = known["name"].unique().sort().to_list()
    if not 1 <= len(names) <= _MOST:
        raise ValueError(f"1 to {_MOST} lines can be drawn, not {len(names)}")
    start, end = known["ts"].min(), known["ts"].max()
    assert isinstance(start, datetime)  # noqa: S101  # a datetime column with rows
    assert isinstance(end, datetime)  # noqa: S101
    axis = time_axis(start, max(end, start + timedelta(minutes=1)), zone)
    rows = thin(segments(known, x="ts", by=["name"]), x="ts", y="value", by=["name"], points=WIDTH)
    y = alt.Y("value:Q", title=f"{unit} (%)" if share else unit, axis=_axis(share=share))
    line = (
        alt.Chart(inline(rows))
        .mark_line(strokeWidth=1.8, interpolate="linear", strokeCap="round")
        .encode(
            x=axis,
            y=y,
            color=alt.Color("name:N", scale=_scale(names, SERIES_COLOURS), legend=_legend(names)),
            strokeDash=alt.StrokeDash("name:N", scale=_scale(names, DASHES), legend=_legend(names)),
            detail="segment:O",
        )
    )
    chart = alt.layer(line, *_limit(limit)).properties(width=WIDTH, height=200)
    return styled(chart, title, "", _description(known, _percent if share else _plain(unit), zone))


def _scale(names: list[str], values: Sequence[str | Sequence[float]]) -> alt.Scale:
    chosen = [value if isinstance(value, str) else list(value) for value in values]
    return alt.Scale(domain=names, range=chosen[: len(names)])


def _legend(names: list[str]) -> alt.Legend | None:
    if len(names) == 1:
        return None
    return alt.Legend(
        title=None,
        orient="bottom",
        symbolSize=400,
        symbolStrokeWidth=2,
        labelColor=INK,
        labelLimit=300,
    )


def _limit(limit: tuple[float, str] | None) -> list[alt.Chart]:
    if limit is None:
        return []
    base = alt.Chart(alt.InlineData(values=[{"value": limit[0], "text": limit[1]}]))
    place = base.encode(y="value:Q")
    words = place.encode(x=alt.value(0), text="text:N")
    return [
        place.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6),
        words.mark_text(align="left", dx=6, dy=-9, color=BAD_TEXT, fontWeight=600),
    ]


def _axis(*, share: bool) -> alt.Axis:
    if share:
        return alt.Axis(format=".3~%", labelExpr=SPACED_PERCENT, tickCount=5)
    return alt.Axis(format=".4~g", tickCount=5)


def _percent(value: float) -> str:
    return share_text(value)


def _plain(unit: str) -> Callable[[float], str]:
    return lambda value: f"{value:.3g} {unit}"


def _description(known: pl.DataFrame, text: Callable[[float], str], zone: str) -> str:
    several = known["name"].n_unique() > 1
    parts = []
    for (name,), own in known.group_by("name", maintain_order=True):
        top = own.sort("value", "ts").row(-1, named=True)
        middle, low = own.select(
            pl.col("value").median().alias("middle"), pl.col("value").min().alias("low")
        ).row(0)
        words = (
            f"usually {text(middle)}, lowest {text(low)}, highest {text(top['value'])} on"
            f" {instant_text(top['ts'], zone)}."
        )
        parts.append(f"{name}: {words}" if several else words[0].upper() + words[1:])
    return " ".join(parts)
