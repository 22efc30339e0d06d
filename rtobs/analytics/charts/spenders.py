"""Who spent the budget, as bars."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import CALM, INK, SPACED_PERCENT, WIDTH, Chart, styled
from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.charts.rows import inline
from rtobs.analytics.frames import check
from rtobs.analytics.slo.spenders import SPENDERS

__all__ = ["budget_spenders"]

_MOST_BARS: Final = 10
_BAR: Final = 24
_NAME_WIDTH: Final = 190
_UNNAMED: Final = "without name"
_UNEXPLAINED: Final = "not explained"


def budget_spenders(spenders: pl.DataFrame) -> Chart:
    """A bar for each spender: its share of the bad events; a line: its share of all events.

    A bar far longer than its line is a spender that is worse than the rest. The first ten are
    drawn, the others are one bar.

    Args:
        spenders: SPENDERS of one SLO, group and label.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: nobody spent anything.
    """
    ranked = check(spenders, SPENDERS).sort("rank")
    known = ranked.select(
        pl.col("value").replace("", _UNNAMED).fill_null(_UNEXPLAINED).alias("name"),
        pl.col("bad_share").fill_nan(None).alias("spent"),
        pl.col("expected_share").fill_nan(None).alias("traffic"),
    ).drop_nulls("spent")
    if known.filter(pl.col("spent") > 0).is_empty():
        raise ValueError("nobody spent any budget")
    label = ranked["label"][0]
    rows = _cut(known)
    names = rows["name"].to_list()
    text = [share_text(spent) for spent in rows["spent"]]
    data = inline(rows.with_columns(pl.Series("text", text, dtype=pl.String)))
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=names, title=label, axis=alt.Axis(labelLimit=_NAME_WIDTH))
    )
    x = alt.X(
        "spent:Q",
        axis=alt.Axis(format=".0%", labelExpr=SPACED_PERCENT, tickCount=5),
        scale=alt.Scale(domainMin=0),
        title="share of all bad events (bar) and of all events (line) (%)",
    )
    chart = alt.layer(
        base.mark_bar(color=CALM, height=13).encode(x=x),
        base.mark_tick(color=INK, thickness=2.5, size=19).encode(x=alt.X("traffic:Q")),
        base.mark_text(align="left", dx=7, color=INK, fontWeight=600).encode(
            x=alt.X("far:Q"), text="text:N"
        ),
    ).properties(width=WIDTH - _NAME_WIDTH // 2, height=_BAR * len(names))
    return styled(
        chart,
        "Who spent the budget",
        "bar: share of the bad events; line: share of all events",
        _description(known, label),
    )


def _cut(known: pl.DataFrame) -> pl.DataFrame:
    rest = known.slice(_MOST_BARS)
    rows = known.head(_MOST_BARS)
    if not rest.is_empty():
        others = rest.select(
            pl.lit(f"{rest.height} others").alias("name"), pl.col("spent", "traffic").sum()
        )
        rows = pl.concat([rows, others])
    return rows.with_columns(pl.max_horizontal("spent", "traffic").alias("far"))


def _description(known: pl.DataFrame, label: str) -> str:
    first = known.head(3).rows(named=True)
    each = "; ".join(
        f"{row['name']} {share_text(row['spent'])}{_of_traffic(row['traffic'])}" for row in first
    )
    return f"Shares of the bad events by {label}, of {known.height}: {each}."


def _of_traffic(share: float | None) -> str:
    return "" if share is None else f" with {share_text(share)} of the events"
