"""The trade-off between the policies that were tried, as a picture with words."""

from __future__ import annotations

import math
from typing import Any, Final

import altair as alt
import polars as pl

from rtobs.analytics.backtest.policies import SHIPPED
from rtobs.analytics.backtest.recommend import pareto, recommend
from rtobs.analytics.backtest.sweep import SCORES
from rtobs.analytics.charts.look import BAD, CALM, INK, WIDTH, Chart, styled
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.charts.times import span_text
from rtobs.analytics.frames import check

__all__ = ["trade_off"]

_MINUTES: Final = (0.5, 1, 2, 5, 10, 20, 60, 120, 360, 1440, 4320)
_MOST_NAMED: Final = 6


def trade_off(scores: pl.DataFrame) -> Chart:
    """Median detection against pages a week of the policies that are worth a look.

    Left and low is better. A full mark finds every incident, a hollow one misses some. Shown are
    what is shipped, what is recommended (the diamond), and what no other beats; of those at the
    same place one. The colours are Okabe and Ito's, and `describe` gives the picture in words.

    Args:
        scores: SCORES.

    Raises:
        FrameError: the frame is no SCORES.
        ValueError: no policy was tried, or none found an incident.
    """
    known = _worth_a_look(check(scores, SCORES))
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


def _worth_a_look(tried: pl.DataFrame) -> pl.DataFrame:
    """A row for each policy that is shown; `chosen` is the recommended one."""
    best = recommend(tried).policy
    worth = pareto(tried) | tried["policy"].is_in([best, SHIPPED])
    first = pl.col("policy") == best, pl.col("policy") == SHIPPED
    shown = tried.filter(worth).sort(*first, descending=True, maintain_order=True)
    place = ("detection_p50_s", "pages_per_week", "recall")
    return (
        shown.unique(place, keep="first", maintain_order=True)
        .filter(pl.col("detection_p50_s").is_not_null() & pl.col("detection_p50_s").is_not_nan())
        .select(
            "policy",
            pl.col("detection_p50_s").alias("detection_s"),
            pl.col("pages_per_week", "precision", "recall").fill_null(float("nan")),
            (pl.col("policy") == best).alias("chosen"),
        )
        .sort("policy")
    )


def _by_state(channel: Any, values: list[Any]) -> Any:  # noqa: ANN401  # four kinds of channel
    return channel(
        "state:N", legend=None, scale=alt.Scale(domain=["other", "chosen"], range=values)
    )


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
