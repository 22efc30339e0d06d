"""The rules that Sloth 0.16 makes of the same SLO, for comparison.

Written anew from what its generator produces for a window of 30 days: eight error ratios, of which
seven are read from raw series and the period is the unweighted mean of the recorded 5m ratio; seven
series of metadata; two alerts. Everything is evaluated every minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rtobs.model.indicator import EventsIndicator
from rtobs.model.selector import Matcher, Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import rate, selector_text
from rtobs.rules.groups import Alert, Recording, RuleGroup

__all__ = ["error_ratio", "sloth_groups", "sloth_labels"]

_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_PERIOD: Final = "30d"
_INTERVAL: Final = "1m"
_IDENTITY: Final = "sloth_id, sloth_slo, sloth_service"
# Each pair of (short window, long window) with its burn factor.
_PAGE: Final = (("5m", "1h", "14.4"), ("30m", "6h", "6"))
_TICKET: Final = (("2h", "1d", "3"), ("6h", "3d", "1"))


def error_ratio(window: str) -> str:
    """Name of the series that holds the error ratio of a window."""
    return f"slo:sli_error:ratio_rate{window}"


def sloth_labels(slo: ResolvedSlo, window: str = "") -> dict[str, str]:
    """Identity of an SLO, with the window where the series has one."""
    labels = {"sloth_id": slo.slo_id, "sloth_service": slo.service, "sloth_slo": slo.name}
    return {**labels, **({"sloth_window": window} if window else {})}


def sloth_groups(slo: ResolvedSlo) -> tuple[RuleGroup, ...]:
    """The three groups of one SLO on bad events.

    Raises:
        TypeError: the indicator is no pair of selectors.
    """
    return (
        RuleGroup(f"sloth-slo-sli-recordings-{slo.slo_id}", _INTERVAL, _ratios(slo)),
        RuleGroup(f"sloth-slo-meta-recordings-{slo.slo_id}", _INTERVAL, _metadata(slo)),
        RuleGroup(f"sloth-slo-alerts-{slo.slo_id}", _INTERVAL, _alerts(slo)),
    )


def _ratios(slo: ResolvedSlo) -> tuple[Recording, ...]:
    bad, total = _selectors(slo)
    raw = [
        Recording(
            error_ratio(window),
            f"({rate((), bad, window)}) / ({rate((), total, window)})",
            sloth_labels(slo, window),
        )
        for window in _WINDOWS
    ]
    short = _series(error_ratio("5m"), sloth_labels(slo))
    mean = (
        f"sum_over_time({short}[{_PERIOD}])"
        f" / ignoring (sloth_window) count_over_time({short}[{_PERIOD}])"
    )
    return (*raw, Recording(error_ratio(_PERIOD), mean, sloth_labels(slo, _PERIOD)))


def _selectors(slo: ResolvedSlo) -> tuple[Selector, Selector]:
    indicator = slo.indicator
    if isinstance(indicator, EventsIndicator):
        bad, total = indicator.counted.selector, indicator.total.selector
        if bad is not None and total is not None and indicator.counts == "bad":
            return bad, total
    raise TypeError(f"{slo.slo_id} does not count bad events with selectors")


def _metadata(slo: ResolvedSlo) -> tuple[Recording, ...]:
    labels = sloth_labels(slo)
    budget = _series("slo:error_budget:ratio", labels)
    over_budget = f" / on({_IDENTITY}) group_left {budget}"
    now, period = (_series(error_ratio(window), labels) for window in ("5m", _PERIOD))
    about = {
        "sloth_mode": "cli-gen-prom",
        "sloth_objective": str(100 * slo.objective),
        "sloth_spec": "prometheus/v1",
        "sloth_version": "v0.16.0",
    }
    expressions: Mapping[str, str] = {
        "slo:objective:ratio": f"vector({float(slo.objective)})",
        "slo:error_budget:ratio": f"vector(1-{float(slo.objective)})",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": f"{now}{over_budget}",
        "slo:period_burn_rate:ratio": f"{period}{over_budget}",
        "slo:period_error_budget_remaining:ratio": "1 - "
        + _series("slo:period_burn_rate:ratio", labels),
    }
    recordings = [Recording(name, expr, labels) for name, expr in expressions.items()]
    return (*recordings, Recording("sloth_slo_info", "vector(1)", {**labels, **about}))


def _alerts(slo: ResolvedSlo) -> tuple[Alert, ...]:
    return tuple(
        Alert(
            "HighErrorRate",
            " or ".join(_pair(slo, *pair) for pair in pairs),
            {"sloth_severity": severity},
            {"summary": "The error budget burns too fast."},
        )
        for severity, pairs in (("page", _PAGE), ("ticket", _TICKET))
    )


def _pair(slo: ResolvedSlo, short: str, long: str, factor: str) -> str:
    budget = float(slo.error_budget)
    above = (
        f"max({_series(error_ratio(window), sloth_labels(slo))} > ({factor} * {budget}))"
        " without (sloth_window)"
        for window in (short, long)
    )
    return f"({' and '.join(above)})"


def _series(name: str, labels: Mapping[str, str]) -> str:
    matchers: Sequence[Matcher] = [Matcher(label, "=", value) for label, value in labels.items()]
    return selector_text(Selector(name, tuple(matchers)))
