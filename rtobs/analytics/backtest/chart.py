"""The trade-off between the policies that were tried, as a picture with words."""

from __future__ import annotations

import polars as pl

from rtobs.analytics.backtest.policies import SHIPPED
from rtobs.analytics.backtest.recommend import pareto, recommend
from rtobs.analytics.backtest.sweep import SCORES
from rtobs.analytics.charts.look import Chart
from rtobs.analytics.charts.tradeoff import POLICIES, policy_tradeoff
from rtobs.analytics.frames import check

__all__ = ["trade_off"]


def trade_off(scores: pl.DataFrame) -> Chart:
    """Median detection against pages a week of the policies that are worth a look.

    Those are what is shipped, what is recommended (the diamond), and what no other beats; of those
    at the same place one is shown. The colours are Okabe and Ito's, and `describe` gives the
    picture in words.

    Args:
        scores: SCORES.

    Raises:
        FrameError: the frame is no SCORES.
        ValueError: no policy was tried, or none found an incident.
    """
    tried = check(scores, SCORES)
    best = recommend(tried).policy
    worth = pareto(tried) | tried["policy"].is_in([best, SHIPPED])
    first = pl.col("policy") == best, pl.col("policy") == SHIPPED
    shown = tried.filter(worth).sort(*first, descending=True, maintain_order=True)
    place = ("detection_p50_s", "pages_per_week", "recall")
    rows = shown.unique(place, keep="first", maintain_order=True).select(
        "policy",
        pl.col("detection_p50_s").alias("detection_s"),
        pl.col("pages_per_week").fill_null(float("nan")),
        pl.col("precision").fill_null(float("nan")),
        pl.col("recall").fill_null(float("nan")),
        (pl.col("policy") == best).alias("chosen"),
    )
    return policy_tradeoff(check(rows, POLICIES))
