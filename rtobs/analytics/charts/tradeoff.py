"""Alert policies beside each other: how fast, and at what price."""

from __future__ import annotations

import math
from typing import Any, Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import BAD, CALM, INK, WIDTH, Chart, styled
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.charts.times import span_text
from rtobs.analytics.frames import Schema, check

__all__ = ["POLICIES", "policy_tradeoff"]

POLICIES: Final = Schema(
    "policies",
    {
        "policy": pl.String,
        "detection_s": pl.Float64,  # median from the start of an incident to its alert
        "pages_per_week": pl.Float64,
        "precision": pl.Float64,  # share of alerts that meet an incident
        "recall": pl.Float64,  # share of incidents that are alerted
        "chosen": pl.Boolean,  # the one in use, or recommended
    },
    ("policy",),
)


_MINUTES: Final = (0.5, 1, 2, 5, 10, 20, 60, 120, 360, 1440, 4320)


def policy_tradeoff(policies: pl.DataFrame) -> Chart:
    """A mark for each policy: median detection against pages a week; left and low is better.

    A full mark finds every incident, a hollow one misses some; the chosen one is a diamond.

    Args:
        policies: a frame of POLICIES.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: no policy has a detection time.
    """
    known = check(policies, POLICIES).sort("policy")
    known = known.filter(pl.col("detection_s").is_not_null() & pl.col("detection_s").is_not_nan())
    if known.is_empty():
        raise ValueError("no policy has a detection time")
    rows = known.with_columns(
        (pl.col("detection_s") / 60).clip(0.5).alias("minutes"),
        pl.when("chosen").then(pl.lit("chosen")).otherwise(pl.lit("other")).alias("state"),
        (pl.col("recall") >= 1).alias("all"),
    )
    x = alt.X(
        "minutes:Q",
        scale=alt.Scale(type="log", nice=True, padding=24),
        axis=alt.Axis(format="~g", values=list(_MINUTES)),
        title="median time from start to alert (minutes)",
    )
    y = alt.Y("pages_per_week:Q", title="pages a week", scale=alt.Scale(domainMin=0, padding=12))
    base = alt.Chart(inline(rows)).encode(x=x, y=y)
    marks = base.mark_point(strokeWidth=2, opacity=1).encode(
        shape=_by_state(alt.Shape, ["circle", "diamond"]),
        stroke=_by_state(alt.Stroke, [CALM, BAD]),
        fill=_by_state(alt.Fill, [CALM, BAD]),
        size=_by_state(alt.Size, [90, 190]),
        fillOpacity=alt.condition("datum.all", alt.value(1), alt.value(0)),
    )
    names = base.mark_text(align="left", dx=10, dy=-8, color=INK).encode(text="policy:N")
    chart = alt.layer(marks, names).properties(width=WIDTH, height=300)
    return styled(
        chart,
        "Detection against pages",
        "full: every incident was found; hollow: some were missed; diamond: chosen",
        _description(known),
    )


def _by_state(channel: Any, values: list[Any]) -> Any:  # noqa: ANN401  # four kinds of channel
    return channel(
        "state:N", legend=None, scale=alt.Scale(domain=["other", "chosen"], range=values)
    )


_MOST_NAMED: Final = 6


def _description(known: pl.DataFrame) -> str:
    ordered = known.sort("detection_s", "policy").head(_MOST_NAMED)
    each = "; ".join(
        f"{row['policy']}{' (chosen)' if row['chosen'] else ''} {span_text(row['detection_s'])},"
        f" {_rate(row['pages_per_week'])} pages a week, recall {share_text(row['recall'])},"
        f" precision {share_text(row['precision'])}"
        for row in ordered.rows(named=True)
    )
    return f"Policies by median detection, fastest of {known.height}: {each}."


def _rate(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2g}"
