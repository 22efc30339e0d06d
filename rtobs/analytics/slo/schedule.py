"""When the rules of an SLO ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from rtobs.analytics.slo.windows import Times
from rtobs.model.duration import Duration

__all__ = ["MINUTE", "TILE", "Schedule", "milliseconds", "minute_from", "moment"]

MINUTE: Final = Duration.parse("1m")
TILE: Final = Duration.parse("5m")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_ALIGNED: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the two rule groups of an SLO ran, as far as their samples do not say it.

    A group runs at a fixed offset in its interval. That of the one-minute group shows in the
    minutes, that of the five-minute group in recorded tiles. Where samples are missing the group is
    taken to have run and to have given nothing, as when a service vanished.

    Attributes:
        long_phase: offset of the five-minute group, where no tiles are given; Prometheus takes a
            hash for it, so it is seldom a whole second.
        start: when the groups began to run; None for the first sample.
        end: last moment of the history; None for the last sample.
        holes: [from, to) in which no rule ran because Prometheus was down.
    """

    long_phase: timedelta = _ALIGNED
    start: datetime | None = None
    end: datetime | None = None
    holes: tuple[tuple[datetime, datetime], ...] = ()

    def span(self, known: Times) -> tuple[int, int] | None:
        """First and last moment in milliseconds; None where nothing tells them."""
        ends = [
            milliseconds(given) if given is not None else int(known[at]) if len(known) else None
            for given, at in ((self.start, 0), (self.end, -1))
        ]
        first, last = ends
        return None if first is None or last is None else (first, last)

    def fast(self, known: Times) -> Times:
        """Evaluations of the one-minute group, from the moments of its samples."""
        return self._filled(known, MINUTE, 0, known)

    def long(self, fast: Times, known: Times) -> Times:
        """Evaluations of the five-minute group, from those of the other and its own samples."""
        both = np.union1d(fast, known) if len(known) else fast
        return self._filled(known, TILE, self.long_phase // _MILLISECOND, both)

    def _filled(self, known: Times, interval: Duration, phase: int, both: Times) -> Times:
        span = self.span(both)
        if span is None:
            return known
        first, last = span
        step = 1000 * interval.seconds
        if not len(known):
            known = np.arange(first + (phase - first) % step, last + 1, step, dtype=np.int64)
        if not len(known):
            return known
        before = np.arange(known[0] - step, first - 1, -step, dtype=np.int64)
        added = np.concatenate([before, _between(known, step, last)])
        for begin, end in self.holes:
            from_, to = milliseconds(begin), milliseconds(end)
            added = added[(added < from_) | (added >= to)]
        times = np.union1d(known, added) if len(added) else known
        return times[(times >= first) & (times <= last)]


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """The moment in UTC that is so many milliseconds after the start of 1970."""
    return _EPOCH + timedelta(milliseconds=int(milliseconds))


def minute_from(moment: datetime) -> datetime:
    """The first whole minute that is not before an aware moment."""
    seconds = -(-moment.timestamp() // MINUTE.seconds) * MINUTE.seconds
    return datetime.fromtimestamp(seconds, UTC)


def _between(known: Times, step: int, last: int) -> Times:
    """Moments at which the group must have run between two that are further apart, and after."""
    missing = np.maximum(np.diff(known, append=last + step) - 1, 0) // step
    starts = np.repeat(known, missing)
    order = np.arange(len(starts)) - np.repeat(np.cumsum(missing) - missing, missing)
    times: Times = starts + step * (order + 1)
    return times
