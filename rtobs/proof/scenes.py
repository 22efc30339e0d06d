"""Scenes of the history tests: one evaluation each, and the past that the rules see then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from rtobs import conventions as names
from rtobs.model.alerting import Tier
from rtobs.proof.evaluator import ObservedCounts, Spell, Traffic, evaluation_grid, timing
from rtobs.proof.incidents import EVENTS

__all__ = [
    "ABOVE",
    "BELOW",
    "Extra",
    "Numbers",
    "Question",
    "Scene",
    "health_scenes",
    "idle",
    "tier_scenes",
]

ABOVE: Final = Fraction(102, 100)
BELOW: Final = Fraction(98, 100)

_HOUR: Final = 60
_DAY: Final = 1440
_TILE: Final = 5
_RENAMED: Final = 30  # minutes before a scene
_EARLY: Final = Fraction(1, 16)  # share of the long window in which a step is meant to be noticed
_BETWEEN: Final = Fraction(1, 4)
_AFTER: Final = 10  # minutes that an outage goes on after its detection


@dataclass(frozen=True, slots=True)
class Question:
    """What a scene is asked.

    Attributes:
        why: what the answer proves.
        alert: name of the alert; "" asks whether any series is NaN.
        fires: whether it must fire.
        tier: the tier of a burn-rate alert, or None.
        event: fires or resets, where the answer checks a prediction.
        minute: the predicted minute, counted from the onset or the recovery.
        reached: whether the scene stands at that minute or one evaluation earlier.
    """

    why: str
    alert: str
    fires: bool
    tier: Tier | None = None
    event: str = ""
    minute: int = 0
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Extra:
    """Samples beside those of a scene's spells.

    Attributes:
        name: recorded series.
        renamed: whether under the former owner.
        back: minutes before the evaluation at which the first stands.
        length: how many, one on each point of the grid.
        value: what each of them is.
    """

    name: str
    renamed: bool
    back: int
    length: int
    value: Fraction


@dataclass(frozen=True, slots=True)
class Scene:
    """One evaluation and the past that it sees.

    Attributes:
        spells: what happened, the last of them around the evaluation.
        at: minute at which the rules are evaluated.
        questions: what is asked then.
        renamed: minutes before the evaluation since when recordings have another owner.
        only: the only one of the two rates that was recorded; both where empty.
        extra: more samples.
    """

    spells: tuple[Spell, ...]
    at: int
    questions: tuple[Question, ...] = ()
    renamed: int = _RENAMED
    only: str = ""
    extra: tuple[Extra, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the scenes of an SLO depend on; SLOs with equal numbers share them."""

    tiers: tuple[Tier, ...]
    by_minutes: bool
    sliced: bool
    filled: bool
    watched: bool
    counts: str  # "bad" or "good" where the two are counted apart, "" where they cannot disagree


def idle(base: int) -> Scene:
    """Nothing happened as far as any rule can look back."""
    return Scene(
        (Spell(base, 0),), base, (Question("idle for days: no series is NaN", "", fires=False),)
    )


def tier_scenes(tier: Tier, numbers: Numbers) -> Iterator[Scene]:
    """All scenes of a tier on recorded windows."""
    yield from in_order(
        tier,
        [*_leak_scenes(tier), *_outage_scenes(tier, numbers), *_rare_scenes(tier), _young(tier)],
    )


def in_order(tier: Tier, scenes: Iterable[Scene]) -> Iterator[Scene]:
    """The silent scenes, then those in which the tier fires, with a rest after each.

    An alert that fires is kept for the next evaluation. So nothing can be told from the scene
    after one in which it fired, but that it is kept.
    """
    told = list(scenes)
    yield from (scene for scene in told if not _fires(scene))
    kept = tier.keep_firing_for.seconds > 0
    question = Question(f"{tier.name}: kept firing once more", names.BUDGET_BURN, kept, tier)
    for scene in told:
        if _fires(scene):
            yield scene
            yield Scene((), 0, (question,))


def _fires(scene: Scene) -> bool:
    return any(question.fires for question in scene.questions)


def _past(tier: Tier) -> int:
    return tier.long.minutes + tier.long.minutes // 2


LEAKS: Final = (
    ("long", BELOW, "2 % below the threshold over the long window is silent"),
    ("long", ABOVE, "2 % above it fires"),
    ("short", BELOW, "2 % below the threshold over the short window is silent"),
    ("short", ABOVE, "2 % above it fires"),
)


def high(tier: Tier) -> Fraction:
    """An error ratio well above the threshold."""
    return min(2 * tier.threshold, (1 + tier.threshold) / 2)


def _leak_scenes(tier: Tier) -> Iterator[Scene]:
    """Steady error ratios on both sides of the threshold, in one window after the other."""
    past = _past(tier)
    for window, factor, why in LEAKS:
        target = factor * tier.threshold
        late = target if window == "short" else high(tier)
        early = high(tier) if window == "short" else _before(tier, target, late)
        spells = _leak(tier, early, late)
        question = Question(f"{tier.name}: {why}", names.BUDGET_BURN, factor > 1, tier)
        renamed = tier.short.minutes // 2 // _TILE * _TILE
        yield Scene(spells, past, (question,), renamed, extra=former(tier, late))


_HOLE: Final = 40  # minutes


def _leak(tier: Tier, early: Fraction, late: Fraction) -> tuple[Spell, ...]:
    """Two error ratios, one after the other, and a hole where the warm-up guard begins to look.

    The guard asks whether the series existed in the hour before half of the long window; here it
    did in the first third of that hour.
    """
    past, tail = _past(tier), _tail(tier)
    hole = past - tier.long.minutes // 2 - _HOLE
    return (
        Spell(hole, EVENTS, early * EVENTS),
        Spell(_HOLE, 0, 0, present=False),
        Spell(past - hole - _HOLE - tail, EVENTS, early * EVENTS),
        Spell(tail, EVENTS, late * EVENTS),
    )


def _tail(tier: Tier) -> int:
    """Minutes that the short window of a leak scene needs for itself."""
    return tier.short.minutes + 2 * _TILE


def _before(tier: Tier, target: Fraction, late: Fraction) -> Fraction:
    """Error ratio before the tail with which the long window has the target."""
    every, past, long = evaluation_grid(tier.long), _past(tier), tier.long.minutes
    parts = [_leak(tier, Fraction(ratio), late) for ratio in (0, 1)]
    least, most = (_view(spells, every).counts(long, past).ratio or Fraction(0) for spells in parts)
    return (target - least) / (most - least)


def former(tier: Tier, ratio: Fraction) -> tuple[Extra, ...]:
    """Recordings of the last minute under both owners, the smaller ones being half as large."""
    half = Fraction(EVENTS, 2 * 60)
    windows = {str(tier.long), str(tier.short)}
    return (
        Extra(names.TOTAL_RATE, renamed=False, back=0, length=1, value=half),
        Extra(names.BAD_RATE, renamed=False, back=0, length=1, value=half * ratio),
        *(
            Extra(names.error_ratio(w), renamed=True, back=0, length=1, value=tier.threshold / 2)
            for w in sorted(windows)
        ),
    )


def _rare_scenes(tier: Tier) -> Iterator[Scene]:
    """So little traffic that the number of bad events decides."""
    long, past = tier.long.minutes, _past(tier)
    for bad, question in too_few(tier):
        spells = rare(past, tier, Fraction(bad, long))
        yield Scene(spells, past, (question,), long // 2 // _TILE * _TILE)


def rare(minutes: int, tier: Tier, bad: Fraction) -> tuple[Spell, ...]:
    """So many bad events a minute that their share is above any threshold of the tier."""
    share = min(Fraction(1), max(2 * tier.threshold, Fraction(1, 2)))
    return (Spell(minutes, bad / share, bad),)


def too_few(tier: Tier) -> Iterator[tuple[int, Question]]:
    for bad, fires in ((tier.min_bad - 1, False), (tier.min_bad, True)):
        why = f"{tier.name}: {bad} bad are {'enough' if fires else 'too few'}"
        yield bad, Question(why, names.BUDGET_BURN, fires, tier)


def _young(tier: Tier) -> Scene:
    """Everything fails, on series that are younger than half the long window."""
    past, age = _past(tier), tier.long.minutes // 2 - 2 * _TILE
    spells = (Spell(past, 0, 0, present=False), Spell(age, EVENTS, EVENTS))
    why = f"{tier.name}: a series without history is silent"
    return Scene(spells, past + age, (Question(why, names.BUDGET_BURN, fires=False, tier=tier),))


def _outage_scenes(tier: Tier, numbers: Numbers) -> Iterator[Scene]:
    """One evaluation before detection, at it, before the reset, at it."""
    onset = _past(tier)
    whole = 1 if numbers.by_minutes else EVENTS
    bad = whole if numbers.by_minutes else round(whole * _share(tier))
    every = evaluation_grid(tier.long)
    endless = (Spell(onset, whole), Spell(2 * tier.long.minutes, whole, bad))
    fires = timing(tier, [_view(endless, every)], onset).fires
    if fires is None:
        return
    outage = -(-(fires.latest + _AFTER - onset) // _TILE) * _TILE
    spells = (Spell(onset, whole), Spell(outage, whole, bad), Spell(2 * tier.short.minutes, whole))
    clears = timing(tier, [_view(spells, every)], fires.latest).clears
    if clears is None:
        return
    for event, at, start in (
        ("fires", fires.latest, onset),
        ("resets", clears.latest, onset + outage),
    ):
        minute = at - start
        for reached in (False, True):
            verb = event if reached else f"one evaluation before it {event}"
            why = f"{tier.name}: {verb}, {minute} min after the {_STARTS[event]}"
            question = Question(
                why, names.BUDGET_BURN, reached is (event == "fires"), tier, event, minute, reached
            )
            yield Scene(spells, at if reached else at - every, (question,))


_STARTS: Final = {"fires": "onset", "resets": "recovery"}


def _view(spells: tuple[Spell, ...], every: int) -> ObservedCounts:
    """The recordings as a scene supplies them; its evaluation is never on their grid."""
    return ObservedCounts(Traffic(spells), closed=False, scrape=Fraction(0), pair_every=every)


def _share(tier: Tier) -> Fraction:
    """Error share that the long window notices early, and between two evaluations."""
    every = evaluation_grid(tier.long)
    spent = tier.threshold * tier.long.minutes / every  # evaluations of a total outage
    count = max(int(tier.long.minutes * _EARLY) // every, int(spent))
    if spent > count + _BETWEEN:
        count += 1
    return spent / (count + _BETWEEN)


def health_scenes(numbers: Numbers) -> Iterator[Scene]:
    """A day with gaps around the tolerated tenth, and more bad than total."""
    past = _DAY + 2 * _HOUR
    day = past - _HOUR
    covered = _with_gap(day, 150)
    gaps = _with_gap(day, 200)
    half = (Extra(names.TOTAL_RATE, renamed=False, back=0, length=1, value=Fraction(EVENTS, 120)),)
    low, odd = names.COVERAGE_LOW, names.IMPLAUSIBLE
    few, many = numbers.counts == "good", numbers.counts == "bad"
    quiet = (
        Question("two hours of the day unseen: no alert", low, fires=False),
        Question("no bad events: plausible", odd, fires=False),
    )
    yield Scene(covered, past, quiet)
    yield Scene(gaps, past)  # an alert that waits is pending from here
    yield Scene(gaps, past, (Question("three hours of the day unseen", low, numbers.watched),))
    everything = (Spell(past, EVENTS, EVENTS),)
    more = (Spell(past, EVENTS, EVENTS * ABOVE),)
    less = (Spell(past, EVENTS, EVENTS * (1 - ABOVE)),)
    missing = numbers.watched and not numbers.filled
    plausible = Question("everything bad is plausible", odd, fires=False)
    above = Question("more bad than total", odd, fires=many)
    below = Question("more good than total", odd, fires=few)
    no_bad = Question("a total without bad", names.SERIES_MISSING, missing)
    no_total = Question("bad without a total", odd, fires=many)
    for scene, question in (
        (Scene(everything, past), plausible),
        (Scene(more, past, extra=half), above),
        (Scene(less, past), below),
        (Scene(everything, past, only=names.TOTAL_RATE), no_bad),
        (Scene(everything, past, only=names.BAD_RATE), no_total),
    ):
        pending = replace(question, why=f"{question.why}: not at once", fires=False)
        yield replace(scene, questions=(pending,))
        yield replace(scene, questions=(question,))


def _with_gap(day: int, gap: int) -> tuple[Spell, ...]:
    before = _HOUR + _HOUR // 2  # the guard finds the series in the first half of its hour only
    after = day + _HOUR - before - gap
    return (Spell(before, EVENTS), Spell(gap, 0, 0, present=False), Spell(after, EVENTS))
