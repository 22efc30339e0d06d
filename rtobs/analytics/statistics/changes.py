"""Since when is it like this? Changes in the share of bad events of an SLO."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from rtobs.analytics.frames import TIME, Schema
from rtobs.analytics.statistics.segmentation import BinomialCost, Cost, NormalCost, pelt
from rtobs.analytics.statistics.timeline import Floats, Timeline, timelines
from rtobs.model.duration import Duration

__all__ = ["SEGMENTS", "change_points", "empirical_logit"]

SEGMENTS: Final = Schema(
    "segments",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "start": TIME,  # of a stretch in which nothing changed
        "end": TIME,  # of the stretch; the next one starts there
        "total": pl.Float64,  # events in it
        "bad": pl.Float64,
        "error_ratio": pl.Float64,  # bad / total
    },
    ("slo_id", "group", "start"),
)

_HOUR: Final = Duration.parse("1h")
_MEDIAN_OF_CHI_SQUARE: Final = float(special.chdtri(1, 0.5))  # of one degree of freedom
_COSTS: Final = {"binomial": 3.0, "logit": 4.0}


def empirical_logit(bad: npt.ArrayLike, total: npt.ArrayLike) -> Floats:
    """Logarithm of good over bad events, each raised by a half so that none is zero.

    Source: Cox (1970), Analysis of Binary Data, section 3.2. With no bad events it follows the
    traffic; compare steps of like traffic only, such as days.
    """
    counts, sizes = np.asarray(bad, dtype=float), np.asarray(total, dtype=float)
    logit: Floats = np.log((np.maximum(sizes - counts, 0.0) + 0.5) / (counts + 0.5))
    return logit


def change_points(
    tiles: pl.DataFrame,
    *,
    every: Duration = _HOUR,
    cost: Literal["binomial", "logit"] = "binomial",
    penalty: float | None = None,
    least: int = 2,
) -> pl.DataFrame:
    """Stretches of time with the same share of bad events; between them it changed.

    Args:
        tiles: TILES.
        every: resolution of a change, a multiple of five minutes; steps without events are skipped.
        cost: "binomial" looks at counts, with the overdispersion of neighbouring steps; "logit" at
            the normal distribution of the empirical logit of the SLI, for steps of like traffic.
        penalty: of each change; by default 3 (binomial) or 4 (logit) times the logarithm of the
            number of steps, more than the 2 and 3 of the BIC: neighbouring steps are alike.
        least: shortest stretch, in steps.

    Returns:
        SEGMENTS; one for a group that did not change, none for one without events.

    Raises:
        FrameError: the frame is no TILES.
        ValueError: an argument is out of its range.
    """
    rows = [
        row
        for line in timelines(tiles)
        if len(line) * line.step.seconds >= every.seconds
        for row in _segments(line.coarser(every), cost, penalty, least)
    ]
    return pl.DataFrame(rows, schema=dict(SEGMENTS.columns), orient="row")


def _segments(
    line: Timeline, kind: Literal["binomial", "logit"], penalty: float | None, least: int
) -> Iterator[tuple[object, ...]]:
    steps = np.flatnonzero(line.total > 0)
    if len(steps) == 0:
        return
    bad, total = np.minimum(line.bad, line.total)[steps], line.total[steps]
    weight = _COSTS[kind] * math.log(len(steps)) if penalty is None else penalty
    found = pelt(_cost(kind, bad, total), penalty=weight, least=least)
    edges = [0, *found, len(steps)]
    for first, end in pairwise(edges):
        start = line.at(int(steps[first]) - 1)
        stop = line.at(int(steps[end]) - 1) if end < len(steps) else line.last
        spent, events = float(bad[first:end].sum()), float(total[first:end].sum())
        yield line.slo_id, line.group, start, stop, events, spent, spent / events


def _cost(kind: Literal["binomial", "logit"], bad: Floats, total: Floats) -> Cost:
    if kind == "logit":
        return NormalCost.fit(empirical_logit(bad, total))
    return BinomialCost.fit(bad, total, overdispersion=_local_overdispersion(bad, total))


def _local_overdispersion(bad: Floats, total: Floats) -> float:
    """How much more neighbouring steps differ than chance explains, whatever changes elsewhere.

    The median over pairs of the chi-square of one degree of freedom, so that a few changes do not
    count as noise.
    """
    pooled = (bad[1:] + bad[:-1]) / (total[1:] + total[:-1])
    noise = pooled * (1 - pooled) * (1 / total[1:] + 1 / total[:-1])
    away = (bad[1:] / total[1:] - bad[:-1] / total[:-1]) ** 2
    squares = np.divide(away, noise, out=np.zeros(len(away)), where=noise > 0)
    return max(1.0, float(np.median(squares)) / _MEDIAN_OF_CHI_SQUARE) if len(squares) else 1.0
