"""Scenes become supplied recordings: samples that the rules would have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rtobs import conventions as names
from rtobs.proof.evaluator import Traffic
from rtobs.proof.notation import held_values
from rtobs.proof.scenes import Question, Scene

__all__ = ["Plan", "Run", "plan_of"]

Run = tuple[int, int, Fraction]  # first index, length, value

_TILE: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """Scenes of SLOs with equal numbers: the recordings to supply, and what to ask when.

    Attributes:
        values: (recorded series, whether under the former owner, values in promtool's notation).
        questions: (seconds, question).
    """

    values: tuple[tuple[str, bool, str], ...]
    questions: tuple[tuple[int, Question], ...]


def plan_of(scenes: Sequence[Scene], base: int, depth: int, grid: int) -> Plan:
    """The recordings of scenes, `depth` minutes of each, `base` minutes apart, on a grid."""
    runs: dict[tuple[str, bool], list[Run]] = defaultdict(list)
    questions = []
    for number, scene in enumerate(scenes, 1):
        _supply(runs, scene, number * base, grid, scene.at - depth)
        at = number * (base * 60 + 1)
        questions += [(at, question) for question in scene.questions]
    values = tuple((name, renamed, held_values(found)) for (name, renamed), found in runs.items())
    return Plan(values, tuple(questions))


def _supply(
    runs: dict[tuple[str, bool], list[Run]], scene: Scene, anchor: int, grid: int, since: int
) -> None:
    """Add the recordings of a scene whose evaluation stands at minute `anchor`.

    What is older than minute `since` of the scene is left out: it reaches into the scene before.
    The tile of the evaluation itself is missing: the rules record it from the rates.
    """
    shift = (anchor - scene.at) // grid
    for first, last, total, bad in _recordings(scene, grid):
        kept = max(first, -(-since // grid))
        for start, end, renamed in _halves(kept, last, (scene.at - scene.renamed) // grid):
            length = end - start
            for name, value in ((names.TOTAL_RATE, total), (names.BAD_RATE, bad)):
                if scene.only in ("", name):
                    runs[name, renamed].append((start + shift, length, value / 300))
            before = min(end, scene.at // grid) - start
            if grid == _TILE and before > 0:
                runs[names.TOTAL_TILE, renamed].append((start + shift, before, total))
                runs[names.BAD_TILE, renamed].append((start + shift, before, bad))
    for extra in scene.extra:
        first = (anchor - extra.back) // grid
        runs[extra.name, extra.renamed].append((first, extra.length, extra.value))


def _halves(first: int, last: int, change: int) -> Iterator[tuple[int, int, bool]]:
    if first < min(last, change):
        yield first, min(last, change), False
    if last > max(first, change):
        yield max(first, change), last, True


def _recordings(scene: Scene, grid: int) -> Iterator[tuple[int, int, Fraction, Fraction]]:
    """(first index, index after the last, events, bad events) of five minutes, on the grid.

    Within a spell all recordings are equal, but for the first, which still know the one before.
    """
    traffic = Traffic(scene.spells)
    start = 0
    for spell in scene.spells:
        end = min(start + spell.minutes, scene.at)
        settled = min(start + _TILE, end + 1)
        for minute in range(start + 1, settled):
            if minute % grid == 0 and traffic.existed(minute - _TILE, minute):
                seen = traffic.between(minute - _TILE, minute)
                yield minute // grid, minute // grid + 1, Fraction(seen.total), Fraction(seen.bad)
        first, after = -(-settled // grid), end // grid + 1
        if spell.present and first < after:
            yield first, after, Fraction(spell.total * _TILE), Fraction(spell.bad * _TILE)
        start = end
