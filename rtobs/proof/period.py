"""The history of a whole period: budget spent and left, coverage, constants."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

from rtobs import conventions as names
from rtobs.model.number import decimal_text
from rtobs.model.slo import ResolvedSlo
from rtobs.proof import queries as ask
from rtobs.proof.flows import Group
from rtobs.proof.incidents import EVENTS
from rtobs.proof.notation import held_values
from rtobs.proof.recordings import Plan, Run
from rtobs.proof.scenes import ABOVE, BELOW, Question
from rtobs.proof.testfile import Check, Scenario

__all__ = ["MOST_SAMPLES", "period_grid", "period_scenario"]

MOST_SAMPLES: Final = 9_000  # of one query; promtool refuses more than 10,000
_DAY: Final = 1440
_TILE: Final = 5
_TOLERANCE: Final = Fraction(1, 1000)
_TILES: Final = 720
_GRIDS: Final = (60, 30, 20, 15, 10)
_LIKELY: Final = Fraction(4, 5)


def period_grid(slo: ResolvedSlo) -> int:
    """Minutes between two supplied tiles: coarse, for fewer samples make a faster test.

    The coverage that results is low, and an exhausted budget counts only as far as it was seen,
    so the error ratio of the test is high; the grid stays so fine that it is below 1, unless that
    were more samples than promtool reads. Scenes stand whole hours apart, so each grid has a sample
    at every scene.
    """
    window = slo.window.minutes
    enough = window // _TILES
    likely = int(_LIKELY / slo.error_budget) * _TILE
    least = -(-window // (MOST_SAMPLES * _TILE)) * _TILE
    wanted = max(min(enough, likely), least)
    return next((grid for grid in _GRIDS if grid <= wanted), _TILE)


def period_scenario(grid: int, base: int, slos: Sequence[tuple[ResolvedSlo, Group]]) -> Scenario:
    """The scenario of SLOs whose tiles are supplied on one grid, scenes `base` minutes apart."""
    inputs: list[tuple[str, str]] = []
    checks: list[Check] = []
    for slo, group in slos:
        plan = _periodplan_of(slo.window.minutes, slo.error_budget, base, grid)
        inputs += [
            (ask.series_text(slo, group.labels, recorded, renamed=renamed), text)
            for recorded, renamed, text in plan.values
        ]
        checks += _period_checks(slo, group, base, grid)
    ids = ", ".join(slo.slo_id for slo, _ in slos)
    return Scenario(f"history of the period: {ids}", f"{grid}m", tuple(inputs), tuple(checks))


def _full_scene(window: int, base: int) -> int:
    """Number of the first scene that has the whole period behind it."""
    return window // base + 1


def _seen_tiles(window: int, base: int, grid: int) -> int:
    """Tiles of the period: the supplied ones, and one that each evaluation records."""
    return window // grid + _full_scene(window, base)


def _coverage(window: int, tiles: int) -> Fraction:
    """Share of the period that was seen; tiles that stand closer than five minutes add nothing."""
    return min(Fraction(tiles * _TILE, window), Fraction(1))


def _spent(window: int, budget: Fraction, tiles: int, burn: Fraction) -> Fraction:
    """Error ratio at which `burn` times the budget is spent, as far as it was seen."""
    return burn * budget / _coverage(window, tiles)


@lru_cache(maxsize=256)
def _periodplan_of(window: int, budget: Fraction, base: int, grid: int) -> Plan:
    scene = _full_scene(window, base)
    change, end = scene * base // grid, (scene + 1) * base // grid
    middle = change - window // grid // 2
    tiles = _seen_tiles(window, base, grid)
    below, above = (_spent(window, budget, tiles, burn) for burn in (BELOW, ABOVE))
    inside = Fraction(end - change + 1, tiles)
    late = (above - below * (1 - inside)) / inside
    total = Fraction(EVENTS * _TILE)
    runs: dict[tuple[str, bool], list[Run]] = {
        (names.TOTAL_TILE, False): [(1, middle, total)],
        (names.TOTAL_TILE, True): [(middle + 1, end - middle, total)],
        (names.BAD_TILE, False): [(1, middle, total * below)],
        (names.BAD_TILE, True): [
            (middle + 1, change - middle, total * below),
            (change + 1, end - change, total * late),
        ],
        (names.TOTAL_RATE, False): [(1, end, total / 300)],
        (names.TOTAL_RATE, True): [(change, 1, total / 600)],
        (names.BAD_RATE, False): [(change, 1, total * below / 600)],
        (names.BAD_RATE, True): [
            (1, change, total * below / 300),
            (change + 1, end - change, total * late / 300),
        ],
    }
    for name, value in (
        (names.PERIOD_ERROR_RATIO, below),
        (names.PERIOD_BURN_RATE, below / budget),
        (names.COVERAGE, _coverage(window, tiles)),
    ):
        runs[name, True] = [(change, 1, value / 2)]
    values = tuple((name, renamed, held_values(found)) for (name, renamed), found in runs.items())
    return Plan(values, ())


def _period_checks(slo: ResolvedSlo, group: Group, base: int, grid: int) -> list[Check]:
    window, budget = slo.window.minutes, slo.error_budget
    scene = _full_scene(window, base)
    at, later = (number * (base * 60 + 1) for number in (scene, scene + 1))
    tiles = _seen_tiles(window, base, grid)
    ratio = _spent(window, budget, tiles, BELOW)
    exhausted = names.BUDGET_EXHAUSTED
    checks = [
        ask.answer(
            slo, group.labels, at, Question("2 % of the budget is left", exhausted, fires=False)
        ),
        ask.answer(
            slo, group.labels, later, Question("2 % above the budget", exhausted, fires=True)
        ),
    ]
    for name, value in (
        (names.PERIOD_ERROR_RATIO, ratio),
        (names.PERIOD_BURN_RATE, ratio / budget),
        (names.BUDGET_REMAINING, 1 - ratio / budget),
        (names.COVERAGE, _coverage(window, tiles)),
        (names.TOTAL_TILE, Fraction(EVENTS * _TILE)),
        (names.BAD_TILE, ratio * EVENTS * _TILE),
    ):
        low, high = sorted(value * (1 + sign * _TOLERANCE) for sign in (-1, 1))
        expr = ask.within(ask.own(name, slo), decimal_text(low), decimal_text(high))
        sample = ((ask.grouped(slo, group.labels), ask.ONE),)
        checks.append(Check(f"{name} is right", ask.one_per(slo, expr), at, sample))
    for name, value in (
        (names.OBJECTIVE, Fraction(slo.objective)),
        (names.ERROR_BUDGET, budget),
        (names.PERIOD_DAYS, Fraction(window, _DAY)),
    ):
        sample = (((("__name__", name), *ask.identity(slo)), decimal_text(value)),)
        checks.append(Check(f"{name} is right", ask.read(name, slo), at, sample))
    return checks
