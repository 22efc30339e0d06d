"""How each group of an SLO did in a period, from its tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from rtobs.analytics.frames import BUDGET, TILES, TIME, check
from rtobs.analytics.report.model import History, LongRun, Standing, Verdict
from rtobs.analytics.report.periods import Period
from rtobs.analytics.slo.burn import budget_number
from rtobs.analytics.slo.verdicts import verdict, verdicts
from rtobs.analytics.statistics.proportions import clopper_pearson
from rtobs.model.duration import Duration
from rtobs.model.slo import ResolvedSlo

__all__ = ["standings", "within"]

_TILE: Final = Duration.parse("5m")
_ENOUGH: Final = 0.9  # of a period must be known to compare with it
_BY_TROUBLE: Final = tuple(Verdict)


def standings(history: History, period: Period, *, level: float) -> tuple[Standing, ...]:
    """Every group with its SLI, verdict and budget, most trouble first.

    The SLI is the share of good events of the whole period. The share of the budget that was
    spent is `bad / total / budget x coverage`, as of a calendar budget
    (`rtobs.analytics.slo.calendar`). What remains is the rolling budget at the last evaluation in
    the period: the number that dashboards show and that alerts compare.

    Args:
        history: TILES and BUDGET of the SLO; groups are those of its tiles.
        period: which period.
        level: how often an interval holds the true SLI.

    Returns:
        At least one standing: an SLO without any tile has one without data.
    """
    tiles = check(history.tiles, TILES)
    now, before = _sums(tiles, period), _sums(tiles, period.previous)
    left = _remaining(history.budget, period)
    ahead = _long_runs(within(tiles, period), history.slo, level)
    groups = sorted({*now, *before, *left}) or [""]
    known = _Known(history.slo, level, now, before)
    found = [_standing(group, known, left.get(group), ahead.get(group)) for group in groups]
    return tuple(sorted(found, key=_trouble))


def _trouble(standing: Standing) -> tuple[int, float, float, str]:
    remaining = 2.0 if standing.remaining is None else standing.remaining
    return (
        _BY_TROUBLE.index(standing.verdict),
        remaining,
        -(standing.spent or 0.0),
        standing.group,
    )


def within(frame: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Rows whose interval ends in the period: the one that ends when it begins is not in it."""
    return frame.filter((pl.col("ts") > _time(period.start)) & (pl.col("ts") <= _time(period.end)))


def _time(instant: datetime) -> pl.Expr:
    return pl.lit(instant).cast(TIME)


Sums = tuple[float, float, float]  # total, bad, coverage
_NOTHING: Final[Sums] = (0.0, 0.0, 0.0)


def _sums(tiles: pl.DataFrame, period: Period) -> Mapping[str, Sums]:
    seen = (
        within(tiles, period)
        .group_by("group")
        .agg(
            pl.col("total").sum(),
            pl.col("bad").sum(),
            coverage=pl.col("total").is_not_null().sum() * (_TILE.seconds / period.seconds),
        )
    )
    return {
        group: (total, min(max(bad, 0.0), total), min(coverage, 1.0))
        for group, total, bad, coverage in seen.select("group", "total", "bad", "coverage").rows()
    }


def _remaining(budget: pl.DataFrame, period: Period) -> Mapping[str, float | None]:
    last = (
        within(check(budget, BUDGET), period)
        .group_by("group")
        .agg(pl.col("remaining").sort_by("ts").last())
    )
    return dict(last.select("group", "remaining").rows())


def _long_runs(tiles: pl.DataFrame, slo: ResolvedSlo, level: float) -> Mapping[str, LongRun]:
    rows = verdicts(tiles, slo, level=level).select("group", "low", "high", "verdict").rows()
    return {group: LongRun(1 - high, 1 - low, Verdict(word)) for group, low, high, word in rows}


@dataclass(frozen=True, slots=True)
class _Known:
    slo: ResolvedSlo
    level: float
    now: Mapping[str, Sums]
    before: Mapping[str, Sums]


def _standing(group: str, known: _Known, left: float | None, ahead: LongRun | None) -> Standing:
    now, before = known.now.get(group, _NOTHING), known.before.get(group, _NOTHING)
    total, bad, coverage = now
    share = clopper_pearson(bad, total, level=known.level)
    word = Verdict(verdict(share.low, share.high, budget_number(known.slo)))
    seen = total > 0
    return Standing(
        group=group,
        total=total,
        bad=bad,
        sli=1 - bad / total if seen else None,
        low=1 - share.high if seen else None,
        high=1 - share.low if seen else None,
        verdict=word if seen else Verdict.NO_DATA,
        long_run=ahead if seen else None,
        spent=_spent(now, known.slo),
        spent_before=_spent(before, known.slo) if before[2] >= _ENOUGH else None,
        remaining=left,
        coverage=coverage,
    )


def _spent(sums: Sums, slo: ResolvedSlo) -> float | None:
    total, bad, coverage = sums
    return bad / total / budget_number(slo) * coverage if total > 0 else None
