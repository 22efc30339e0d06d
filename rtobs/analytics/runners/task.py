"""What is done with a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, Unpack

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import WINDOWED, Schema, empty
from rtobs.analytics.promql import Query
from rtobs.analytics.runners.units import Unit
from rtobs.analytics.store import Export
from rtobs.model.duration import Duration

__all__ = ["RangeFunction", "RangeTask", "Task"]

_LEAST: Final = timedelta(milliseconds=1)


class Task(Protocol):
    """Makes a frame of a unit; can be pickled, as an instance of a dataclass of a module can."""

    @property
    def schema(self) -> Schema:
        """Of the frame; its key sorts the result."""
        ...

    def __call__(self, export: Export, unit: Unit) -> pl.DataFrame:
        """The frame of the unit."""
        ...


class RangeFunction(Protocol):
    """A function of `rtobs.analytics.promql` over ranges, such as `increase`."""

    def __call__(
        self,
        samples: pl.DataFrame | pl.LazyFrame,
        windows: Sequence[Duration],
        **query: Unpack[Query],
    ) -> pl.DataFrame:
        """WINDOWED of SAMPLES."""
        ...


@dataclass(frozen=True, slots=True)
class RangeTask:
    """A PromQL function over ranges, evaluated at origin + n step.

    Attributes:
        function: `increase`, `rate` or another one of `rtobs.analytics.promql`.
        windows: lengths of the ranges.
        step: time between two evaluations.
        origin: time of one evaluation (aware); the others lie whole steps away.
        dialect: how a range is read; that of the export is in `about`.
    """

    function: RangeFunction
    windows: tuple[Duration, ...]
    step: Duration
    origin: datetime
    dialect: Dialect

    @property
    def schema(self) -> Schema:
        """WINDOWED."""
        return WINDOWED

    def __call__(self, export: Export, unit: Unit) -> pl.DataFrame:
        """WINDOWED of the unit's evaluations, with the samples that their ranges reach back to."""
        step = timedelta(seconds=self.step.seconds)
        start = unit.start + (self.origin - unit.start) % step
        end = start + (unit.end - _LEAST - start) // step * step
        if end < start:
            return empty(WINDOWED)
        reach = timedelta(seconds=max(self.windows).seconds)
        query = Query(step=self.step, start=start, end=end, dialect=self.dialect)
        return self.function(unit.samples(export, reach), self.windows, **query)
