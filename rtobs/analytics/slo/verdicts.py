"""Was the objective met? Met, missed, or too little data to say.

The share of bad events that was counted is a fact about those events. Whether the service keeps its
objective is a question about its long-run share, and that is known only within an interval: few
events say little, and events that are bad together say less than their number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Literal

import polars as pl

from rtobs.analytics.frames import TILES, Schema, check
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.statistics.dispersion import overdispersion, periods
from rtobs.analytics.statistics.proportions import clopper_pearson
from rtobs.analytics.statistics.timeline import Timeline, timelines
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["TRAFFIC", "VERDICTS", "Verdict", "minimum_traffic", "verdict", "verdicts"]

Verdict = Literal["met", "missed", "undecided"]

VERDICTS: Final = Schema(
    "verdicts",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "verdict": pl.String,  # met, missed or undecided
        "total": pl.Float64,  # events
        "bad": pl.Float64,
        "error_ratio": pl.Float64,  # bad / total; null without events
        "low": pl.Float64,  # bounds of the long-run error ratio
        "high": pl.Float64,
        "error_budget": pl.Float64,  # the error ratio that the objective allows
        "period_s": pl.Int32,  # what was counted together to see how events cluster; null: nothing
        "overdispersion": pl.Float64,  # variance of those counts over that of independent events
        "effective_total": pl.Float64,  # independent events that would say as much
    },
    ("slo_id", "group"),
)
TRAFFIC: Final = Schema(
    "minimum traffic",
    {
        "slo_id": pl.String,
        "tier": pl.String,
        "severity": pl.String,
        "long_s": pl.Int32,  # long window of the tier
        "threshold": pl.Float64,  # error ratio above which it fires
        "one_bad": pl.Int64,  # fewest events in the long window with which one bad does not fire
        "min_bad": pl.Int64,  # fewest bad events that may fire, as the tier says
        "min_bad_total": pl.Int64,  # fewest events with which `min_bad` bad ones do not fire
    },
    ("slo_id", "long_s", "tier"),
)
_PERIODS: Final = tuple(Duration.parse(text) for text in ("1d", "1h", "5m"))
_ENOUGH_PERIODS: Final = 10


def verdict(low: float, high: float, error_budget: float) -> Verdict:
    """Whether an interval of the error ratio lies within the budget, beyond it, or across."""
    if high <= error_budget:
        return "met"
    return "missed" if low > error_budget else "undecided"


def verdicts(tiles: pl.DataFrame, slo: ResolvedSlo, *, level: float = 0.95) -> pl.DataFrame:
    """The verdict on each group of an SLO.

    The interval is Clopper and Pearson's, of as many events as are independent: counts of days (of
    hours, of tiles, where there are fewer than ten) show how much more than chance they vary.
    Tiles whose bad events nobody counted (null) are left out, while the budget counts their events
    as good: the error ratio here may be the larger one.

    Args:
        tiles: TILES of the time to judge.
        slo: whose; rows of other SLOs are left out.
        level: share of such intervals that hold the true error ratio.

    Returns:
        VERDICTS; "undecided" for a single tile, whose clustering nobody knows.

    Raises:
        FrameError: the frame is no TILES.
        ValueError: the level is not between 0 and 1.
    """
    own = check(tiles, TILES).filter(pl.col("slo_id") == slo.slo_id)
    rows = [_row(line, budget_number(slo), level) for line in timelines(own)]
    return pl.DataFrame(rows, schema=dict(VERDICTS.columns), orient="row").sort(VERDICTS.key)


def _row(line: Timeline, error_budget: float, level: float) -> tuple[object, ...]:
    bad, total = line.counts
    period, factor = next(_clustering(line), (None, None))
    found = clopper_pearson(bad, total, level=level, overdispersion=factor or 1.0)
    decided = verdict(found.low, found.high, error_budget) if factor else "undecided"
    return (
        line.slo_id,
        line.group,
        decided,
        total,
        bad,
        None if math.isnan(found.estimate) else found.estimate,
        found.low,
        found.high,
        error_budget,
        period,
        factor,
        total / factor if factor else None,
    )


def _clustering(line: Timeline) -> Iterator[tuple[int, float]]:
    """(seconds, overdispersion) of periods that are many enough, longest first; then of any."""
    for least in (_ENOUGH_PERIODS, 2):
        for period in _PERIODS:
            bad, total = periods(line, period)
            if (total > 0).sum() >= least:
                yield period.seconds, overdispersion(bad, total)


def minimum_traffic(slo: ResolvedSlo) -> pl.DataFrame:
    """How many events the long window of each tier needs, so that one bad event does not alert.

    A tier fires when the error ratio exceeds its threshold (burn factor x error budget), so one bad
    event of N fires while N < 1 / threshold. `min_bad` of the tier guards services with less.

    Args:
        slo: the SLO.

    Returns:
        TRAFFIC, one row a tier; events in the long window (minutes, where the SLO counts those).
    """
    rows = [
        (
            slo.slo_id,
            tier.name,
            str(tier.severity),
            tier.long.seconds,
            float(tier.threshold),
            _fewest(1, tier.threshold),
            tier.min_bad,
            _fewest(max(tier.min_bad, 1), tier.threshold),
        )
        for tier in slo.tiers
    ]
    return pl.DataFrame(rows, schema=dict(TRAFFIC.columns), orient="row").sort(TRAFFIC.key)


def _fewest(bad: int, threshold: Fraction) -> int:
    return math.ceil(bad / threshold)
