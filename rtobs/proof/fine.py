"""The fine tests: raw series, an evaluation every minute, the fastest tier to the minute."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from rtobs import conventions as names
from rtobs.model.indicator import (
    EventsIndicator,
    LatencyIndicator,
    TimesliceIndicator,
    is_sliced,
)
from rtobs.model.number import decimal_text
from rtobs.model.slo import MissingData
from rtobs.proof import queries as ask
from rtobs.proof.flows import Group
from rtobs.proof.incidents import (
    EVENTS,
    SCRAPE,
    Episode,
    Story,
    fine_story,
    unit,
    views,
)
from rtobs.proof.notation import flow_values, held_values
from rtobs.proof.testfile import Check, Claim

if TYPE_CHECKING:
    from rtobs.model.alerting import Tier
    from rtobs.model.slo import ResolvedSlo
    from rtobs.proof.evaluator import Counts, Span

__all__ = ["INTERVAL", "Part", "fastest", "fine_part"]

INTERVAL: Final = "1m"
_HOUR: Final = 60
_PER_MINUTE: Final = int(1 / SCRAPE)
_ONSET: Final = 60
_LOOKBACK: Final = 5  # minutes that an instant read looks back
_SETTLED: Final = 6  # minutes after which a five-minute rate knows nothing older
_CHAIN_ERROR: Final = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Part:
    """What one SLO adds to a scenario.

    Attributes:
        slo: the SLO.
        inputs: its series and their values.
        checks: its checks.
    """

    slo: ResolvedSlo
    inputs: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]


def fastest(slo: ResolvedSlo) -> Tier | None:
    """The tier whose windows are read from raw series, if the SLO has one."""
    return next((tier for tier in slo.tiers if tier.long.minutes <= _HOUR), None)


def fine_part(slo: ResolvedSlo, groups: tuple[Group, ...]) -> Part:
    """Series and checks of an SLO: clean, counter reset, step outage, recovery."""
    tier = fastest(slo)
    story, when = fine_story(slo, tier)
    affected = groups[0]
    quiet = Story((*story.episodes[:2], _quiet(slo, story)))
    inputs = [
        (flow.series, flow_values(flow, told.episodes, _PER_MINUTE))
        for group, told in zip(groups, (story, quiet), strict=False)
        for flow in group.flows
    ]
    checks = [*_clean(slo, groups), *_ratio_of_step(slo, groups, story)]
    end = _ONSET + _SETTLED
    if tier and when and when.fires and when.resets:
        recovery = _ONSET + story.episodes[2].minutes
        end = when.resets.latest + 1 + affected.memory
        inputs += _renamed(slo, tier, affected, story, recovery)
        checks += _tier(slo, tier, affected, (when.fires, when.resets), recovery)
        checks += _ratios(slo, affected, story, recovery)
    checks += [_healthy(slo, end), _census(slo, groups, end)]
    return Part(slo, tuple(inputs), tuple(sorted(checks, key=lambda check: check.at)))


def _renamed(
    slo: ResolvedSlo, tier: Tier, group: Group, story: Story, recovery: int
) -> list[tuple[str, str]]:
    """Recordings from before a label was renamed, beside those of now and smaller than they.

    A rule that reads both as one sees the greater; a rule that does not fails, or counts double.
    """
    step = story.episodes[2]
    long_enough = step.minutes > _SETTLED + _LOOKBACK
    total = Fraction(step.total) / 120
    bad = Fraction(step.bad) / 120 if long_enough else Fraction(0)
    at, until = (_ONSET + _SETTLED) * _PER_MINUTE, recovery * _PER_MINUTE
    steady = (((_ONSET + 2) * _PER_MINUTE, until - (_ONSET + 2) * _PER_MINUTE, tier.threshold / 2),)
    values = {
        names.TOTAL_RATE: ((at, 1, total),),
        names.BAD_RATE: ((at, 1, bad),),
        names.error_ratio("5m"): steady,
        names.error_ratio(str(tier.long)): steady,
    }
    return [
        (ask.former_series(name, slo, group.labels), held_values(runs))
        for name, runs in values.items()
    ]


def _quiet(slo: ResolvedSlo, story: Story) -> Episode:
    return Episode("other group", story.minutes - _ONSET, unit(slo))


def _clean(slo: ResolvedSlo, groups: tuple[Group, ...]) -> list[Check]:
    at = (_ONSET - 1) * 60
    labels = [ask.recorded_labels(slo, group.labels) for group in groups]
    zero = tuple((own, "0") for own in labels)
    checks = [Check("clean: no alert", ask.alerts(slo), at)]
    for window in ("5m", "1h"):
        ratio = f"round({ask.read(names.error_ratio(window), slo)}, 0.0001)"
        checks.append(Check(f"clean: the ratio over {window} is 0 in every group", ratio, at, zero))
    rate = _known_rate(slo)
    if rate:
        total = f"round({ask.read(names.TOTAL_RATE, slo)}, 0.001)"
        samples = tuple((own, rate) for own in labels)
        checks.append(Check("counter reset: the rate stays exact", total, at, samples))
    return checks


def _known_rate(slo: ResolvedSlo) -> str:
    """Recorded total where the definition says what an event is, in events a second."""
    indicator = slo.indicator
    if isinstance(indicator, TimesliceIndicator):
        return "0.017"  # one slice a minute
    plain = isinstance(indicator, EventsIndicator) and indicator.total.selector is not None
    if slo.proof is None and (plain or isinstance(indicator, LatencyIndicator)):
        return str(EVENTS // 60)
    return ""


def _ratio_of_step(slo: ResolvedSlo, groups: tuple[Group, ...], story: Story) -> list[Check]:
    step = story.episodes[2]
    if step.minutes < _SETTLED or any(group.memory for group in groups):
        return []
    digits = Fraction(step.bad) / step.total * 10_000
    share = decimal_text(Fraction(int(digits + Fraction(1, 2)), 10_000))
    expected = (share, "0")
    samples = tuple(
        (ask.recorded_labels(slo, group.labels), value)
        for group, value in zip(groups, expected, strict=False)
    )
    at = (_ONSET + _SETTLED) * 60
    burn = Fraction(step.bad) / step.total / slo.error_budget
    low, high = (decimal_text(burn * (1 + sign * _CHAIN_ERROR / 2)) for sign in (-1, 1))
    current = ask.own(names.CURRENT_BURN_RATE, slo, groups[0].labels)
    return [
        Check(
            "step: the error ratio, in one group only",
            f"round({ask.own(names.error_ratio('5m'), slo)}, 0.0001)",
            at,
            samples,
        ),
        Check(
            "step: the burn rate",
            ask.one_per(slo, ask.within(current, low, high)),
            at,
            ((ask.grouped(slo, groups[0].labels), ask.ONE),),
        ),
    ]


def _tier(
    slo: ResolvedSlo, tier: Tier, group: Group, when: tuple[Span, Span], recovery: int
) -> list[Check]:
    expr = ask.burn(slo, tier)
    firing = ((ask.burn_labels(slo, tier, group.labels), ask.ONE),)
    late = group.memory
    fires, resets = when

    def claim(event: str, minute: int, *, reached: bool) -> Claim:
        start = _ONSET if event == "fires" else recovery
        return Claim(slo.slo_id, tier.name, event, minute - start, reached)

    return [
        Check(
            f"{tier.name}: silent one evaluation before detection",
            expr,
            (fires.earliest - 1) * 60,
            claim=claim("fires", fires.latest + late, reached=False),
        ),
        Check(
            f"{tier.name}: fires {fires.latest + late - _ONSET} min after the onset",
            expr,
            (fires.latest + late) * 60,
            firing,
            claim("fires", fires.latest + late, reached=True),
        ),
        Check(
            f"{tier.name}: still firing one evaluation before reset",
            expr,
            (resets.earliest - 1) * 60,
            firing,
            claim("resets", resets.latest + late, reached=False),
        ),
        Check(
            f"{tier.name}: resets {resets.latest + late - recovery} min after the recovery",
            expr,
            (resets.latest + late) * 60,
            claim=claim("resets", resets.latest + late, reached=True),
        ),
    ]


def _ratios(slo: ResolvedSlo, group: Group, story: Story, at: int) -> list[Check]:
    """Ratios at the end of the step against the events of the story."""
    if group.memory:
        return []
    windows = {w for tier in slo.tiers for w in (tier.long, tier.short)}
    checks = []
    for window in sorted(w for w in windows if _SETTLED < w.minutes < at):
        seen = [
            _with_former(view.counts(window.minutes, at), window.minutes, story, at)
            for view in views(slo, story.traffic, SCRAPE)
        ]
        low = decimal_text(min(seen) * (1 - _CHAIN_ERROR))
        high = decimal_text(max(seen) * (1 + _CHAIN_ERROR))
        ratio = ask.own(names.error_ratio(str(window)), slo, group.labels)
        checks.append(
            Check(
                f"step: the ratio over {window} counts the true events",
                ask.one_per(slo, ask.within(ratio, low, high)),
                at * 60,
                ((ask.grouped(slo, group.labels), ask.ONE),),
            )
        )
    return checks


def _with_former(counts: Counts, window: int, story: Story, at: int) -> Fraction:
    """Error ratio of a window with the one recording under the former labels, if it sees it."""
    total, bad = Fraction(counts.total), Fraction(counts.bad)
    step, former = story.episodes[2], _ONSET + _SETTLED
    if window < _HOUR and at - window < former <= at:
        total += Fraction(step.total) / 2
        bad += Fraction(step.bad) / 2 if step.minutes > _SETTLED + _LOOKBACK else 0
    return bad / total


def _healthy(slo: ResolvedSlo, minutes: int) -> Check:
    health = "|".join(names.HEALTH_ALERTS)
    return Check(
        "recovered: no health alert",
        ask.alerts(slo, "", (), f'alertname=~"{health}"'),
        minutes * 60,
    )


_CONSTANTS: Final = (names.OBJECTIVE, names.ERROR_BUDGET, names.PERIOD_DAYS)


def _census(slo: ResolvedSlo, groups: tuple[Group, ...], minutes: int) -> Check:
    """How many series are recorded with exactly the labels of the SLO and of its groups."""
    recorded = [
        *(names.TOTAL_RATE, names.BAD_RATE, names.TOTAL_TILE, names.BAD_TILE),
        *(names.PERIOD_ERROR_RATIO, names.PERIOD_BURN_RATE, names.BUDGET_REMAINING),
        *(names.COVERAGE, names.CURRENT_BURN_RATE),
    ]
    windows = {str(w) for tier in slo.tiers for w in (tier.long, tier.short)} | {"5m", "1h"}
    recorded += [names.error_ratio(window) for window in windows]
    if is_sliced(slo.indicator):
        recorded.append(names.SLICE_BAD)
        if slo.missing_data is not MissingData.IGNORE:
            recorded.append(names.SLICE_SEEN)
    counts = {ask.recorded_labels(slo, group.labels): len(recorded) for group in groups}
    alone = ask.identity(slo)
    counts[alone] = counts.get(alone, 0) + len(_CONSTANTS)
    wanted = "|".join(sorted((*recorded, *_CONSTANTS)))
    matchers = (f'__name__=~"{wanted}"', f'{names.OWNER}!="{ask.FORMER_OWNER}"')
    return Check(
        "every series is recorded with its labels and no other",
        f"count without () ({ask.read('', slo, (), matchers)})",
        minutes * 60,
        tuple((labels, str(count)) for labels, count in counts.items()),
    )
