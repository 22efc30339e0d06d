"""What the alert policies of all SLOs say to the dashboards: windows and burn factors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Final

from rtobs import conventions as names
from rtobs.dashboards.queries import ONE_SLO
from rtobs.model.duration import Duration
from rtobs.model.number import decimal_text
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import any_of, quote

__all__ = [
    "common_window",
    "exhaustion_window",
    "factor_line",
    "fleet_windows",
    "group_labels",
    "paging_tiers",
    "ratio_windows",
    "tier_names",
    "usual_factors",
]

_ALWAYS_RECORDED: Final = (Duration.parse("5m"), Duration.parse("1h"))
_FLEET_COLUMNS: Final = 4


def ratio_windows(slos: Iterable[ResolvedSlo]) -> tuple[Duration, ...]:
    """Every window over which an error ratio is recorded, shortest first."""
    used = {window for slo in slos for tier in slo.tiers for window in (tier.long, tier.short)}
    return tuple(sorted({*_ALWAYS_RECORDED, *used}))


def fleet_windows(slos: Iterable[ResolvedSlo]) -> tuple[Duration, ...]:
    """The long windows that most SLOs alert on, at most four, shortest first."""
    uses = Counter(tier.long for slo in slos for tier in slo.tiers)
    usual = sorted(uses, key=lambda window: (-uses[window], window))[:_FLEET_COLUMNS]
    return tuple(sorted(usual)) or (_ALWAYS_RECORDED[-1],)


def exhaustion_window(slos: Iterable[ResolvedSlo]) -> Duration:
    """The window that tells when the budget will be gone: the second of the usual ones."""
    windows = fleet_windows(slos)
    return windows[min(1, len(windows) - 1)]


def common_window(slos: Iterable[ResolvedSlo]) -> str:
    """The time window that most SLOs have."""
    uses = Counter(str(slo.window) for slo in slos)
    return max(sorted(uses), key=lambda window: uses[window], default="30d")


def group_labels(slos: Iterable[ResolvedSlo]) -> tuple[str, ...]:
    """Every label that some SLO groups by, sorted."""
    return tuple(sorted({label for slo in slos for label in slo.group_by}))


def tier_names(slos: Sequence[ResolvedSlo]) -> tuple[str, ...]:
    """Names of all tiers, the fastest burn first."""
    factors: dict[str, Fraction] = {}
    for slo in slos:
        for tier in slo.tiers:
            factors[tier.name] = max(factors.get(tier.name, tier.factor), tier.factor)
    return tuple(sorted(factors, key=lambda name: (-factors[name], name)))


def paging_tiers(slos: Sequence[ResolvedSlo]) -> frozenset[str]:
    """Names of the tiers that page."""
    return frozenset(
        tier.name for slo in slos for tier in slo.tiers if tier.severity is names.Severity.CRITICAL
    )


def usual_factors(slos: Sequence[ResolvedSlo]) -> tuple[Fraction, ...]:
    """The factors of the tiers that most SLOs have, ascending and distinct."""
    sets = Counter(tuple(sorted({tier.factor for tier in slo.tiers})) for slo in slos)
    return max(sorted(sets), key=lambda factors: sets[factors], default=())


@dataclass(frozen=True, slots=True)
class _Choice:
    days: Fraction
    factor: Fraction | None


def factor_line(tier: str, slos: Sequence[ResolvedSlo]) -> str:
    """PromQL of a tier's factor for the chosen SLO, "" when no SLO has the tier.

    The factor follows from the length of the SLO's window under one policy, so the expression
    compares `slo:time_period:days`. SLOs with another factor than most SLOs of their window are
    named; those without the tier get no line.
    """
    choices = {slo.slo_id: _choice(tier, slo) for slo in slos}
    by_days = sorted({choice.days for choice in choices.values()})
    parts = [part for days in by_days for part in _lines_of_window(days, choices)]
    return " or ".join(parts)


def _choice(tier_name: str, slo: ResolvedSlo) -> _Choice:
    factor = next((tier.factor for tier in slo.tiers if tier.name == tier_name), None)
    return _Choice(Fraction(slo.window.seconds, 86_400), factor)


def _lines_of_window(days: Fraction, choices: dict[str, _Choice]) -> list[str]:
    own = {slo_id: choice.factor for slo_id, choice in choices.items() if choice.days == days}
    uses = Counter(own.values())
    usual = max(sorted(own), key=lambda slo_id: uses[own[slo_id]])
    rest = sorted(slo_id for slo_id in own if own[slo_id] != own[usual])
    lines = []
    if own[usual] is not None:
        lines.append(_line(days, own[usual], _not_any(rest)))
    by_factor = sorted((own[slo_id], slo_id) for slo_id in rest if own[slo_id] is not None)
    for factor, group in groupby(by_factor, key=lambda pair: pair[0]):
        matcher = any_of(names.SLO_ID, [slo_id for _, slo_id in group])
        lines.append(_line(days, factor, f",{matcher.label}{matcher.op}{quote(matcher.value)}"))
    return lines


def _not_any(slo_ids: Sequence[str]) -> str:
    if not slo_ids:
        return ""
    matcher = any_of(names.SLO_ID, slo_ids)
    operator = {"=": "!=", "=~": "!~"}[matcher.op]
    return f",{matcher.label}{operator}{quote(matcher.value)}"


def _line(days: Fraction, factor: Fraction | None, matcher: str) -> str:
    assert factor is not None  # noqa: S101 - for the type checker; callers sort None out
    period = f"max(last_over_time({names.PERIOD_DAYS}{{{ONE_SLO}{matcher}}}[10m]))"
    return f"0 * ({period} == {decimal_text(days)}) + {decimal_text(factor)}"
