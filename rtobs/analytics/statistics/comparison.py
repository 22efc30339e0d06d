"""Did it get worse? Two stretches of time, before and after a change.

The difference of shares has Newcombe's interval (see `proportions`), widened by how much the days
within each stretch vary (quasi-likelihood, McCullagh and Nelder 1989, section 4.5), with Student's
t because that is estimated from few days. Many comparisons at once are held to a false discovery
rate: Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from rtobs.analytics.frames import Schema
from rtobs.analytics.statistics.dispersion import DAY, pearson, periods
from rtobs.analytics.statistics.proportions import newcombe, wilson_at
from rtobs.analytics.statistics.timeline import Timeline, timelines
from rtobs.model.duration import Duration

__all__ = ["COMPARISON", "benjamini_hochberg", "compare"]

COMPARISON: Final = Schema(
    "comparisons",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "before": pl.Float64,  # error ratio
        "after": pl.Float64,  # error ratio
        "difference": pl.Float64,  # after - before; above 0: it got worse
        "low": pl.Float64,  # bounds of the difference; null: too few periods to know
        "high": pl.Float64,
        "overdispersion": pl.Float64,
        "p_value": pl.Float64,  # chance of such a difference if nothing changed
        "q_value": pl.Float64,  # false discovery rate if this and all smaller ones are believed
    },
    ("slo_id", "group"),
)


def compare(
    before: pl.DataFrame,
    after: pl.DataFrame,
    *,
    level: float = 0.95,
    period: Duration = DAY,
) -> pl.DataFrame:
    """The error ratios of two stretches of time, for every SLO and group that has events in both.

    Args:
        before: TILES.
        after: TILES of another time.
        level: of the interval of each difference, not adjusted for their number.
        period: what is counted together to see how much counts vary by themselves.

    Returns:
        COMPARISON; `low` to `q_value` are null where both stretches are one period long.

    Raises:
        FrameError: a frame is no TILES.
        ValueError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, such as 0.95; {level} does not")
    old = {(line.slo_id, line.group): line for line in timelines(before) if line.total.any()}
    new = {(line.slo_id, line.group): line for line in timelines(after) if line.total.any()}
    rows = [_row(old[key], new[key], level, period) for key in sorted(old.keys() & new.keys())]
    schema = dict(COMPARISON.columns)
    schema.pop("q_value")
    found = pl.DataFrame(rows, schema=schema, orient="row")
    known = found.filter(pl.col("p_value").is_not_null())
    adjusted = benjamini_hochberg(known["p_value"].to_numpy())
    values = iter(adjusted.tolist())
    q_values = [None if p is None else next(values) for p in found["p_value"].to_list()]
    return found.with_columns(pl.Series("q_value", q_values, pl.Float64))


def benjamini_hochberg(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The smallest false discovery rate at which each finding is still one.

    Believing every finding with a value of at most 0.1 is wrong in a tenth of the findings on
    average, when the tests are independent or positively dependent.

    Args:
        p_values: of all tests that were made, also those that found nothing.

    Returns:
        Adjusted values, in the same order.

    Raises:
        ValueError: a value is not between 0 and 1.
    """
    values = np.asarray(p_values, dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values lie between 0 and 1")
    count = len(values)
    order = np.argsort(-values, kind="stable")
    scaled = values[order] * (count / np.arange(count, 0, -1))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return adjusted


def _row(old: Timeline, new: Timeline, level: float, period: Duration) -> tuple[object, ...]:
    counts = [line.counts for line in (old, new)]
    (bad0, total0), (bad1, total1) = counts
    shares = (bad0 / total0, bad1 / total1)
    head = (old.slo_id, old.group, *shares, shares[1] - shares[0])
    fits = [pearson(*periods(line, period)) for line in (old, new)]
    freedom = sum(free for _, free in fits)
    if freedom == 0:
        return (*head, None, None, None, None)
    factor = max(1.0, sum(square for square, _ in fits) / freedom)
    quantile = float(special.stdtrit(freedom, (1 + level) / 2))
    difference = newcombe(*(wilson_at(b, n, quantile, level, factor) for b, n in counts))
    pooled = (bad0 + bad1) / (total0 + total1)
    error = math.sqrt(factor * pooled * (1 - pooled) * (1 / total0 + 1 / total1))
    p_value = 1.0 if error == 0 else 2 * float(special.stdtr(freedom, -abs(head[-1]) / error))
    return (*head, difference.low, difference.high, factor, p_value)
