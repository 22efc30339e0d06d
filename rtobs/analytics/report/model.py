"""What a report says, as values: exact, not rounded, without a word of how it looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import polars as pl

from rtobs.analytics.backtest.scores import Score
from rtobs.analytics.backtest.spending import Spending
from rtobs.analytics.report.periods import Period
from rtobs.analytics.statistics.forecast import Forecast
from rtobs.conventions import Severity
from rtobs.model.slo import ResolvedSlo

__all__ = [
    "Ahead",
    "Fired",
    "ForecastError",
    "Happened",
    "History",
    "LongRun",
    "Report",
    "Section",
    "Standing",
    "Verdict",
]


class Verdict(StrEnum):
    """Whether an objective was kept in a period, worst first."""

    MISSED = "missed"
    UNDECIDED = "undecided"
    MET = "met"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class History:
    """What happened to one SLO, as frames; the period and as much before it as there is.

    Attributes:
        slo: whose.
        tiles: TILES.
        budget: BUDGET, rolling.
        burn: BURN of the long windows of its tiers.
        alerts: ALERTS.
        incidents: INCIDENTS.
        spending: when the budget was spent, minute by minute.
        notes: what to know about the data, in sentences.
    """

    slo: ResolvedSlo
    tiles: pl.DataFrame = field(repr=False, compare=False)
    budget: pl.DataFrame = field(repr=False, compare=False)
    burn: pl.DataFrame = field(repr=False, compare=False)
    alerts: pl.DataFrame = field(repr=False, compare=False)
    incidents: pl.DataFrame = field(repr=False, compare=False)
    spending: Spending = field(repr=False, compare=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LongRun:
    """What the period says about the service as such, beyond the period.

    Bad events come in heaps, so a period says less about the long run than its number of events
    suggests (`rtobs.analytics.slo.verdicts`).

    Attributes:
        low: where the SLI of the long run lies at least.
        high: where it lies at most.
        verdict: met, missed or undecided.
    """

    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """How one group of an SLO did in the period.

    Attributes:
        group: which, "" for an SLO without groups.
        total: events (or sampled minutes) in the period.
        bad: bad ones.
        sli: share of good ones; None when there were none.
        low: where the share lies at least, chance aside; None without events. It is that of events
            that are bad independently of each other, and matters where there are few.
        high: where it lies at most.
        verdict: whether the objective was kept in the period.
        long_run: what that says about the service as such; None without events.
        spent: share of the period's budget that was spent; None without events.
        spent_before: the same of the period before; None when there is too little of it.
        remaining: share of the rolling budget left when the period ends; None: unknown.
        coverage: share of the period that has data.
    """

    group: str
    total: float
    bad: float
    sli: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    long_run: LongRun | None
    spent: float | None
    spent_before: float | None
    remaining: float | None
    coverage: float

    @property
    def trend(self) -> float | None:
        """More of a budget spent than in the period before; None when that is unknown."""
        if self.spent is None or self.spent_before is None:
            return None
        return self.spent - self.spent_before


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that began in the period.

    Attributes:
        group: group that fired.
        alert: name of the alert.
        tier: tier, "" for none.
        severity: what it asked for.
        start: when it fired first.
        end: when it was over; None: still firing when the data end.
        peak_burn: highest burn rate while it fired.
        budget_spent: share of the SLO's budget spent while it fired.
    """

    group: str
    alert: str
    tier: str
    severity: str
    start: datetime
    end: datetime | None
    peak_burn: float | None
    budget_spent: float | None


@dataclass(frozen=True, slots=True)
class Happened:
    """An incident that began in the period.

    Attributes:
        group: group that it hit.
        start: first instant.
        end: last instant.
        label: name for people, may be empty.
        spent: share of the budget of an SLO window that was spent in it.
        detected: start of the first page that matches it; None: never.
    """

    group: str
    start: datetime
    end: datetime
    label: str
    spent: float
    detected: datetime | None


@dataclass(frozen=True, slots=True)
class ForecastError:
    """How far forecasts that are made within the past were from what came.

    Attributes:
        horizon_s: how far they looked ahead, in seconds.
        origins: how many were tried.
        median_error: mean distance of their median from the truth, in budgets.
        coverage: share of the truths in their interval of 90 %.
    """

    horizon_s: int
    origins: int
    median_error: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the rolling budget of a group may do in the window after the period.

    Attributes:
        forecast: when it is exhausted, or there is budget again.
        error: of such forecasts; None where the past is too short to tell.
        seen: how much of the window before it has data.
    """

    forecast: Forecast
    error: ForecastError | None
    seen: float = 1.0


@dataclass(frozen=True, slots=True)
class Section:
    """One SLO.

    Attributes:
        slo: its definition.
        groups: every group, worst first; at least one.
        alerts: alerts that began in the period, in order of time.
        incidents: incidents that began in the period, in order of time.
        quality: how well its pages met its incidents.
        days: DAYS of the worst group.
        hours: HOURS of the worst group.
        windows: WORST of the worst group within the period; empty for a quiet SLO.
        ahead: what its budget may do after the period; None for a quiet SLO, or without a past.
        history: frames cut to the period.
    """

    slo: ResolvedSlo
    groups: tuple[Standing, ...]
    alerts: tuple[Fired, ...]
    incidents: tuple[Happened, ...]
    quality: Score
    days: pl.DataFrame = field(repr=False, compare=False)
    hours: pl.DataFrame = field(repr=False, compare=False)
    windows: pl.DataFrame = field(repr=False, compare=False)
    ahead: Ahead | None
    history: History = field(repr=False, compare=False)

    @property
    def objective(self) -> Decimal:
        """Target ratio."""
        return self.slo.objective

    @property
    def worst(self) -> Standing:
        """The group that decides: the numbers of a table of SLOs are its numbers."""
        return self.groups[0]

    @property
    def pages(self) -> int:
        """How often someone was paged; tiers that fire together page once."""
        return self.quality.pages

    @property
    def tickets(self) -> int:
        """Alerts that can wait for the day."""
        return sum(alert.severity != Severity.CRITICAL for alert in self.alerts)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened that someone should look at."""
        kept = all(group.verdict is not Verdict.MISSED for group in self.groups)
        return kept and not self.alerts and not self.incidents


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        period: what it is about.
        site: name of the environment.
        source: where the data are from.
        sections: one for each SLO, most trouble first.
        quality: how well the pages of all SLOs met their incidents.
        level: how often an interval holds the truth, 0.95.
        notes: what a reader must know about the data, in sentences.
    """

    period: Period
    site: str
    source: str
    sections: tuple[Section, ...]
    quality: Score
    level: float
    notes: tuple[str, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """SLOs whose worst group has a verdict."""
        return sum(section.worst.verdict is verdict for section in self.sections)
