"""Latency against the rate of arrivals."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import (
    BAD,
    BAD_TEXT,
    DASHES,
    FAINT,
    INK,
    MUTED,
    SERIES_COLOURS,
    WIDTH,
    Chart,
    styled,
)
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.frames import check
from rtobs.analytics.inference import BY_RATE, CAPACITY

__all__ = ["capacity_text", "latency_by_load"]

_MOST: Final = len(DASHES)
_ROOM: Final = 1.3
# As decimal text, because 10.0 ** -3 * 2 is not 0.002.
_TICKS: Final = tuple(float(f"{step}e{power}") for power in range(-4, 4) for step in (1, 2, 5))


def latency_by_load(
    by_rate: pl.DataFrame, limit: float, title: str, *, broken: pl.DataFrame | None = None
) -> Chart:
    """A line for each quantile over the arrival rate; bars show the bucket that holds it.

    Args:
        by_rate: BY_RATE of one group.
        limit: of the latency, seconds.
        title: what was measured.
        broken: CAPACITY of the group; where the SLO breaks is shaded.

    Raises:
        FrameError: a frame has wrong columns.
        ValueError: there is nothing to draw, or too much.
    """
    known = check(by_rate, BY_RATE).filter(pl.col("estimate") > 0).sort(BY_RATE.key)
    quantiles = known["quantile"].unique().sort(descending=True).to_list()
    if not 1 <= len(quantiles) <= _MOST:
        raise ValueError(f"1 to {_MOST} quantiles can be drawn, not {len(quantiles)}")
    names = [_name(quantile) for quantile in quantiles]
    layers = [*_shade(broken), *_limit(limit), *_curves(known, names, limit)]
    chart = alt.layer(*layers).properties(width=WIDTH, height=260)
    return styled(
        chart,
        title,
        "lines: interpolated quantiles; bars: the bucket of the histogram that holds each",
        _description(known, limit),
    )


def _curves(known: pl.DataFrame, names: list[str], limit: float) -> list[alt.Chart]:
    rows = known.with_columns(
        pl.col("quantile").map_elements(_name, return_dtype=pl.String).alias("name"),
        pl.col("lower").clip(pl.col("estimate").min()),
        pl.when(pl.col("upper").is_finite()).then("upper").otherwise(pl.col("estimate").max()),
    )
    x = alt.X(
        "rate:Q",
        title="requests that arrive each second",
        axis=alt.Axis(format=".4~g", tickCount=8),
        scale=alt.Scale(domainMin=0, nice=False, padding=20),
    )
    y = alt.Y(
        "estimate:Q",
        title="seconds",
        scale=alt.Scale(type="log", domain=_ends(rows, limit), nice=False),
        axis=alt.Axis(format=".4~g", values=list(_TICKS)),
    )
    colours, dashes = SERIES_COLOURS[: len(names)], [list(dash) for dash in DASHES[: len(names)]]
    colour = alt.Color("name:N", legend=None, scale=alt.Scale(domain=names, range=list(colours)))
    dash = alt.StrokeDash("name:N", legend=None, scale=alt.Scale(domain=names, range=dashes))
    base = alt.Chart(inline(rows)).encode(x=x, color=colour)
    last = rows.group_by("name").agg(pl.col("rate", "estimate").sort_by("rate").last()).sort("name")
    label = alt.Chart(inline(last)).encode(x=x, y=y, text="name:N")
    return [
        base.mark_rule(strokeWidth=5, opacity=0.22).encode(y=alt.Y("lower:Q"), y2="upper:Q"),
        base.mark_line(strokeWidth=2, interpolate="linear").encode(y=y, strokeDash=dash),
        base.mark_point(filled=True, size=34, opacity=1).encode(y=y),
        label.mark_text(align="left", dx=7, color=INK, fontWeight=600),
    ]


def _ends(rows: pl.DataFrame, limit: float) -> list[float]:
    values = [limit, *rows["lower"], *rows["estimate"], *rows["upper"]]
    return [min(values) / _ROOM, max(values) * _ROOM]


def _name(quantile: float) -> str:
    return f"p{quantile * 100:g}"


def _limit(limit: float) -> list[alt.Chart]:
    base = alt.Chart(alt.InlineData(values=[{"estimate": limit, "text": f"limit {limit:g} s"}]))
    place = base.encode(y="estimate:Q")
    words = place.encode(x=alt.value(0), text="text:N")
    return [
        place.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6),
        words.mark_text(align="left", dx=6, dy=-9, color=BAD_TEXT, fontWeight=600),
    ]


def _shade(broken: pl.DataFrame | None) -> list[alt.Chart]:
    if broken is None or (row := check(broken, CAPACITY).row(0, named=True))["rate"] is None:
        return []
    low = row["rate"] if row["low"] is None else row["low"]
    high = row["rate"] if row["high"] is None else row["high"]
    data = alt.InlineData(values=[{"rate": low, "high": high, "at": row["rate"], "text": "breaks"}])
    base = alt.Chart(data)
    return [
        base.mark_rect(color=FAINT, opacity=0.22).encode(x="rate:Q", x2="high:Q"),
        base.mark_rule(color=MUTED, strokeWidth=1.6).encode(x=alt.X("at:Q")),
        base.mark_text(align="left", baseline="top", dx=4, dy=2, color=INK).encode(
            x=alt.X("at:Q"), y=alt.value(0), text="text:N"
        ),
    ]


def _description(known: pl.DataFrame, limit: float) -> str:
    parts = []
    for (quantile,), own in known.group_by("quantile", maintain_order=True):
        assert isinstance(quantile, float)  # noqa: S101  # a column of floats
        first, last = own.row(0, named=True), own.row(-1, named=True)
        parts.append(
            f"{_name(quantile)} goes from {first['estimate']:.3g} s at {first['rate']:.3g} requests"
            f" a second to {last['estimate']:.3g} s at {last['rate']:.3g}"
        )
    return f"{'; '.join(parts)}. The limit is {limit:g} s."


def capacity_text(found: pl.DataFrame) -> str:
    """At which rate a latency SLO breaks, and how sure that is, in one sentence.

    Args:
        found: CAPACITY of one group.
    """
    row = check(found, CAPACITY).row(0, named=True)
    seen = f"the highest rate that was seen is {row['highest']:.3g} requests a second"
    if row["rate"] is None:
        return f"It held at every rate; {seen}, so the capacity is above that."
    sure = ""
    if row["low"] is not None and row["high"] is not None:
        sure = f", in 90 of 100 resamples between {row['low']:.3g} and {row['high']:.3g}"
    return f"It breaks at {row['rate']:.3g} requests a second{sure}; {seen}."
