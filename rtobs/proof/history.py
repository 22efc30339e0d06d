"""The history tests: recorded series are supplied, and single evaluations look back on them.

The long tiers need hours and days of history, which no test can evaluate minute by minute. So the
recordings (the five-minute rates and the tiles) are supplied as a story would have left them, up
to one evaluation. A scene is one such evaluation: the rules see the supplied past and nothing
else. The scenes of an SLO follow each other so far apart that none sees the other.

The newest part of every scene is supplied under another owner, as if that label had been renamed:
whatever reads recordings must take both parts for one series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rtobs.model.indicator import EventsIndicator, is_sliced
from rtobs.model.slo import MissingData, ResolvedSlo
from rtobs.proof import queries as ask
from rtobs.proof.flows import Group
from rtobs.proof.incidents import by_minutes
from rtobs.proof.period import MOST_SAMPLES, period_grid, period_scenario
from rtobs.proof.rawscenes import raw_scenes
from rtobs.proof.recordings import Plan, plan_of
from rtobs.proof.scenes import Numbers, health_scenes, idle, tier_scenes
from rtobs.proof.testfile import Scenario

__all__ = ["evaluation_interval", "history_scenarios"]

_HOUR: Final = 60
_DAY: Final = 1440
_TILE: Final = 5


def depth_minutes(slos: Sequence[ResolvedSlo]) -> int:
    """How far back a scene supplies recordings: further than any tier looks."""
    longest = max((tier.long.minutes for slo in slos for tier in slo.tiers), default=0)
    return max(longest, _DAY + _HOUR) + _HOUR


def base_minutes(slos: Sequence[ResolvedSlo]) -> int:
    """Minutes between two scenes: none sees another, and a period sees no more than it may.

    Promtool refuses a query over too many samples, and a period looks back on many scenes.
    """
    depth = depth_minutes(slos)
    period = max((slo.window.minutes for slo in slos), default=0)
    spread = -(-period * (depth // _TILE) // MOST_SAMPLES)
    return -(-max(depth + _HOUR, spread) // _HOUR) * _HOUR


def evaluation_interval(slos: Sequence[ResolvedSlo]) -> str:
    """Evaluation interval of the file: a second off the grid of the supplied samples.

    A supplied sample at the time of an evaluation would be a duplicate of what a rule records.
    """
    return f"{base_minutes(slos) * 60 + 1}s"


def history_scenarios(
    proven: Sequence[tuple[ResolvedSlo, tuple[Group, ...]]],
) -> tuple[Scenario, ...]:
    """Scenarios for the tiers on rates, for the tiers on tiles, and for the period."""
    slos = [slo for slo, _ in proven]
    base, depth = base_minutes(slos), depth_minutes(slos)
    first = [(slo, groups[0]) for slo, groups in proven]
    scenarios = []
    for name, grid, plan in (("rates", 1, _rates_plan), ("tiles", _TILE, _tiles_plan)):
        planned = [(slo, group, plan(numbers_of(slo), base, depth)) for slo, group in first]
        scenarios.append(_scenario(f"history of {name}", grid, planned))
    by_grid: dict[int, list[tuple[ResolvedSlo, Group]]] = defaultdict(list)
    for slo, group in first:
        by_grid[period_grid(slo)].append((slo, group))
    scenarios += [period_scenario(grid, base, slos) for grid, slos in sorted(by_grid.items())]
    return tuple(scenario for scenario in scenarios if scenario.checks)


def _scenario(name: str, grid: int, planned: Sequence[tuple[ResolvedSlo, Group, Plan]]) -> Scenario:
    inputs = tuple(
        (ask.series_text(slo, group.labels, recorded, renamed=renamed), text)
        for slo, group, plan in planned
        for recorded, renamed, text in plan.values
    )
    checks = tuple(
        ask.answer(slo, group.labels, at, question)
        for slo, group, plan in planned
        for at, question in plan.questions
    )
    ids = ", ".join(slo.slo_id for slo, _, plan in planned if plan.questions)
    return Scenario(f"{name}: {ids}", f"{grid}m", inputs, checks)


def numbers_of(slo: ResolvedSlo) -> Numbers:
    return Numbers(
        slo.tiers,
        by_minutes=by_minutes(slo),
        sliced=is_sliced(slo.indicator),
        filled=isinstance(slo.indicator, EventsIndicator) and slo.indicator.counts == "bad",
        watched=slo.missing_data is not MissingData.GOOD,
        counts=slo.indicator.counts if isinstance(slo.indicator, EventsIndicator) else "",
    )


@lru_cache(maxsize=256)
def _rates_plan(numbers: Numbers, base: int, depth: int) -> Plan:
    """Tiers whose long window is raw or summed from five-minute rates."""
    scenes = [idle(depth)]
    for tier in numbers.tiers:
        if tier.long.minutes <= _HOUR:
            scenes += raw_scenes(tier, numbers)
        elif tier.long.minutes < _DAY:
            scenes += tier_scenes(tier, numbers)
    return plan_of(scenes, base, depth, 1)


@lru_cache(maxsize=256)
def _tiles_plan(numbers: Numbers, base: int, depth: int) -> Plan:
    """Tiers whose long window is summed from tiles, and the health alerts about recordings."""
    scenes = [idle(depth)]
    for tier in numbers.tiers:
        if tier.long.minutes >= _DAY:
            scenes += tier_scenes(tier, numbers)
    return plan_of([*scenes, *health_scenes(numbers)], base, depth, _TILE)
