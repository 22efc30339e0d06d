"""Samples under the names, labels and buckets that the catalogue knows; nothing is invented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import SAMPLES, TIME, check
from rtobs.analytics.simulation.tallies import Buckets
from rtobs.analytics.store import series_frame
from rtobs.catalogue.facts import Metric
from rtobs.catalogue.load import load

__all__ = ["Line", "Page", "frames"]

_NAME: Final = "__name__"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Samples of one series; one series may have several lines that do not overlap.

    Attributes:
        labels: with `__name__`.
        millis: milliseconds from the start of the scenario.
        values: one for each.
    """

    labels: Mapping[str, str]
    millis: NDArray[np.int64]
    values: NDArray[np.float64]


class Page:
    """What one target shows at each of its scrapes.

    Args:
        component: catalogue key; only its metrics can be put on the page.
        labels: labels that all its series have.
        millis: times of the scrapes.
        families: names of the metrics to keep; empty for all.
    """

    __slots__ = ("_component", "_families", "_labels", "lines", "millis")

    def __init__(
        self,
        component: str,
        labels: Mapping[str, str],
        millis: NDArray[np.int64],
        families: frozenset[str],
    ) -> None:
        self._component, self._labels, self._families = component, labels, families
        self.millis = millis
        self.lines: list[Line] = []

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Times of the scrapes in seconds."""
        return np.asarray(self.millis / 1_000.0)

    def wants(self, family: str) -> bool:
        """Whether a metric is to be kept."""
        return not self._families or family in self._families

    def bounds(self, family: str) -> NDArray[np.float64]:
        """Upper bounds of a histogram, ascending, without +Inf."""
        return np.asarray([float(text) for text in self._metric(family).buckets])

    def put(self, family: str, values: NDArray[np.float64], **labels: str) -> None:
        """A gauge or counter, one value a scrape."""
        self._metric(family)
        if self.wants(family):
            self._add(family, values, labels)

    def put_once_seen(self, family: str, values: NDArray[np.float64], **labels: str) -> None:
        """A counter that is not there before it has counted something."""
        self._metric(family)
        seen = values > 0
        if self.wants(family) and seen.any():
            whole = {_NAME: family, **self._labels, **labels}
            self.lines.append(Line(whole, self.millis[seen], values[seen]))

    def put_histogram(self, family: str, buckets: Buckets, **labels: str) -> None:
        """A histogram, as its series `_bucket`, `_sum` and `_count`."""
        texts = (*self._metric(family).buckets, "+Inf")
        for text, counts in zip(texts, buckets.counts.T, strict=True):
            self._add(f"{family}_bucket", counts, {**labels, "le": text})
        self._add(f"{family}_sum", buckets.total, labels)
        self._add(f"{family}_count", buckets.counts[:, -1], labels)

    def _add(self, name: str, values: NDArray[np.float64], labels: Mapping[str, str]) -> None:
        self.lines.append(Line({_NAME: name, **self._labels, **labels}, self.millis, values))

    def _metric(self, family: str) -> Metric:
        return _metric(self._component, family)


@cache
def _metric(component: str, family: str) -> Metric:
    return load().components[component].metrics[family]


def frames(lines: Iterable[Line], start: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines as frames.

    Args:
        lines: of all targets.
        start: moment of millisecond 0.

    Returns:
        (SERIES, SAMPLES), ids in the order of metric and labels.
    """
    by_series: dict[tuple[tuple[str, str], ...], list[Line]] = {}
    for line in lines:
        if len(line.millis):
            by_series.setdefault(tuple(sorted(line.labels.items())), []).append(line)
    series = series_frame(dict(key) for key in by_series)
    ordered = sorted(by_series, key=lambda key: (dict(key)[_NAME], _without_name(key)))
    parts = [(number, line) for number, key in enumerate(ordered) for line in by_series[key]]
    counts = [len(line.millis) for _, line in parts]
    epoch = round(start.timestamp() * 1_000)
    none = np.empty(0)
    samples = pl.DataFrame(
        {
            "series_id": np.repeat(np.asarray([n for n, _ in parts], dtype=np.uint32), counts),
            "ts": np.concatenate([none.astype(np.int64), *(line.millis for _, line in parts)]),
            "value": np.concatenate([none, *(line.values for _, line in parts)]),
        }
    ).with_columns((pl.col("ts") + epoch).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
    return series, check(samples.with_columns(pl.col("ts").cast(TIME)), SAMPLES)


def _without_name(key: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in key if pair[0] != _NAME)
