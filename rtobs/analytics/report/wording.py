"""The sentences and words of a report that every format shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rtobs.analytics.backtest.scores import Score
from rtobs.analytics.charts.percent import (
    PERCENT,
    objective_text,
    share_text,
    signed_share_text,
    sli_text,
)
from rtobs.analytics.charts.times import day_text, span_text
from rtobs.analytics.report.figures import Table, count_text
from rtobs.analytics.report.model import (
    Fired,
    Happened,
    Report,
    Section,
    Standing,
    Verdict,
)
from rtobs.analytics.report.partial import spent_text, verdict_text, window_text
from rtobs.analytics.report.periods import Period

__all__ = [
    "FIRST_ALERTS",
    "GLOSSARY",
    "MARKS",
    "SEVERITIES",
    "alert_table",
    "clock",
    "group_table",
    "headline",
    "incident_table",
    "interval_text",
    "more_alerts",
    "quality_text",
    "titled",
    "trend_text",
    "whole_group",
]

# A shape beside each word, so colour is never alone.
MARKS: Final = {
    Verdict.MISSED: "\N{BLACK DOWN-POINTING TRIANGLE}",
    Verdict.UNDECIDED: "\N{BLACK DIAMOND}",
    Verdict.MET: "\N{BLACK CIRCLE}",
    Verdict.NO_DATA: "\N{WHITE CIRCLE}",
}
SEVERITIES: Final = {"critical": "page", "warning": "ticket", "info": "information"}
FIRST_ALERTS: Final = 10  # that are seen without asking for more
_DASH: Final = "\N{EN DASH}"
GLOSSARY: Final = (
    (
        "SLI",
        """the share of good events (or of good minutes) in the whole period; with groups, that of
        the group that did worst""",
    ),
    (
        "verdict",
        """met or missed where chance cannot explain it, undecided where there were too few events
        to say; the range beside an SLI is what chance leaves open, 95 times of 100""",
    ),
    (
        "long run",
        """what the period says about the service as such: bad events come in heaps, so one bad
        day decides less than its many bad events suggest""",
    ),
    (
        "budget spent",
        """bad events of the period over those that the objective allows in it; above 100 % the
        objective was missed. With partial data it is what was spent so far: what was not seen
        counts as nothing spent, so little budget spent can stand beside missed""",
    ),
    ("partial data", 'a verdict "so far" is of the part that has data, where that is below 90 %'),
    (
        "found",
        """an incident that nobody named: a stretch of time that spent 2 % of a budget or more; its
        start is a guess, and so is detection""",
    ),
    (
        "budget left",
        """what dashboards and alerts call the budget: that of the SLO's rolling window that ends
        with the period; it also remembers what came before the period""",
    ),
    ("trend", "budget spent, compared with the period before"),
    (
        "page",
        """an alert that asks a person to act at once, two that fire together are one page; a ticket
        can wait for the day""",
    ),
    (
        "forecast",
        """what the rolling budget does in a thousand futures that are drawn from the days of the
        past; days unlike all before are not among them""",
    ),
    (
        "worst window",
        """of all stretches of time of a length the one with the lowest SLI; where the curve falls
        early, outages were short""",
    ),
    ("precision", "share of pages that met an incident"),
    ("recall", "share of incidents that were paged"),
)


def titled(report: Report) -> str:
    """The title."""
    return f"Service levels, {report.period.name}"


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def headline(report: Report) -> Iterator[str]:
    """What the period was like, in sentences."""
    missed = report.count(Verdict.MISSED)
    slos = len(report.sections)
    if not slos:
        yield "There is no SLO in this report."
        return
    if missed:
        whose = "its" if missed == 1 else "their"
        yield f"{missed} of {_plural(slos, 'SLO')} missed {whose} objective."
    else:
        yield f"No SLO of {slos} missed its objective."
    undecided, silent = report.count(Verdict.UNDECIDED), report.count(Verdict.NO_DATA)
    if undecided:
        yield f"{_plural(undecided, 'has', 'have')} too few events to say."
    if silent:
        yield f"{_plural(silent, 'has', 'have')} no data."
    empty = sum((section.worst.remaining or 0) < 0 for section in report.sections)
    if empty:
        yield f"{_plural(empty, 'budget is', 'budgets are')} overspent when the period ends."
    incidents = sum(len(section.incidents) for section in report.sections)
    pages = sum(section.pages for section in report.sections)
    yield f"There were {_plural(incidents, 'incident')} and {_plural(pages, 'page')}."


def quality_text(quality: Score) -> str:
    """Precision, recall and detection in one or two sentences."""
    if not quality.alerts and not quality.incidents:
        return "No pages and no incidents."
    parts = []
    if quality.alerts:
        parts.append(
            f"{quality.true_alerts} of {_plural(quality.alerts, 'alert')} that page met an incident"
            f" (precision {share_text(quality.precision)})"
        )
    else:
        parts.append("There was no page")
    if quality.incidents:
        parts.append(
            f"{quality.detected} of {_plural(quality.incidents, 'incident')} had a page"
            f" (recall {share_text(quality.recall)})"
        )
    return f"{'; '.join(parts)}.{_detection(quality)}"


def _detection(quality: Score) -> str:
    median, slowest = quality.detection_p50_s, quality.detection_max_s
    if median is None or slowest is None:
        return ""
    spent = share_text(quality.spent_before_max)
    return (
        f" From the start of an incident to its first page: half within {span_text(median)}, all"
        f" within {span_text(slowest)}, and at most {spent} of a budget was spent before."
    )


def clock(instant: datetime, period: Period) -> str:
    """A moment on the period's clock: "Mon 3 Mar, 14:05"."""
    local = instant.astimezone(ZoneInfo(period.zone))
    return f"{day_text(local)}, {local:%H:%M}"


def interval_text(standing: Standing, section: Section) -> str:
    """What chance leaves open of an SLI: "99.91 to 99.97 %"; "" without data."""
    if standing.low is None or standing.high is None:
        return ""
    low, high = (sli_text(edge, section.objective) for edge in (standing.low, standing.high))
    return f"{low.removesuffix(PERCENT)} to {high}"


def trend_text(standing: Standing) -> str:
    """The change against the period before: "+12 points"."""
    if standing.trend is None:
        return _DASH
    text = signed_share_text(standing.trend)
    if standing.trend == 0:
        return text
    arrow = "\N{NORTH EAST ARROW}" if standing.trend > 0 else "\N{SOUTH EAST ARROW}"
    return f"{arrow} {text}"


def whole_group(standing: Standing) -> str:
    """The name of a group."""
    return standing.group or "all"


def group_table(section: Section) -> Table:
    """Every group of an SLO."""
    counts = "bad of all"
    rows = tuple(
        (
            whole_group(group),
            sli_text(group.sli, section.objective),
            interval_text(group, section) or _DASH,
            f"{MARKS[group.verdict]} {verdict_text(group)}",
            spent_text(group),
            trend_text(group),
            share_text(group.remaining),
            f"{count_text(group.bad)} of {count_text(group.total)}",
        )
        for group in section.groups
    )
    return Table(
        f"Objective {objective_text(section.objective)} over {section.slo.window.words()}",
        (
            *("group", "SLI", "range", "verdict", "budget spent (period)", "trend"),
            f"{window_text(section)} budget left",
            counts,
        ),
        rows,
        frozenset({1, 4, 6, 7}),
    )


def alert_table(alerts: tuple[Fired, ...], period: Period, budget: str) -> Table:
    """Alerts in order of time; `budget` says of which budget they spent a share: "30-day"."""
    rows = tuple(
        (
            clock(alert.start, period),
            "still firing" if alert.end is None else span_text(_seconds(alert.start, alert.end)),
            f"{alert.alert} {alert.tier}".rstrip(),
            SEVERITIES.get(alert.severity, alert.severity),
            alert.group or "all",
            _DASH if alert.peak_burn is None else f"{alert.peak_burn:.3g}",
            share_text(alert.budget_spent),
        )
        for alert in alerts
    )
    headings = (
        *("start", "for", "alert", "asks for", "group", "peak burn rate"),
        f"spent of {budget} budget",
    )
    return Table("Alerts", headings, rows, frozenset({1, 5, 6}))


def more_alerts(count: int) -> str:
    """What is folded below the first ones."""
    return _plural(count, "more alert")


def incident_table(
    incidents: tuple[tuple[str, Happened], ...], period: Period, budget: str, *, named: bool
) -> Table:
    """Incidents in order of time; `named` where several SLOs are in one table."""
    rows = tuple(
        (
            clock(incident.start, period),
            span_text(_seconds(incident.start, incident.end)),
            *((slo_id,) if named else ()),
            incident.label or _DASH,
            incident.group or "all",
            share_text(incident.spent),
            _detected(incident),
        )
        for slo_id, incident in incidents
    )
    slo = ("SLO",) if named else ()
    headings = (
        "start",
        "for",
        *slo,
        "incident",
        "group",
        f"spent of {budget} budget",
        "paged after",
    )
    return Table("Incidents", headings, rows, frozenset({1, len(headings) - 2, len(headings) - 1}))


def _detected(incident: Happened) -> str:
    if incident.detected is None:
        return "never"
    return span_text(max(_seconds(incident.start, incident.detected), 0))


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
