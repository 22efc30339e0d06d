"""The worst window of every length: many short outages or few long ones?"""

from __future__ import annotations

import json
from fractions import Fraction
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
from rtobs.analytics.charts.percent import Number, objective_text, sli_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.charts.times import span_text
from rtobs.analytics.frames import check
from rtobs.analytics.statistics.worst import WORST

__all__ = ["worst_windows"]

_TICKS: Final = (300, 3_600, 21_600, 86_400, 259_200, 604_800, 2_592_000)
_SMALLEST_SHARE: Final = 1e-6


def worst_windows(curve: pl.DataFrame, objective: Number) -> Chart:
    """The share of bad events in the worst window of each length, both on logarithmic axes.

    A curve that falls early had short outages, one that stays high had a long one (Hauer et al.,
    "Meaningful Availability", NSDI 2020).

    Args:
        curve: WORST of one SLO and group (`rtobs.analytics.statistics.worst_windows`).
        objective: the SLO's objective.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: there is no window to draw.
    """
    known = check(curve, WORST).sort("window_s").drop_nulls("sli")
    if known.is_empty():
        raise ValueError("there is no window to draw")
    budget = float(1 - Fraction(objective))
    least = max(_SMALLEST_SHARE, budget / 100)
    rows = inline(known.select("window_s", bad=(1 - pl.col("sli")).clip(least)))
    ticks = [tick for tick in _TICKS if known["window_s"].min() <= tick <= known["window_s"].max()]  # type: ignore[operator]
    names = json.dumps({str(tick): span_text(tick) for tick in ticks})
    x = alt.X(
        "window_s:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=ticks, labelExpr=f"{names}[datum.value]"),
        title="length of the window",
    )
    y = alt.Y(
        "bad:Q",
        scale=alt.Scale(type="log", domain=[least, 1], nice=False),
        axis=alt.Axis(
            format="~%",
            labelExpr=SPACED_PERCENT,
            values=[10.0**-power for power in range(7) if 10.0**-power >= least],
        ),
        title="bad events in the worst window (%)",
    )
    text = f"budget of the objective {objective_text(objective)}"
    limit = alt.Chart(alt.InlineData(values=[{"bad": budget, "text": text}])).encode(y=y)
    base = alt.Chart(rows).encode(x=x, y=y)
    chart = alt.layer(
        limit.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6),
        limit.mark_text(align="left", dx=5, dy=10, color=BAD_TEXT, fontWeight=600).encode(
            text="text:N", x=alt.value(0)
        ),
        base.mark_line(color=CALM, strokeWidth=2.2, interpolate="linear"),
        base.mark_point(color=INK, filled=True, size=24, opacity=1),
    ).properties(width=WIDTH, height=200)
    return styled(
        chart,
        "Worst window of every length",
        "short outages fall off early, a long one stays high",
        _description(known, objective),
    )


def _description(known: pl.DataFrame, objective: Number) -> str:
    chosen = [row for row in known.rows(named=True) if row["window_s"] in _TICKS] or [
        known.row(0, named=True),
        known.row(-1, named=True),
    ]
    each = "; ".join(
        f"{span_text(row['window_s'])}: {sli_text(row['sli'], objective)}" for row in chosen
    )
    within = known.filter(pl.col("sli") >= float(objective))
    kept = (
        f"From windows of {span_text(within['window_s'][0])} on the objective is kept somewhere."
        if not within.is_empty()
        else "No window length keeps the objective everywhere."
    )
    return f"SLI of the worst window by its length: {each}. {kept}"
