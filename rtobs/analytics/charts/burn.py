"""Burn rates of the windows that alert, each beside the factor that it alerts at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import altair as alt
import polars as pl

from rtobs.analytics.charts.look import BAD, BAD_TEXT, CALM, WIDTH, Chart, styled
from rtobs.analytics.charts.rows import inline, segments, thin
from rtobs.analytics.charts.times import span_text, time_axis
from rtobs.analytics.frames import BURN, check
from rtobs.conventions import Severity
from rtobs.model.alerting import Tier

__all__ = ["burn_by_window"]

_LOWEST: Final = 0.1  # a logarithm has no zero; less than this is drawn here
_TICKS: Final = (0.1, 1, 10, 100, 1000)
_ROW_HEIGHT: Final = 74
_POINTS: Final = WIDTH


def burn_by_window(burn: pl.DataFrame, tiers: Sequence[Tier], *, zone: str = "UTC") -> Chart:
    """One row for each tier: the burn rate of its long window, and the factor that it fires at.

    With groups, each instant shows the group that burns fastest.

    Args:
        burn: BURN of one SLO; windows that no tier has are left out.
        tiers: the SLO's tiers, fastest first.
        zone: time zone of the axis.

    Raises:
        FrameError: the frame has wrong columns.
        ValueError: no tier has a burn rate to draw.
    """
    worst = (
        check(burn, BURN)
        .filter(pl.col("window_s").is_in([tier.long.seconds for tier in tiers]))
        .drop_nulls("burn_rate")
        .group_by("window_s", "ts")
        .agg(pl.col("burn_rate").max())
        .sort("window_s", "ts")
    )
    if worst.is_empty():
        raise ValueError("there is no burn rate to draw")
    drawn = [tier for tier in tiers if tier.long.seconds in worst["window_s"].unique().to_list()]
    start, end = worst["ts"].min(), worst["ts"].max()
    assert isinstance(start, datetime)  # noqa: S101  # a datetime column with rows
    assert isinstance(end, datetime)  # noqa: S101
    ends = (start, max(end, start + timedelta(minutes=1)))
    factors = [float(tier.factor) for tier in drawn]
    highest = max(100.0, *factors, *worst["burn_rate"].to_list())
    rows = [_row(worst, tier, highest, _axis(ends, zone, last=tier is drawn[-1])) for tier in drawn]
    chart: Chart = alt.vconcat(*rows, spacing=14).resolve_scale(x="shared", y="shared")
    return styled(
        chart,
        "Burn rate by window",
        "1 spends exactly the budget; alerts need their long and their short window above the line",
        " ".join(_sentences(worst, drawn)),
    )


def _axis(ends: tuple[datetime, datetime], zone: str, *, last: bool) -> alt.X:
    return time_axis(*ends, zone, named=last, labels=last)


def _row(worst: pl.DataFrame, tier: Tier, highest: float, axis: alt.X) -> Chart:
    factor = float(tier.factor)
    whole = segments(worst.filter(pl.col("window_s") == tier.long.seconds), x="ts")
    thinned = thin(whole, x="ts", y="burn_rate", points=_POINTS)
    rows = thinned.select("ts", "segment", pl.col("burn_rate").clip(_LOWEST))
    y = alt.Y(
        "burn_rate:Q",
        scale=alt.Scale(type="log", domain=[_LOWEST, highest], nice=False),
        axis=alt.Axis(values=[tick for tick in _TICKS if tick <= highest], format="~g"),
        title=_row_title(tier),
    )
    above = (
        alt.Chart(inline(_above(thinned, factor)))
        .mark_area(color=BAD, opacity=0.35)
        .encode(x=axis, y=y, y2="factor:Q", detail="segment:O")
    )
    base = alt.Chart(inline(rows)).encode(x=axis, detail="segment:O")
    line = base.mark_line(color=CALM, strokeWidth=1.4, strokeJoin="round").encode(y=y)
    limit = alt.Chart(alt.InlineData(values=[{"factor": factor, "text": f"{factor:g}"}]))
    height = alt.Y("factor:Q", title=_row_title(tier))
    rule = limit.mark_rule(color=BAD, strokeDash=[6, 3], strokeWidth=1.6).encode(y=height)
    name = limit.mark_text(align="left", dx=6, color=BAD_TEXT, fontWeight=600).encode(
        y=height, x=alt.value("width"), text="text:N"
    )
    return alt.layer(above, rule, line, name).properties(width=WIDTH, height=_ROW_HEIGHT)


def _above(rates: pl.DataFrame, factor: float) -> pl.DataFrame:
    """The points above the factor; those of one excursion share a segment."""
    over = pl.col("burn_rate") > factor
    return (
        rates.with_columns((over != over.shift()).fill_null(value=True).cum_sum().alias("segment"))
        .filter(over)
        .select("ts", "segment", "burn_rate", factor=pl.lit(factor))
    )


def _asks(tier: Tier) -> str:
    words = {Severity.CRITICAL: "page", Severity.WARNING: "ticket", Severity.INFO: "information"}
    return words[tier.severity]


def _row_title(tier: Tier) -> str:
    asks = "" if tier.name == _asks(tier) else f" ({_asks(tier)})"
    return f"{tier.name}{asks}: burn rate over {tier.long.words()}"


def _sentences(worst: pl.DataFrame, tiers: Sequence[Tier]) -> Iterator[str]:
    for tier in tiers:
        rates = worst.filter(pl.col("window_s") == tier.long.seconds).sort("ts")
        peak = rates.select(pl.col("burn_rate").max()).item()
        step = rates["ts"].diff().median()
        above = rates.filter(pl.col("burn_rate") > float(tier.factor)).height
        seconds = above * step.total_seconds() if isinstance(step, timedelta) else 0.0
        yield (
            f"Over {tier.long.words()} the highest burn rate is {peak:.3g}, the {tier.name} tier"
            f" asks for a {_asks(tier)} above {float(tier.factor):g}"
            + (f" and its long window is above for {span_text(seconds)}." if above else ", never.")
        )
