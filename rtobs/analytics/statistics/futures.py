"""Futures of a budget: what may happen next, and what the budget says then.

Blocks are drawn from the past at the same place of the season (seasonal block bootstrap): Dudek,
Leśkow, Paparoditis and Politis (2014), J. Time Ser. Anal. 35:89.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from rtobs.analytics.frames import utc
from rtobs.analytics.statistics.season import HOURS_OF_WEEK
from rtobs.analytics.statistics.timeline import Floats, Timeline, tiles_in
from rtobs.model.duration import Duration

__all__ = ["Calendar", "Futures", "Outlook", "Rolling", "consumption", "draw"]

HOUR: Final = Duration.parse("1h")
_DAY: Final = Duration.parse("1d")
_WEEK: Final = Duration.parse("7d")


@dataclass(frozen=True, slots=True)
class Rolling:
    """A budget of the last `window`: bad events leave it again.

    Attributes:
        window: whole hours.
    """

    window: Duration


@dataclass(frozen=True, slots=True)
class Calendar:
    """A budget that starts anew at a date, such as a month's: what is spent stays spent.

    Attributes:
        start: aware.
        end: aware.

    Raises:
        FrameError: a moment has no time zone.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            object.__setattr__(self, name, utc(getattr(self, name)))  # frozen


@dataclass(frozen=True, slots=True)
class Outlook:
    """How the future is imagined.

    Attributes:
        method: "recent" goes on like the last days; "profile" repeats the mean hour of the week;
            "bootstrap" draws blocks of the past, so incidents of the past may come again.
        recent: how long the last days are.
        block: length of a block, whole hours.
        season: blocks keep their place in it; a day, or a week when a long past is there.
        draws: how many futures.
    """

    method: Literal["recent", "profile", "bootstrap"] = "bootstrap"
    recent: Duration = _WEEK
    block: Duration = _DAY
    season: Duration = _DAY
    draws: int = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Futures:
    """Steps to come, one row for each future.

    Attributes:
        bad: bad events.
        total: events.
        seen: share of each step that has data.
    """

    bad: Floats
    total: Floats
    seen: Floats

    def ending(self, share: float) -> Futures:
        """The same with a last step that is only a share of a step long."""
        weight = np.ones(self.total.shape[1])
        weight[-1] = share
        return self._weighted(weight)

    def after(self, steps: float) -> Futures:
        """The same without what happens in the first steps; all of it for none or fewer."""
        return self._weighted(np.clip(np.arange(1, self.total.shape[1] + 1) - steps, 0.0, 1.0))

    def _weighted(self, weight: Floats) -> Futures:
        return Futures(self.bad * weight, self.total * weight, self.seen * weight)


def draw(past: Timeline, count: int, outlook: Outlook, rng: np.random.Generator) -> Futures:
    """Futures of `count` steps after a past of hours.

    Raises:
        ValueError: the past is too short.
    """
    if not past.seen.any():
        raise ValueError("a forecast needs at least an hour of data")
    if outlook.method == "recent":
        return _recent(past, count, tiles_in(outlook.recent, past.step))
    if outlook.method == "profile":
        return _profile(past, count)
    return _blocks(past, count, outlook, rng)


def consumption(
    tiles: Timeline, futures: Futures, error_budget: float, period: Rolling | Calendar
) -> Floats:
    """Share of the budget that is spent now and after each hour of each future.

    It is the share if all that was not seen was good. For a calendar period the budget is that of
    the whole period: what may be bad of all events that the future brings until its end.

    Returns:
        One row for each future; the first column is now.
    """
    size = tiles_in(HOUR, tiles.step)
    if isinstance(period, Rolling):
        window = tiles_in(period.window, HOUR)
        bad, total, seen = (
            _moving_sum(_last(old, window, size), new)
            for old, new in (
                (tiles.bad, futures.bad),
                (tiles.total, futures.total),
                (tiles.seen, futures.seen * size),
            )
        )
        return _consumed(bad, total, seen / (window * size), error_budget)
    inside = _since(tiles, period.start)
    futures = futures.after((period.start - tiles.last).total_seconds() / HOUR.seconds)
    expected = (period.end - period.start).total_seconds() / tiles.step.seconds
    now = np.full((len(futures.bad), 1), tiles.bad[inside].sum())
    bad = np.hstack([now, futures.bad]).cumsum(axis=1)
    total = tiles.total[inside].sum() + futures.total.sum(axis=1, keepdims=True)
    seen = tiles.seen[inside].sum() + size * futures.seen.sum(axis=1, keepdims=True)
    return _consumed(bad, total, seen / expected, error_budget)


def _last(tiles: Floats, hours: int, size: int) -> Floats:
    """Sums of the last hours; before the first tile there was nothing."""
    tail = tiles[-hours * size :]
    before = np.zeros(hours * size - len(tail))
    sums: Floats = np.concatenate([before, tail]).reshape(hours, size).sum(axis=1)
    return sums


def _moving_sum(old: Floats, new: Floats) -> Floats:
    """The sum of as many steps as `old` has, at its end and at each step of `new`."""
    start = np.zeros((len(new), 1))
    steps = np.hstack([start, np.broadcast_to(old, (len(new), len(old))), new])
    sums = steps.cumsum(axis=1)
    moved: Floats = np.maximum(sums[:, len(old) :] - sums[:, : new.shape[1] + 1], 0.0)
    return moved


def _consumed(
    bad: Floats | np.float64, total: Floats | np.float64, coverage: Floats, error_budget: float
) -> Floats:
    allowed = np.asarray(total * error_budget)
    ratio: Floats = np.divide(
        bad, allowed, out=np.zeros(np.shape(bad + allowed)), where=allowed > 0
    )
    share: Floats = ratio * np.minimum(coverage, 1.0)
    return share


def _recent(past: Timeline, count: int, size: int) -> Futures:
    seen = past.seen[-size:].sum() or np.nan
    rates = (past.bad[-size:].sum() / seen, past.total[-size:].sum() / seen)
    bad, total = (np.full((1, count), np.nan_to_num(rate)) for rate in rates)
    return Futures(bad, total, np.ones((1, count)))


def _profile(past: Timeline, count: int) -> Futures:
    hour = np.arange(len(past) + count) % HOURS_OF_WEEK
    then, ahead = hour[: len(past)], hour[len(past) :]
    seen = np.bincount(then, past.seen, HOURS_OF_WEEK)

    def mean(values: Floats) -> Floats:
        usual = np.full(HOURS_OF_WEEK, values.sum() / past.seen.sum())
        sums = np.bincount(then, values, HOURS_OF_WEEK)
        means: Floats = np.divide(sums, seen, out=usual, where=seen > 0)[np.newaxis, ahead]
        return means

    return Futures(mean(past.bad), mean(past.total), np.ones((1, count)))


def _blocks(past: Timeline, count: int, outlook: Outlook, rng: np.random.Generator) -> Futures:
    size, season = tiles_in(outlook.block, past.step), tiles_in(outlook.season, past.step)
    beginnings = np.arange(len(past) - size + 1)
    columns = []
    for ahead in range(0, count, size):
        fit = beginnings[(beginnings - len(past) - ahead) % season == 0]
        if len(fit) == 0:
            raise ValueError(
                f"the past is too short to draw blocks of {outlook.block} at the same place of "
                f"{outlook.season}; take a shorter block or season"
            )
        start = fit[rng.integers(len(fit), size=outlook.draws)]
        columns.append(start[:, np.newaxis] + np.arange(size))
    places = np.hstack(columns)[:, :count]
    return Futures(past.bad[places], past.total[places], past.seen[places])


def _since(tiles: Timeline, start: datetime) -> slice:
    """The tiles that ended after a time."""
    gone = (start - tiles.first) // timedelta(seconds=tiles.step.seconds) + 1
    return slice(max(gone, 0), None)
