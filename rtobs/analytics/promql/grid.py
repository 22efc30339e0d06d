"""When a function over ranges is evaluated, and how its ranges are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NotRequired, Required, TypedDict

import numpy as np
from numpy.typing import NDArray

from rtobs.analytics.dialect import Dialect
from rtobs.errors import FrameError
from rtobs.model.duration import Duration

__all__ = ["Engine", "Grid", "Query"]

Engine = Literal["auto", "numpy", "numba"]

_MS: Final = 1000


class Query(TypedDict, total=False):
    """What every function over ranges wants to know; the terms of a range query.

    Attributes:
        step: time between two evaluations.
        start: first evaluation; aware.
        end: no evaluation is later; aware.
        dialect: which versions of Prometheus to agree with.
        engine: who computes. All engines give the same bits; "auto" takes numba, where it is
            installed, for work that repays its start.
    """

    step: Required[Duration]
    start: Required[datetime]
    end: Required[datetime]
    dialect: Required[Dialect]
    engine: NotRequired[Engine]


@dataclass(frozen=True, slots=True)
class Grid:
    """The evaluations at start, start + step, ... up to end.

    Attributes:
        start: time of the first evaluation in milliseconds since 1970.
        step: milliseconds between two evaluations.
        points: number of evaluations.
        dialect: which samples a range holds.
    """

    start: int
    step: int
    points: int
    dialect: Dialect

    @classmethod
    def of(cls, query: Query) -> Grid:
        """The grid of a query.

        Raises:
            FrameError: start or end has no time zone, end is before start, or the step is 0.
        """
        start, end = query["start"], query["end"]
        if start.tzinfo is None or end.tzinfo is None:
            raise FrameError("start and end need a time zone, such as datetime(..., tzinfo=UTC)")
        if end < start:
            raise FrameError(f"end ({end}) is before start ({start})")
        first, last = milliseconds(start), milliseconds(end)
        step = query["step"].seconds * _MS
        if step <= 0:
            raise FrameError("a step is at least a second: there would be no end of evaluations")
        points = (last - first) // step + 1
        return cls(first, step, points, query["dialect"])

    @property
    def times(self) -> NDArray[np.int64]:
        """Milliseconds of each evaluation."""
        return self.start + self.step * np.arange(self.points, dtype=np.int64)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as Prometheus rounds them."""
    # Not timestamp() * 1000: a float of seconds can miss the millisecond.
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * _MS + moment.microsecond // _MS


def lengths(windows: Sequence[Duration]) -> tuple[int, ...]:
    """Milliseconds of the windows, ascending.

    Raises:
        FrameError: there is none, or one stands there twice.
    """
    made = tuple(sorted(window.seconds * _MS for window in windows))
    if not made or len(set(made)) < len(made):
        raise FrameError("windows must be one or more durations, each once")
    return made
