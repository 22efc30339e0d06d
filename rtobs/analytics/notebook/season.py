"""The week of a number: its usual value at each hour."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import DARK, GRID, LIGHT, PAPER, STEPS, Chart, styled
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.frames import TILES, check
from rtobs.analytics.statistics import season_profile

__all__ = ["traffic_by_hour", "week_of"]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS: Final = 24
_CELL: Final = (25, 22)
_WHITE_FROM: Final = 0.72


def traffic_by_hour(tiles: pl.DataFrame) -> pl.DataFrame:
    """Events of each whole hour of UTC.

    Args:
        tiles: TILES of one group.

    Returns:
        `ts` (begin of the hour) and `value` (events).
    """
    begun = (pl.col("ts") - pl.duration(minutes=5)).dt.truncate("1h")
    hours = check(tiles, TILES).group_by(begun).agg(pl.col("total").sum().alias("value"))
    return hours.sort("ts")


def week_of(values: pl.DataFrame, title: str, unit: str, *, zone: str = "UTC") -> Chart:
    """A cell for each hour of the week with the median of a number, darker for more.

    Args:
        values: `ts` and `value`.
        title: what was measured.
        unit: of the values, in words.
        zone: time zone of the week.

    Raises:
        ValueError: there is nothing to draw.
    """
    profile = season_profile(values, zone=zone)
    if profile.is_empty():
        raise ValueError("there is no hour to draw")
    hour = pl.col("hour_of_week").cast(pl.Int32)
    top = float(profile.select(pl.col("median").max()).item()) or 1.0
    rows = profile.select(
        (hour // _HOURS)
        .replace_strict(dict(enumerate(_DAYS)), return_dtype=pl.String)
        .alias("day"),
        (hour % _HOURS).alias("hour"),
        "median",
        pl.col("median").map_elements(lambda value: f"{value:.3g}", pl.String).alias("text"),
    )
    base = alt.Chart(inline(rows)).encode(
        x=alt.X(
            "hour:O",
            title=f"hour of the day ({zone})",
            axis=alt.Axis(labelAngle=0, domain=False, ticks=False),
        ),
        y=alt.Y("day:N", sort=list(_DAYS), title=None),
    )
    colour = alt.Color(
        "median:Q", legend=None, scale=alt.Scale(domain=[0, top], range=[PAPER, *STEPS])
    )
    cells = base.mark_rect(stroke=GRID, strokeWidth=1).encode(color=colour)
    digits = base.mark_text(fontSize=9).encode(
        text="text:N",
        color=alt.condition(
            f"datum.median > {_WHITE_FROM * top}", alt.value(LIGHT), alt.value(DARK)
        ),
    )
    width, height = _CELL
    chart = alt.layer(cells, digits).properties(width=width * _HOURS, height=height * len(_DAYS))
    subtitle = f"median of {unit}, by the hour in which they fall"
    return styled(chart, title, subtitle, _words(rows, unit))


def _words(rows: pl.DataFrame, unit: str) -> str:
    ordered = rows.sort("median", "day", "hour")
    low, high = ordered.row(0, named=True), ordered.row(-1, named=True)
    return (
        f"Most on {high['day']} from {high['hour']:02d}:00 with usually {high['text']} {unit},"
        f" least on {low['day']} from {low['hour']:02d}:00 with {low['text']}."
    )
