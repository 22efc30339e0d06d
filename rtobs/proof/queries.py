"""The questions that generated tests ask, and the labels of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rtobs import conventions as names
from rtobs.promql.text import aggregate, quote
from rtobs.proof.testfile import Check, Claim, labels_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rtobs.model.alerting import Tier
    from rtobs.model.slo import ResolvedSlo
    from rtobs.proof.scenes import Question

__all__ = [
    "FORMER_OWNER",
    "ONE",
    "alerts",
    "answer",
    "burn",
    "burn_labels",
    "count_of_nan",
    "former_series",
    "grouped",
    "identity",
    "one_per",
    "own",
    "read",
    "recorded_labels",
    "series_text",
    "whose",
    "within",
]

Labels = tuple[tuple[str, str], ...]

ONE: Final = "1"
FORMER_OWNER: Final = "former-owner"  # recorded history has it where a label was renamed


def identity(slo: ResolvedSlo) -> Labels:
    """The labels that every recorded series of an SLO has beside its groups."""
    return (
        (names.SLO_ID, slo.slo_id),
        (names.SLO, slo.name),
        (names.SERVICE, slo.service),
        (names.COMPONENT, slo.component),
        (names.DOMAIN, slo.domain),
        (names.OWNER, slo.owner),
    )


def recorded_labels(slo: ResolvedSlo, group: Labels) -> Labels:
    """All labels of a recorded series, without its name."""
    return (*identity(slo), *group)


def former_series(name: str, slo: ResolvedSlo, group: Labels) -> str:
    """A recorded series from before one of its labels was renamed."""
    labels = {**dict(recorded_labels(slo, group)), names.OWNER: FORMER_OWNER}
    return f"{name}{labels_text(labels.items())}"


def burn_labels(slo: ResolvedSlo, tier: Tier, group: Labels) -> Labels:
    """All labels of a firing burn-rate alert in ALERTS."""
    own = {
        **dict(identity(slo)),
        names.TIER: tier.name,
        names.SEVERITY: tier.severity,
        names.LONG_WINDOW: str(tier.long),
        names.SHORT_WINDOW: str(tier.short),
        **dict(slo.labels),
        **dict(group),
    }
    state = (("__name__", "ALERTS"), ("alertname", names.BUDGET_BURN), ("alertstate", "firing"))
    return (*state, *own.items())


def read(name: str, slo: ResolvedSlo, group: Labels = (), more: Iterable[str] = ()) -> str:
    """A selector of one series of an SLO, of one group where `group` is given."""
    matchers = [f"{names.SLO_ID}={quote(slo.slo_id)}"]
    matchers += [f"{label}={quote(value)}" for label, value in group]
    return f"{name}{{{','.join((*matchers, *more))}}}"


def alerts(slo: ResolvedSlo, alert: str = "", group: Labels = (), *more: str) -> str:
    """A selector of firing alerts of an SLO."""
    named = [f"alertname={quote(alert)}"] if alert else []
    return read("ALERTS", slo, group, (*named, *more, 'alertstate="firing"'))


def burn(slo: ResolvedSlo, tier: Tier, group: Labels = ()) -> str:
    """A selector of the firing burn-rate alert of one tier."""
    return alerts(slo, names.BUDGET_BURN, group, f"{names.TIER}={quote(tier.name)}")


def grouped(slo: ResolvedSlo, group: Labels) -> Labels:
    """Labels of an aggregate by SLO and groups."""
    return ((names.SLO_ID, slo.slo_id), *group)


def one_per(slo: ResolvedSlo, expression: str) -> str:
    """1 for each SLO and group that the expression has a sample of."""
    return aggregate("group", (names.SLO_ID, *slo.group_by), expression)


def own(name: str, slo: ResolvedSlo, group: Labels = ()) -> str:
    """A selector of a recorded series under its present labels."""
    return read(name, slo, group, (f"{names.OWNER}={quote(slo.owner)}",))


def whose(slo: ResolvedSlo, expression: str) -> str:
    """1 for each SLO that the expression has a sample of, with all its labels."""
    return aggregate("group", tuple(name for name, _ in identity(slo)), expression)


def count_of_nan(slo: ResolvedSlo) -> str:
    """How many series of an SLO are NaN: comparing drops it."""
    everything = read("", slo)
    return f"count({everything}) - count({everything} >= -Inf)"


def within(expression: str, low: str, high: str) -> str:
    """The samples of an expression that lie between two numbers."""
    return f"{expression} >= {low} <= {high}"


def series_text(slo: ResolvedSlo, group: Labels, recorded: str, *, renamed: bool) -> str:
    """A recorded series, under its present labels or under the former owner."""
    if renamed:
        return former_series(recorded, slo, group)
    return f"{recorded}{labels_text(recorded_labels(slo, group))}"


def answer(slo: ResolvedSlo, group: Labels, at: int, question: Question) -> Check:
    """The check of a question at a second of a scenario.

    All labels of a burn-rate alert are checked where it is first predicted to fire.
    """
    tier = question.tier
    claim = None
    sample: Labels
    if not question.alert:
        return Check(question.why, count_of_nan(slo), at, (((), "0"),))
    if tier is None:
        expr, sample = whose(slo, alerts(slo, question.alert)), identity(slo)
    elif question.event == "fires":
        expr, sample = burn(slo, tier), burn_labels(slo, tier, group)
    else:
        expr, sample = one_per(slo, burn(slo, tier)), grouped(slo, group)
    if tier and question.event:
        claim = Claim(slo.slo_id, tier.name, question.event, question.minute, question.reached)
    return Check(question.why, expr, at, ((sample, ONE),) if question.fires else (), claim)
