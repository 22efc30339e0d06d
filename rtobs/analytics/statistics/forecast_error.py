"""How good would forecasts of the budget have been? Forecast the past from its own past.

Rolling origin: Tashman (2000), Int. J. Forecasting 16:437. Pinball loss: Koenker and Bassett
(1978), Econometrica 46:33; it and the Brier score are proper: Gneiting and Raftery (2007), J. Am.
Stat. Assoc. 102:359.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs.analytics.frames import Schema
from rtobs.analytics.statistics.forecast import QUANTILES
from rtobs.analytics.statistics.futures import (
    HOUR,
    Futures,
    Outlook,
    Rolling,
    consumption,
    draw,
)
from rtobs.analytics.statistics.timeline import Floats, Timeline, tiles_in, timeline
from rtobs.model.duration import Duration

__all__ = ["FORECAST_ERROR", "RollingOrigin", "forecast_error", "pinball_loss"]

_DAY: Final = Duration.parse("1d")
_WEEK: Final = Duration.parse("7d")
_FORTNIGHT: Final = Duration.parse("14d")
_METHODS: Final = (Outlook("recent"), Outlook("profile"), Outlook("bootstrap"))

FORECAST_ERROR: Final = Schema(
    "forecast errors",
    {
        "method": pl.String,
        "horizon_s": pl.Int32,
        "origins": pl.UInt32,  # forecasts that were made
        "pinball": pl.Float64,  # mean loss over the quantiles, in budgets; 0 is perfect
        "median_error": pl.Float64,  # mean distance of the median from the truth, in budgets
        "bias": pl.Float64,  # mean of median - truth; above 0: it said more would be spent
        "coverage": pl.Float64,  # share of truths in the interval of 90 %
        "width": pl.Float64,  # mean width of that interval, in budgets
        "brier": pl.Float64,  # of the probability of exhaustion; null: each began exhausted
    },
    ("method", "horizon_s"),
)


@dataclass(frozen=True, slots=True)
class RollingOrigin:
    """When the forecasts of the past are made.

    Attributes:
        horizon: how far each looks ahead, whole hours.
        every: time from one to the next; those that are less than a horizon apart are alike.
        train: what must be known before the first.
    """

    horizon: Duration = _WEEK
    every: Duration = _DAY
    train: Duration = _FORTNIGHT


_WEEK_AHEAD: Final = RollingOrigin()


def pinball_loss(
    truth: npt.ArrayLike, guess: npt.ArrayLike, quantile: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """The loss that the true quantile makes smallest on average, in the unit of the values."""
    level = np.asarray(quantile, dtype=float)
    away = np.asarray(truth, dtype=float) - np.asarray(guess, dtype=float)
    loss: Floats = np.maximum(level * away, (level - 1) * away)
    return loss


def forecast_error(
    tiles: pl.DataFrame,
    error_budget: float,
    window: Duration,
    *,
    origins: RollingOrigin = _WEEK_AHEAD,
    outlooks: Sequence[Outlook] = _METHODS,
    seed: int | np.random.Generator = 0,
) -> pl.DataFrame:
    """How far forecasts of a rolling budget were from what came.

    Args:
        tiles: TILES of one group of one SLO, all of the past.
        error_budget: share of events that may be bad.
        window: of the rolling budget, whole hours.
        origins: when forecasts are made and how far they look.
        outlooks: of different methods.
        seed: a seed or a generator.

    Returns:
        FORECAST_ERROR, one row for each outlook.

    Raises:
        FrameError: the tiles hold no group or several.
        ValueError: the past is shorter than what one forecast needs.
    """
    line = timeline(tiles)
    train, horizon = tiles_in(origins.train), tiles_in(origins.horizon)
    cuts = range(train, len(line) - horizon + 1, tiles_in(origins.every))
    if not cuts:
        raise ValueError(
            f"a forecast of {origins.horizon} from {origins.train} cannot be compared with less "
            "data than both together"
        )
    rng = np.random.default_rng(seed)
    question = _Question(error_budget, Rolling(window), tiles_in(origins.horizon, HOUR))
    rows = [
        _row(outlook, origins, [_trial(line, cut, question, outlook, rng) for cut in cuts])
        for outlook in outlooks
    ]
    frame = pl.DataFrame(rows, schema=dict(FORECAST_ERROR.columns), orient="row")
    return frame.sort(FORECAST_ERROR.key, maintain_order=True)


@dataclass(frozen=True, slots=True)
class _Question:
    error_budget: float
    period: Rolling
    hours: int


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """One forecast and what came.

    Attributes:
        truth: share of the budget that was spent at the horizon.
        guesses: quantiles of it.
        gone: whether the budget was exhausted when the forecast was made.
        probability: of exhaustion up to the horizon.
        exhausted: whether it was.
    """

    truth: float
    guesses: Floats
    gone: bool
    probability: float
    exhausted: bool


def _trial(
    line: Timeline, cut: int, question: _Question, outlook: Outlook, rng: np.random.Generator
) -> _Trial:
    past, budget, period = line.until(cut), question.error_budget, question.period
    futures = draw(past.coarser(HOUR), question.hours, outlook, rng)
    spent = consumption(past, futures, budget, period)
    truth = consumption(past, _what_came(line, cut, question.hours), budget, period)[0]
    return _Trial(
        truth=float(truth[-1]),
        guesses=np.quantile(spent[:, -1], QUANTILES),
        gone=bool(truth[0] >= 1),
        probability=float((spent >= 1).any(axis=1).mean()),
        exhausted=bool((truth >= 1).any()),
    )


def _what_came(line: Timeline, cut: int, hours: int) -> Futures:
    size = tiles_in(HOUR, line.step)
    bad, total, seen = (
        values[cut : cut + hours * size].reshape(1, hours, size)
        for values in (line.bad, line.total, line.seen)
    )
    return Futures(bad.sum(axis=2), total.sum(axis=2), seen.mean(axis=2))


def _row(outlook: Outlook, origins: RollingOrigin, trials: Sequence[_Trial]) -> tuple[object, ...]:
    truths = np.array([trial.truth for trial in trials])
    guesses = np.array([trial.guesses for trial in trials])
    away = guesses[:, QUANTILES.index(0.5)] - truths
    inside = (guesses[:, 0] <= truths) & (truths <= guesses[:, -1])
    fresh = [(trial.probability - trial.exhausted) ** 2 for trial in trials if not trial.gone]
    return (
        outlook.method,
        origins.horizon.seconds,
        len(trials),
        float(pinball_loss(truths[:, np.newaxis], guesses, QUANTILES).mean()),
        float(np.abs(away).mean()),
        float(away.mean()),
        float(inside.mean()),
        float((guesses[:, -1] - guesses[:, 0]).mean()),
        float(np.mean(fresh)) if fresh else None,
    )
