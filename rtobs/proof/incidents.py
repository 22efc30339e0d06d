"""The incidents that every SLO is proven against, as data.

An incident is a story: episodes one after the other, in which so many events happen each minute,
so many of them bad, and some series may be gone or start again at 0. The stories of one SLO depend
on its tiers only; what its series look like is `rtobs.proof.series`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rtobs.model.indicator import RatioIndicator, is_sliced
from rtobs.proof.evaluator import ObservedCounts, Spell, Timing, Traffic, timing

if TYPE_CHECKING:
    from rtobs.model.alerting import Tier
    from rtobs.model.slo import ResolvedSlo

__all__ = [
    "EVENTS",
    "INCIDENTS",
    "SCRAPE",
    "Episode",
    "Incident",
    "Story",
    "by_minutes",
    "fine_story",
    "unit",
    "views",
]

EVENTS: Final = 60_000  # a minute, in stories about much traffic
SCRAPE: Final = Fraction(1, 4)  # minutes between two samples where minutes are counted exactly
_GRAIN: Final = 4  # events come in multiples of the scrapes in a minute
_EARLY: Final = 8  # minutes after the onset at which a step is meant to be detected
_BETWEEN: Final = Fraction(1, 4)  # crossings happen this much after a whole minute


@dataclass(frozen=True, slots=True)
class Incident:
    """One entry of the library.

    Attributes:
        name: short name.
        meaning: what happens, and what must come of it.
        file: which generated file of a service proves it: fine, edges or history.
        trace: a regular expression that finds it in that file.
    """

    name: str
    meaning: str
    file: str
    trace: str


INCIDENTS: Final = (
    Incident(
        "clean", "An hour without errors: no alert, error ratio 0.", "fine", "clean: no alert"
    ),
    Incident("counter reset", "Counters start again at 0: rates stay exact.", "fine", "reset: the"),
    Incident("step outage", "Errors jump: the tier fires to the minute.", "fine", r"fires \d+ min"),
    Incident("recovery", "Errors end: the tier resets to the minute.", "fine", r"resets \d+ min"),
    Incident(
        "errors born late", "The error series comes with the first error.", "fine", "'_x101 _x140"
    ),
    Incident("other group", "A group without errors stays silent.", "fine", "in one group only"),
    Incident("alien series", "Series of others are not read.", "fine", "elsewhere"),
    Incident("bad slices", "A good minute counts 0, a bad one 1.", "edges", "every slice is 1"),
    Incident("idle hour", "No events for an hour: no ratio, never NaN.", "edges", "idle hour: no"),
    Incident(
        "one bad event", "One error at low traffic wakes nobody.", "edges", "one bad event: no"
    ),
    Incident("group comes", "A new group full of errors fires.", "edges", "group comes: a new"),
    Incident("group goes", "A group that vanished is silent.", "edges", "group gone: no alert"),
    Incident(
        "bucket missing", "A health alert, no page.", "edges", "bucket missing: no tier fires"
    ),
    Incident("series vanished", "A health alert.", "edges", "vanished: the health alert fires"),
    Incident("total outage", "Whatever must be there pages.", "edges", "total outage: a page"),
    Incident("slow leak", "2 % above a threshold fires, 2 % below not.", "history", "2 % below"),
    Incident(
        "long outage", "Long tiers fire and reset on time.", "history", "evaluation before it"
    ),
    Incident("few bad events", "One too few is silent, one more fires.", "history", "are too few"),
    Incident(
        "young series", "No long tier without history.", "history", "without history is silent"
    ),
    Incident("label renamed", "History under a former owner counts.", "history", "former-owner"),
    Incident("budget spent", "SLOBudgetExhausted beyond it.", "history", "above the budget"),
    Incident("gaps", "A tenth of a day unseen.", "history", "three hours of the day unseen"),
    Incident("implausible", "More bad than total.", "history", "more bad than total"),
)


@dataclass(frozen=True, slots=True)
class Episode:
    """Minutes of a story in which each is like the other.

    Attributes:
        name: the incident that it belongs to.
        minutes: how long.
        total: events a minute.
        bad: bad events a minute.
        gone: roles of the series that do not exist; "all" stands for every one.
        restart: whether counters start again at 0.
    """

    name: str
    minutes: int
    total: int | Fraction
    bad: int | Fraction = 0
    gone: str = ""
    restart: bool = False

    @property
    def spell(self) -> Spell:
        """The true events."""
        if self.gone == "all":
            return Spell(self.minutes, 0, 0, present=False)
        return Spell(self.minutes, self.total, self.bad)


@dataclass(frozen=True, slots=True)
class Story:
    """Episodes of one group, from minute 0."""

    episodes: tuple[Episode, ...]

    @property
    def traffic(self) -> Traffic:
        """The true events."""
        return Traffic(episode.spell for episode in self.episodes)

    @property
    def minutes(self) -> int:
        """Length."""
        return sum(episode.minutes for episode in self.episodes)


def views(slo: ResolvedSlo, traffic: Traffic, scrape: Fraction) -> tuple[ObservedCounts, ...]:
    """How Prometheus before and since version 3 sees the traffic of an SLO."""
    every = Fraction(0) if is_sliced(slo.indicator) else scrape
    return tuple(ObservedCounts(traffic, closed, every) for closed in (True, False))


def by_minutes(slo: ResolvedSlo) -> bool:
    """Whether minutes are counted, not events: time slices, and ratios from elsewhere."""
    return is_sliced(slo.indicator) or isinstance(slo.indicator, RatioIndicator)


def unit(slo: ResolvedSlo) -> int:
    """What is counted each minute in stories about an SLO with much traffic."""
    return 1 if by_minutes(slo) else EVENTS


def step_size(slo: ResolvedSlo, tier: Tier, early: int = _EARLY) -> int:
    """Bad events a minute that a long window after clean traffic notices between two evaluations.

    About `early` minutes after the onset, later where even an outage of everything takes longer.
    """
    if by_minutes(slo):
        return unit(slo)
    spent = tier.threshold * tier.long.minutes  # minutes of an outage of everything
    minute = max(early, spent.numerator // spent.denominator)
    if spent > minute + _BETWEEN:
        minute += 1
    share = spent / (minute + _BETWEEN)
    return round(share * EVENTS / _GRAIN) * _GRAIN


_CLEAN: Final = 60
_RESET_AT: Final = 25
_SLACK: Final = 4
_RECOVERY: Final = 600  # longer than any test looks, so that no series ends before others


def fine_story(slo: ResolvedSlo, tier: Tier | None) -> tuple[Story, Timing | None]:
    """Clean traffic with a counter reset, a step, and the recovery until the tier has reset.

    Args:
        slo: the SLO.
        tier: its fastest tier; without one the step is short and nothing may fire.
    """
    whole = unit(slo)
    if tier is None:
        return Story((*_clean(whole), Episode("step outage", _SLACK, whole, whole))), None
    scrape = Fraction(0) if is_sliced(slo.indicator) else SCRAPE
    return _step(tier, whole, step_size(slo, tier), scrape)


def _clean(whole: int) -> tuple[Episode, Episode]:
    return (
        Episode("clean", _RESET_AT, whole),
        Episode("counter reset", _CLEAN - _RESET_AT, whole, restart=True),
    )


@lru_cache(maxsize=1024)
def _step(tier: Tier, whole: int, bad: int, scrape: Fraction) -> tuple[Story, Timing | None]:
    """The story of a tier; SLOs with equal numbers share it."""
    endless = Episode("step outage", tier.long.minutes + _CLEAN, whole, bad)
    fires = _timing(tier, (*_clean(whole), endless), scrape).fires
    if fires is None:
        return Story((*_clean(whole), endless)), None
    outage = replace(endless, minutes=fires.latest - _CLEAN + _SLACK)
    episodes = (*_clean(whole), outage, Episode("recovery", _RECOVERY, whole))
    return Story(episodes), _timing(tier, episodes, scrape)


def _timing(tier: Tier, episodes: tuple[Episode, ...], scrape: Fraction) -> Timing:
    traffic = Story(episodes).traffic
    return timing(
        tier, [ObservedCounts(traffic, closed, scrape) for closed in (True, False)], _CLEAN
    )
