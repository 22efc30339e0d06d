"""What a process has counted by each scrape: events, sums, buckets and runs of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.simulation.batching import Life, Run

__all__ = ["Buckets", "Runs", "counted", "histogram", "known", "step_histogram", "summed"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """A classic histogram at each scrape.

    Attributes:
        counts: a row a scrape, a column a bound, the last for +Inf; cumulative over bounds.
        total: sum of the observed values.
    """

    counts: Floats
    total: Floats


def known(moments: Sequence[float] | Floats) -> Floats:
    """The moments that came, in order."""
    array = np.asarray(moments, dtype=np.float64)
    return np.sort(array[~np.isnan(array)])


def counted(moments: Sequence[float] | Floats, scrapes: Floats) -> Floats:
    """How many of the moments had passed at each scrape."""
    return np.searchsorted(known(moments), scrapes, "right").astype(np.float64)


def summed(moments: Floats, weights: Floats, scrapes: Floats) -> Floats:
    """Sum of the weights whose moments had passed at each scrape; NaN moments never do."""
    came = ~np.isnan(moments)
    places = np.searchsorted(scrapes, moments[came], "left")
    per_scrape = np.bincount(places, weights[came], minlength=len(scrapes) + 1)
    return np.cumsum(per_scrape)[: len(scrapes)].astype(np.float64)


def histogram(moments: Floats, values: Floats, bounds: Floats, scrapes: Floats) -> Buckets:
    """Observations as a histogram counts them.

    Args:
        moments: when each was made; NaN for never.
        values: what was seen.
        bounds: upper bounds, ascending, without +Inf.
        scrapes: when to look, ascending.
    """
    came = ~np.isnan(moments)
    cells = _cells(moments[came], values[came], None, bounds, scrapes)
    return Buckets(np.cumsum(np.cumsum(cells, axis=0), axis=1), summed(moments, values, scrapes))


def _cells(
    moments: Floats, values: Floats, weights: Floats | None, bounds: Floats, scrapes: Floats
) -> Floats:
    """New observations between scrapes; a row a scrape, a column a bucket."""
    columns = len(bounds) + 1
    places = np.searchsorted(scrapes, moments, "left")
    cells = places * columns + np.searchsorted(bounds, values, "left")
    flat = np.bincount(cells, weights, minlength=(len(scrapes) + 1) * columns)
    return flat.astype(np.float64).reshape(-1, columns)[: len(scrapes)]


class Runs:
    """Runs of steps as arrays, and where in them each scrape falls.

    Args:
        lives: what one replica did, in order.
    """

    __slots__ = ("decoding", "kv", "prefill", "start", "step", "steps")

    def __init__(self, *lives: Life) -> None:
        flat = [np.asarray(life.steps, dtype=np.float64) for life in lives]
        table = np.concatenate([np.empty(0), *flat]).reshape(-1, len(Run._fields))
        self.start, self.step, self.steps, self.decoding, self.prefill, self.kv = table.T

    @property
    def seconds(self) -> Floats:
        """Length of each run."""
        return np.asarray(self.step * self.steps)

    @property
    def end(self) -> Floats:
        """End of each run."""
        return np.asarray(self.start + self.seconds)

    def current(self, scrapes: Floats) -> tuple[Ints, Floats]:
        """(run that each scrape falls into or follows, steps of it that are done)."""
        if not len(self.start):
            return np.zeros(len(scrapes), dtype=np.int64), np.zeros(len(scrapes))
        which = np.searchsorted(self.start, scrapes, "right") - 1
        at = np.maximum(which, 0)
        done = np.floor((scrapes - self.start[at]) / self.step[at])
        return at, np.where(which < 0, 0.0, np.clip(done, 0.0, self.steps[at]))

    def done(self, per_step: Floats, scrapes: Floats) -> Floats:
        """Sum of something that every step of a run does, over all steps done at each scrape."""
        if not len(self.start):
            return np.zeros(len(scrapes))
        before = np.concatenate([[0.0], np.cumsum(per_step * self.steps)])
        at, steps = self.current(scrapes)
        return np.asarray(before[at] + per_step[at] * steps)

    def spent(self, per_second: Floats, scrapes: Floats) -> Floats:
        """Integral of something that lasts as long as a run, up to each scrape."""
        if not len(self.start):
            return np.zeros(len(scrapes))
        before = np.concatenate([[0.0], np.cumsum(per_second * self.seconds)])
        at = np.maximum(np.searchsorted(self.start, scrapes, "right") - 1, 0)
        within = np.clip(scrapes - self.start[at], 0.0, self.seconds[at])
        return np.asarray(before[at] + per_second[at] * within)


def step_histogram(
    runs: Runs, gaps: Sequence[tuple[float, float]], bounds: Floats, scrapes: Floats
) -> Buckets:
    """Gaps between tokens: a step of a run is one observation for each sequence that decodes.

    Args:
        runs: the steps.
        gaps: (moment, seconds) of the tokens that came after a loss of place.
        bounds: upper bounds, ascending, without +Inf.
        scrapes: when to look, ascending.
    """
    moments, waits = np.asarray(gaps, dtype=np.float64).reshape(-1, 2).T
    extra = histogram(moments, waits, bounds, scrapes)
    columns = np.searchsorted(bounds, runs.step, "left")
    counts = np.zeros((len(scrapes), len(bounds) + 1))
    for column in np.unique(columns):
        per_step = np.where(columns == column, runs.decoding, 0.0)
        counts[:, column] = runs.done(per_step, scrapes)
    total = runs.done(runs.decoding * runs.step, scrapes)
    return Buckets(np.cumsum(counts, axis=1) + extra.counts, total + extra.total)
