"""Latency as bands: a histogram knows a quantile only between two of its bounds."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import (
    BAD,
    BAD_TEXT,
    DASHES,
    INK,
    PAPER,
    SERIES_COLOURS,
    WIDTH,
    Chart,
    styled,
)
from rtobs.analytics.charts.rows import inline, segments, thin
from rtobs.analytics.charts.times import time_axis
from rtobs.analytics.frames import TIME, Schema, check

__all__ = ["BANDS", "latency_bands"]

BANDS: Final = Schema(
    "latency bands",
    {
        "quantile": pl.Float64,  # 0.5, 0.9, 0.99
        "ts": TIME,  # end of the window
        "lower": pl.Float64,  # bound of the histogram below the quantile, seconds
        "value": pl.Float64,  # interpolated between the two
        "upper": pl.Float64,  # bound above; infinite: slower than the last bound
    },
    ("quantile", "ts"),
)
_MOST_LINES: Final = len(DASHES)
_HEIGHT: Final = 230
_ROOM: Final = 1.15
_MOST_POWERS: Final = 5


def latency_bands(
    bands: pl.DataFrame,
    *,
    threshold: float | None = None,
    zone: str = "UTC",
    title: str = "Latency",
) -> Chart:
    """A line for each quantile within the band of the two bounds that hold it.

    Args:
        bands: a frame of BANDS with at most five quantiles.
        threshold: limit of the SLI in seconds, None for no line.
        zone: time zone of the axis.
        title: what was measured.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: there is nothing to draw, or too much.
    """
    known = check(bands, BANDS).drop_nulls("value").filter(pl.col("value").is_finite())
    known = known.filter(pl.col("value") > 0).sort("quantile", "ts")
    quantiles = known["quantile"].unique().sort(descending=True).to_list()
    if not 1 <= len(quantiles) <= _MOST_LINES:
        raise ValueError(f"1 to {_MOST_LINES} quantiles can be drawn, not {len(quantiles)}")
    start, end = known["ts"].min(), known["ts"].max()
    assert isinstance(start, datetime)  # noqa: S101  # a datetime column with rows
    assert isinstance(end, datetime)  # noqa: S101
    axis = time_axis(start, max(end, start + timedelta(minutes=1)), zone)
    names = [_name(quantile) for quantile in quantiles]
    rows = _rows(known)
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(type="log", domain=_ends(rows, threshold), nice=False),
        axis=alt.Axis(format="~g", values=_ticks(rows, threshold)),
        title="seconds",
    )
    base = alt.Chart(inline(rows)).encode(
        x=axis,
        color=alt.Color(
            "name:N", legend=None, scale=alt.Scale(domain=names, range=[*SERIES_COLOURS])
        ),
        detail="segment:O",
    )
    band = base.mark_area(opacity=0.16, interpolate="step-before").encode(
        y=alt.Y("lower:Q", title="seconds"), y2="upper:Q"
    )
    line = base.mark_line(strokeWidth=1.8).encode(
        y=y,
        strokeDash=alt.StrokeDash(
            "name:N",
            legend=None,
            scale=alt.Scale(domain=names, range=[list(dash) for dash in DASHES]),
        ),
    )
    last = rows.group_by("name").agg(pl.col("ts", "value").sort_by("ts").last()).sort("name")
    label = (
        alt.Chart(inline(last))
        .mark_text(align="left", dx=6, color=INK, fontWeight=600)
        .encode(x=axis, y=y, text="name:N")
    )
    layers = [band, line, label, *_limit(threshold)]
    chart = alt.layer(*layers).properties(width=WIDTH, height=_HEIGHT)
    return styled(
        chart,
        title,
        "lines: interpolated quantiles; bands: the bounds of the histogram between which they lie",
        _description(known, threshold),
    )


def _name(quantile: float) -> str:
    return f"p{quantile * 100:g}"


def _rows(known: pl.DataFrame) -> pl.DataFrame:
    cut = segments(known, x="ts", by=["quantile"])
    thinned = thin(cut, x="ts", y="value", by=["quantile"])
    lowest = pl.col("value").min() / 2
    return thinned.with_columns(
        pl.col("quantile").map_elements(_name, return_dtype=pl.String).alias("name"),
        pl.col("lower").clip(lowest),
        pl.when(pl.col("upper").is_finite())
        .then("upper")
        .otherwise(pl.max_horizontal("value", "lower"))
        .alias("upper"),
    )


def _ends(rows: pl.DataFrame, threshold: float | None) -> list[float]:
    values = [*rows["lower"].to_list(), *rows["upper"].to_list(), *rows["value"].to_list()]
    values += [] if threshold is None else [threshold]
    return [min(values) / _ROOM, max(values) * _ROOM]


def _ticks(rows: pl.DataFrame, threshold: float | None) -> list[float]:
    """1, 2 and 5 of every power of ten; only powers where that is too many."""
    low, high = _ends(rows, threshold)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(powers) <= _MOST_POWERS else (1,)
    # As decimal text, because 10.0 ** -3 * 2 is not 0.002.
    return [float(f"{step}e{power}") for power in powers for step in steps]


def _limit(threshold: float | None) -> list[alt.Chart]:
    if threshold is None:
        return []
    text = f"limit {threshold:g} s"
    base = alt.Chart(alt.InlineData(values=[{"value": threshold, "text": text}]))
    y = alt.Y("value:Q", title="seconds")
    rule = base.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6).encode(y=y)
    # The words stand on lines and bands: a rim in the colour of the paper keeps them readable.
    place = base.encode(y=y, x=alt.value(0), text="text:N")
    rim = place.mark_text(
        align="left", dx=6, dy=-9, fontWeight=600, stroke=PAPER, strokeWidth=4, strokeJoin="round"
    )
    return [rule, rim, place.mark_text(align="left", dx=6, dy=-9, color=BAD_TEXT, fontWeight=600)]


def _description(known: pl.DataFrame, threshold: float | None) -> str:
    parts = []
    for quantile, group in known.group_by("quantile", maintain_order=True):
        number = quantile[0]
        assert isinstance(number, float)  # noqa: S101  # a column of floats
        middle, highest = group.select(
            pl.col("value").median().alias("middle"), pl.col("value").max().alias("highest")
        ).row(0)
        parts.append(f"{_name(number)} is usually {middle:.3g} s and at most {highest:.3g} s")
    text = "; ".join(parts) + "."
    return text if threshold is None else f"{text} The limit is {threshold:g} s."
