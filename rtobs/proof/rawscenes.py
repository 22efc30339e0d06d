"""Scenes of tiers whose long window is raw: its ratio is supplied, not its counters."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from rtobs import conventions as names
from rtobs.model.alerting import Tier
from rtobs.proof.evaluator import Spell
from rtobs.proof.incidents import EVENTS
from rtobs.proof.scenes import (
    LEAKS,
    Extra,
    Numbers,
    Question,
    Scene,
    former,
    high,
    in_order,
    rare,
    too_few,
)

__all__ = ["raw_scenes"]

_HOUR: Final = 60
_SEEN_BEFORE: Final = 10  # minutes without slices before a scene: its rates are the supplied ones


def raw_scenes(tier: Tier, numbers: Numbers) -> Iterator[Scene]:
    """Scenes of a tier whose long window is raw: its ratio is supplied."""
    scenes = [*_raw_leaks(tier, numbers), *_raw_rare(tier, numbers)]
    yield from in_order(tier, scenes)


def _raw_leaks(tier: Tier, numbers: Numbers) -> Iterator[Scene]:
    past = tier.long.minutes + _HOUR
    for window, factor, why in LEAKS:
        target, above = factor * tier.threshold, high(tier)
        long, short = (target, above) if window == "long" else (above, target)
        if numbers.sliced:
            slices = tier.long.minutes - _SEEN_BEFORE
            if slices * long < tier.min_bad:
                continue  # so few bad minutes that their number decides, which others prove
            extra = _slices(tier.long.minutes - 1, slices, long)
        else:
            extra = (
                Extra(
                    names.error_ratio(str(tier.long)), renamed=False, back=0, length=1, value=long
                ),
            )
        spells = (Spell(past, EVENTS, short * EVENTS),)
        question = Question(f"{tier.name}: {why}", names.BUDGET_BURN, factor > 1, tier)
        renamed = tier.long.minutes // 2
        yield Scene(spells, past, (question,), renamed, extra=(*extra, *former(tier, short)))


def _raw_rare(tier: Tier, numbers: Numbers) -> Iterator[Scene]:
    long = tier.long.minutes
    past = long + _HOUR
    for bad, question in too_few(tier):
        rate = Fraction(bad, long)
        if numbers.sliced:
            extra = _slices(long // 2 + bad, bad, Fraction(1)) if bad else ()
        else:
            extra = (
                Extra(
                    names.error_ratio(str(tier.long)),
                    renamed=False,
                    back=0,
                    length=1,
                    value=Fraction(1),
                ),
            )
        yield Scene(rare(past, tier, rate), past, (question,), long // 2, extra=extra)


def _slices(back: int, length: int, value: Fraction) -> tuple[Extra, ...]:
    """Slices of so many minutes, the first of them under the former owner."""
    first = Extra(names.SLICE_BAD, renamed=True, back=back, length=1, value=value)
    return (
        first,
        Extra(names.SLICE_BAD, renamed=False, back=back - 1, length=length - 1, value=value),
    )[:length]
