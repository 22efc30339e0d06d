"""What an SLO means in true events, and when each of its alert tiers speaks and falls silent.

Nothing here knows PromQL. `TrueCounts` counts the events that really happened in a window.
`ObservedCounts` counts what a Prometheus can know of them: counters are read at scrapes, long
windows are sums of five-minute rates taken every minute, and longer ones of five-minute tiles.
A tier's condition is the same for both: over the long and over the short window more than the
tolerated share of the events was bad, there were at least `min_bad` of them, and a series whose
long window is put together from recordings is at least half that window old.

All times are minutes since the start of the traffic. Whole minutes are evaluations.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rtobs.model.alerting import Tier
    from rtobs.model.duration import Duration

__all__ = [
    "Counts",
    "ObservedCounts",
    "Span",
    "Spell",
    "Timing",
    "Traffic",
    "TrueCounts",
    "Windows",
    "evaluation_grid",
    "holds",
    "timing",
]

_HOUR: Final = 60
_DAY: Final = 1440
_KERNEL: Final = 5  # minutes of the recorded rate and of a tile
_TICKET_GRID: Final = 5  # minutes between evaluations of the group with the tiles
_HALF: Final = Fraction(1, 2)  # counts are estimates: the third event may read 2.9999
_WARM_UP_LOOK: Final = 60  # the age of a series is looked up in one hour of its recordings


@dataclass(frozen=True, slots=True)
class Spell:
    """Minutes in which the same happens in each.

    Attributes:
        minutes: how many.
        total: events a minute.
        bad: bad events a minute.
        present: whether the series exist; a spell without events still has its series.
    """

    minutes: int
    total: int | Fraction
    bad: int | Fraction = 0
    present: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """Events and bad events of a window."""

    total: Fraction | int
    bad: Fraction | int

    @property
    def ratio(self) -> Fraction | None:
        """Share of bad events; None without events."""
        return Fraction(self.bad) / self.total if self.total > 0 else None


class Traffic:
    """True events over time, uniform within each minute."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        self.spells = tuple(spells)
        self._starts = [0, *accumulate(spell.minutes for spell in self.spells)]
        self._totals = [0, *accumulate(s.minutes * s.total for s in self.spells)]
        self._bads = [0, *accumulate(s.minutes * s.bad for s in self.spells)]

    @property
    def minutes(self) -> int:
        """Length."""
        return self._starts[-1]

    def until(self, time: Fraction | int) -> tuple[Fraction | int, Fraction | int]:
        """Events and bad events from the start to `time`; nothing happens outside the traffic."""
        if time <= 0:
            return 0, 0
        index = bisect_right(self._starts, time) - 1
        if index >= len(self.spells):
            return self._totals[-1], self._bads[-1]
        spell, inside = self.spells[index], time - self._starts[index]
        return self._totals[index] + inside * spell.total, self._bads[index] + inside * spell.bad

    def between(self, start: Fraction | int, end: Fraction | int) -> Counts:
        """Events after `start` and until `end`."""
        total_start, bad_start = self.until(start)
        total_end, bad_end = self.until(end)
        return Counts(total_end - total_start, bad_end - bad_start)

    def existed(self, start: int, end: int) -> bool:
        """Whether the series were there at some minute after `start` and until `end`."""
        bounds = zip(pairwise(self._starts), self.spells, strict=True)
        return any(
            spell.present and first < end and last > max(start, 0)
            for (first, last), spell in bounds
        )


class Windows(Protocol):
    """A way of counting the events of a window that ends at an evaluation."""

    @property
    def traffic(self) -> Traffic:
        """What really happens."""
        ...

    def counts(self, window: int, at: int) -> Counts:
        """Events of the last `window` minutes at minute `at`."""
        ...

    def bad_events(self, window: int, at: int) -> Fraction | int:
        """Bad events of the last `window` minutes, as they are counted for `min_bad`."""
        ...


@dataclass(frozen=True, slots=True)
class TrueCounts:
    """The events that really happened."""

    traffic: Traffic

    def counts(self, window: int, at: int) -> Counts:
        """Events of the last `window` minutes at minute `at`."""
        return self.traffic.between(at - window, at)

    def bad_events(self, window: int, at: int) -> Fraction | int:
        """Bad events of the last `window` minutes."""
        return self.counts(window, at).bad


@dataclass(frozen=True, slots=True)
class ObservedCounts:
    """The events as a Prometheus can know them.

    Attributes:
        traffic: what really happens.
        closed: whether ranges include their left end, as before Prometheus 3.
        scrape: minutes between two scrapes of a counter; 0 where minutes are sampled, not events.
        pair_every: minutes between two recordings of the five-minute rates.
    """

    traffic: Traffic
    closed: bool
    scrape: Fraction = Fraction(1)
    pair_every: int = 1

    def counts(self, window: int, at: int) -> Counts:
        """Events of the last `window` minutes at minute `at`."""
        if window <= _HOUR:
            return self._raw(window, at) if window in (_KERNEL, _HOUR) else self._pair(window, at)
        if window < _DAY:
            return self._pair(window, at)
        return self._tiles(window, at)

    def bad_events(self, window: int, at: int) -> Fraction | int:
        """Bad events of the last `window` minutes, from recordings where events are counted."""
        if window <= _HOUR and self.scrape:
            return self._pair(window, at).bad
        return self.counts(window, at).bad

    def _raw(self, window: int, at: int) -> Counts:
        """Increase between the first and the last scrape of the range, stretched to the range."""
        if self.closed or not self.scrape:
            return self.traffic.between(at - window, at)
        seen = self.traffic.between(at - window + self.scrape, at)
        stretch = window / (window - self.scrape)
        return Counts(seen.total * stretch, seen.bad * stretch)

    def _pair(self, window: int, at: int) -> Counts:
        """Five-minute rates, one recording after the other, added up.

        Neighbours overlap: an event counts in every recording of the five minutes after it.
        """
        return self._recordings(window, self.pair_every, at)

    def _tiles(self, window: int, at: int) -> Counts:
        """Five-minute increases that do not overlap, added up."""
        return self._recordings(window, _KERNEL, at - at % _TICKET_GRID)

    def _recordings(self, window: int, every: int, at: int) -> Counts:
        steps = window // every + (1 if self.closed else 0)
        total: Fraction | int = 0
        bad: Fraction | int = 0
        # The sum telescopes: what leaves one recording enters the next, except at both ends.
        for offset in range(0, _KERNEL, every):
            part = self.traffic.between(at - offset - steps * every, at - offset)
            total, bad = total + part.total, bad + part.bad
        if every == _KERNEL:
            return Counts(total, bad)
        return Counts(Fraction(total * every, _KERNEL), Fraction(bad * every, _KERNEL))


def holds(tier: Tier, windows: Windows, at: int) -> bool:
    """Whether the condition of a tier is met at minute `at`."""
    long, short = tier.long.minutes, tier.short.minutes
    over_long = windows.counts(long, at)
    if not _exceeds(over_long, tier.threshold):
        return False
    if windows.bad_events(long, at) <= tier.min_bad - _HALF:
        return False
    if not _exceeds(windows.counts(short, at), tier.threshold):
        return False
    return long <= _HOUR or _is_warm(windows.traffic, long, at)


def _exceeds(counts: Counts, threshold: Fraction) -> bool:
    share, whole = threshold.numerator, threshold.denominator
    return counts.total > 0 and counts.bad * whole > share * counts.total


def _is_warm(traffic: Traffic, long: int, at: int) -> bool:
    """Whether the series existed half the long window ago, so that the window means something."""
    then = at - long // 2
    return traffic.existed(then - _WARM_UP_LOOK, then)


@dataclass(frozen=True, slots=True)
class Span:
    """The earliest and the latest minute at which something happens, over all Prometheus."""

    earliest: int
    latest: int

    @property
    def exact(self) -> bool:
        """Whether every Prometheus does it at the same minute."""
        return self.earliest == self.latest

    def later(self, minutes: int) -> Span:
        """The same, so many minutes later."""
        return Span(self.earliest + minutes, self.latest + minutes)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a tier speaks.

    Attributes:
        tier: its name.
        fires: minute of the evaluation at which it starts to fire, None when it stays silent.
        clears: minute at which its condition is no longer met, None when it is to the end.
        resets: minute at which the alert resolves: `clears` plus its keep-firing time.
    """

    tier: str
    fires: Span | None
    clears: Span | None
    resets: Span | None


def evaluation_grid(long: Duration) -> int:
    """Minutes between two evaluations of a tier: tiers on tiles are looked at every five."""
    return 1 if long.minutes < _DAY else _TICKET_GRID


def timing(tier: Tier, views: Sequence[Windows], since: int) -> Timing:
    """When a tier first fires at or after minute `since`, and when it then resolves.

    Args:
        tier: the tier with its numbers.
        views: every way in which a supported Prometheus may count the same traffic.
        since: minute before which nothing is looked at.
    """
    every = evaluation_grid(tier.long)
    fires = [_first(tier, view, since, every, wanted=True) for view in views]
    if any(minute is None for minute in fires):
        return Timing(tier.name, None, None, None)
    start = _span(fires)
    clears = [
        _first(tier, view, minute or 0, every, wanted=False)
        for view, minute in zip(views, fires, strict=True)
    ]
    if any(minute is None for minute in clears):
        return Timing(tier.name, start, None, None)
    end = _span(clears)
    return Timing(tier.name, start, end, end.later(tier.keep_firing_for.minutes))


def _first(tier: Tier, view: Windows, since: int, every: int, *, wanted: bool) -> int | None:
    first = -(-since // every) * every
    minutes = range(first, view.traffic.minutes + 1, every)
    return next((minute for minute in minutes if holds(tier, view, minute) is wanted), None)


def _span(minutes: Iterable[int | None]) -> Span:
    known = [minute for minute in minutes if minute is not None]
    return Span(min(known), max(known))
