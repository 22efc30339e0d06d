"""The edge tests: raw series, an evaluation every five minutes, hours of odd traffic."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from rtobs import conventions as names
from rtobs.model.indicator import EventsIndicator, LatencyIndicator, is_sliced
from rtobs.model.number import decimal_text
from rtobs.model.slo import MissingData, Presence
from rtobs.proof import queries as ask
from rtobs.proof.fine import Part, fastest
from rtobs.proof.incidents import EVENTS, Episode, unit
from rtobs.proof.notation import flow_values
from rtobs.proof.testfile import Check

if TYPE_CHECKING:
    from rtobs.model.alerting import Tier
    from rtobs.model.slo import ResolvedSlo
    from rtobs.proof.flows import Group

__all__ = ["INTERVAL", "edges_part"]

INTERVAL: Final = "5m"
_LEAK = (20, 30)  # minutes with a few errors
_BUSY_UNTIL: Final = 40
_IDLE_UNTIL: Final = 110
_ONE_BAD: Final = 130
_LOW_UNTIL: Final = 170
_NO_BUCKET_UNTIL: Final = 200
_END: Final = 260
_FILLED: Final = 30  # minutes more until a filled outage is no longer filled
_COMES, _GOES = 20, 60  # the second group
_HOUR: Final = 60
_FEW: Final = 7  # evaluations that the second group lives before it is looked at
_NEARLY_ALL: Final = Fraction(9, 10)
_LONGEST_MEMORY: Final = 30


def edges_part(slo: ResolvedSlo, groups: tuple[Group, ...]) -> Part:
    """Series and checks of an SLO: idle, low traffic, missing and vanishing series."""
    first = groups[0]
    inputs = [(flow.series, flow_values(flow, _odd_day(slo), 1)) for flow in first.flows]
    checks = [*_tiles(slo, first), *_quiet_hours(slo, first), *_vanished(slo, first)]
    for other in groups[1:2]:
        inputs += [(flow.series, flow_values(flow, _short_life(slo), 1)) for flow in other.flows]
        checks += _came_and_went(slo, other)
    return Part(slo, tuple(inputs), tuple(sorted(checks, key=lambda check: check.at)))


def _leak(slo: ResolvedSlo) -> int | Fraction:
    """Bad events a minute that no tier minds, for ten minutes; of slices, a bad one."""
    if is_sliced(slo.indicator):
        return 1
    least = min((tier.threshold for tier in slo.tiers), default=Fraction(1, 10))
    return Fraction(int(least * EVENTS / 2), EVENTS) * unit(slo)


def _odd_day(slo: ResolvedSlo) -> tuple[Episode, ...]:
    whole, start, end = unit(slo), *_LEAK
    leak = 5 if is_sliced(slo.indicator) else end - start
    head = (
        Episode("clean", start, whole),
        Episode("slow leak", leak, whole, _leak(slo)),
        Episode("clean", _BUSY_UNTIL - start - leak, whole),
    )
    middle: tuple[Episode, ...]
    if is_sliced(slo.indicator):
        middle = (
            Episode("clean", _ONE_BAD - _BUSY_UNTIL, whole),
            Episode("one bad event", 5, whole, 1),
            Episode("clean", _NO_BUCKET_UNTIL - _ONE_BAD - 5, whole),
        )
    else:
        middle = (
            Episode("idle hour", _IDLE_UNTIL - _BUSY_UNTIL, 0),
            Episode("low traffic", _ONE_BAD - _IDLE_UNTIL, 1),
            Episode("one bad event", 1, 1, 1),
            Episode("low traffic", _LOW_UNTIL - _ONE_BAD - 1, 1),
            Episode("bucket missing", _NO_BUCKET_UNTIL - _LOW_UNTIL, whole, 0, "threshold"),
        )
    return (*head, *middle, Episode("series vanished", _END - _NO_BUCKET_UNTIL, 0, 0, "all"))


def _short_life(slo: ResolvedSlo) -> tuple[Episode, ...]:
    whole = unit(slo)
    return (
        Episode("group comes and goes", _COMES, 0, 0, "all"),
        Episode("group comes and goes", _GOES - _COMES, whole, whole),
        Episode("group comes and goes", _END - _GOES, 0, 0, "all"),
    )


def _tiles(slo: ResolvedSlo, group: Group) -> list[Check]:
    """Tiles and the ratio of the period against the true events of the first forty minutes."""
    if group.memory:
        return []
    sliced = is_sliced(slo.indicator)
    total = _BUSY_UNTIL // 5 if sliced else _BUSY_UNTIL * unit(slo)
    bad = 1 if sliced else (_LEAK[1] - _LEAK[0]) * _leak(slo)
    if sliced:
        total += 1  # the minute 0 is a slice of its own
    share = Fraction(bad) / total
    low, high = (decimal_text(share * Fraction(n, 1000)) for n in (990, 1010))
    ratio = ask.read(names.PERIOD_ERROR_RATIO, slo, group.labels)
    sample = ((ask.grouped(slo, group.labels), ask.ONE),)
    return [
        Check(
            "slow leak: the ratio of the period counts the true events",
            ask.one_per(slo, ask.within(ratio, low, high)),
            _BUSY_UNTIL * 60,
            sample,
        ),
        Check(
            "slow leak: no page",
            ask.alerts(slo, names.BUDGET_BURN, group.labels),
            _BUSY_UNTIL * 60,
        ),
    ]


def _quiet_hours(slo: ResolvedSlo, group: Group) -> list[Check]:
    at = (_IDLE_UNTIL - 5) * 60
    checks = [Check("idle hour: no series is NaN", ask.count_of_nan(slo), at, (((), "0"),))]
    if not is_sliced(slo.indicator):
        ratios = f'__name__=~"{names.error_ratio("(5m|1h)")}"'
        checks.append(Check("idle hour: no ratio", ask.read("", slo, group.labels, (ratios,)), at))
    if all(tier.min_bad > 1 for tier in slo.tiers):
        checks += [
            Check(
                "one bad event: no alert",
                ask.alerts(slo, names.BUDGET_BURN, group.labels),
                minute * 60,
            )
            for minute in (_ONE_BAD + 5, _ONE_BAD + 10)
        ]
    return checks


def _came_and_went(slo: ResolvedSlo, group: Group) -> list[Check]:
    checks = []
    tier = fastest(slo)
    born = (_GOES - 5) * 60
    if tier is not None and tier.min_bad <= _FEW:
        checks.append(
            Check(
                "group comes: a new group full of errors fires the fast tier",
                ask.burn(slo, tier, group.labels),
                born,
                ((ask.burn_labels(slo, tier, group.labels), ask.ONE),),
            )
        )
    chained = "|".join(tier.name for tier in slo.tiers if tier.long.minutes > _HOUR)
    if chained:
        matcher = f'{names.TIER}=~"{chained}"'
        expr = ask.alerts(slo, names.BUDGET_BURN, group.labels, matcher)
        checks.append(Check("young series: no long tier", expr, born))
    if slo.missing_data is not MissingData.BAD:
        gone = ask.alerts(slo, names.BUDGET_BURN, group.labels)
        checks.append(Check("group gone: no alert", gone, (_IDLE_UNTIL - 5) * 60))
    return checks


def _vanished(slo: ResolvedSlo, group: Group) -> list[Check]:
    missing = ask.alerts(slo, names.SERIES_MISSING)
    tier = fastest(slo)
    watched = slo.missing_data is not MissingData.GOOD
    filled = slo.missing_data is MissingData.BAD
    one = (ask.identity(slo), ask.ONE)

    def health(why: str, minute: int, *, fires: bool) -> Check:
        return Check(why, ask.whose(slo, missing), minute * 60, (one,) if fires else ())

    checks = []
    if isinstance(slo.indicator, LatencyIndicator):
        at = _NO_BUCKET_UNTIL - 5
        why = "bucket missing: the health alert fires" if watched else "bucket missing: not watched"
        checks.append(health(why, at, fires=watched))
        burn = ask.alerts(slo, names.BUDGET_BURN, group.labels)
        checks.append(Check("bucket missing: no tier fires", burn, at * 60))
    else:
        checks.append(health("series there: no health alert", _NO_BUCKET_UNTIL - 5, fires=False))
        checks.append(health("just vanished: not yet", _NO_BUCKET_UNTIL + 11, fires=False))
    if group.memory > _LONGEST_MEMORY:
        return checks
    why = "series vanished: the health alert fires" if watched else "series vanished: not watched"
    checks.append(health(why, _END, fires=watched and not filled))
    if isinstance(slo.indicator, EventsIndicator):
        checks.append(health(f"{why} in time", _NO_BUCKET_UNTIL + 17, fires=watched))
    if is_sliced(slo.indicator) and watched is filled:
        checks.append(_filled(slo, group, bad=filled))
    if slo.presence is Presence.REQUIRED:
        checks.append(_page(slo, group, tier))
    if filled and tier is not None and tier.threshold < _NEARLY_ALL:
        expr = ask.one_per(slo, ask.burn(slo, tier, group.labels))
        sample = (ask.grouped(slo, group.labels), ask.ONE)
        checks.append(Check("series vanished: its minutes are bad", expr, _END * 60, (sample,)))
    return checks


def _page(slo: ResolvedSlo, group: Group, tier: Tier | None) -> Check:
    """The page of a total outage: by a tier where one pages in time, else that nothing is seen."""
    filled = slo.missing_data is MissingData.BAD
    pages = tier is not None and tier.severity is names.Severity.CRITICAL
    in_time = tier is not None and tier.threshold < _NEARLY_ALL
    late = filled and not (pages and in_time)
    alert, at = (names.SERIES_MISSING, _END + _FILLED + group.memory) if late else ("", _END)
    expr = ask.alerts(slo, alert, (), f'{names.SEVERITY}="{names.Severity.CRITICAL}"')
    return Check(
        "total outage: a page", ask.whose(slo, expr), at * 60, ((ask.identity(slo), ask.ONE),)
    )


def _filled(slo: ResolvedSlo, group: Group, *, bad: bool) -> Check:
    """What a minute without data counts as."""
    labels = (("__name__", names.SLICE_BAD), *ask.recorded_labels(slo, group.labels))
    return Check(
        "series vanished: a slice without data",
        ask.read(names.SLICE_BAD, slo, group.labels),
        (_NO_BUCKET_UNTIL + 20) * 60,
        ((labels, "1" if bad else "0"),),
    )
