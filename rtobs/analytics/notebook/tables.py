"""Tables that several notebooks show."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import polars as pl

from rtobs.analytics.backtest import Score
from rtobs.analytics.charts.percent import objective_text, share_text, sli_text
from rtobs.analytics.charts.times import instant_text, span_text
from rtobs.analytics.frames import ALERTS, TIME, check
from rtobs.analytics.notebook.showing import Column, Table, table
from rtobs.analytics.report import Report, Section
from rtobs.analytics.report.figures import count_text
from rtobs.conventions import Severity

__all__ = ["alert_table", "fleet_table", "incident_table", "score_table", "verdict_table"]

_HAPPENED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "label": pl.String,
    "start": TIME,
    "lasted": pl.Float64,
    "spent": pl.Float64,
    "detected": pl.String,
}
_WORDS: Final = {Severity.CRITICAL: "page", Severity.WARNING: "ticket"}


def fleet_table(report: Report) -> Table:
    """A row for each SLO of a report, most trouble first."""
    rows = [
        {
            "slo_id": section.slo.slo_id,
            "group": section.worst.group,
            "verdict": str(section.worst.verdict),
            "objective": objective_text(section.objective),
            "sli": sli_text(section.worst.sli, section.objective),
            "spent": section.worst.spent,
            "remaining": section.worst.remaining,
            "pages": section.pages,
        }
        for section in report.sections
    ]
    return table(
        pl.DataFrame(rows, infer_schema_length=None),
        {
            "slo_id": "SLO",
            "group": "worst group",
            "verdict": "verdict",
            "objective": "objective",
            "sli": "SLI",
            "spent": ("budget spent", share_text),
            "remaining": ("budget left", share_text),
            "pages": "pages",
        },
        f"{len(rows)} SLOs, {report.period.name}, most trouble first. Budget spent is that of these"
        " days, budget left that of the SLO's own window at their end.",
    )


def verdict_table(verdicts: pl.DataFrame) -> Table:
    """What can be said of the long run.

    Args:
        verdicts: VERDICTS of `rtobs.analytics.slo.verdicts`.
    """
    return table(
        verdicts.with_columns(pl.col("group").replace("", "all")),
        {
            "group": "group",
            "verdict": "verdict",
            "total": ("events", count_text),
            "bad": ("bad", count_text),
            "error_ratio": ("counted error ratio", share_text),
            "low": ("long run: at least", share_text),
            "high": ("at most", share_text),
            "error_budget": ("allowed", share_text),
            "overdispersion": ("clustering", lambda value: f"{value:.3g}"),
            "effective_total": ("worth independent events", count_text),
        },
        "The error ratio of the long run, as far as these data tell; 95 of 100 such intervals hold"
        " the true value.",
    )


def alert_table(alerts: pl.DataFrame, *, zone: str = "UTC") -> Table:
    """What fired when.

    Args:
        alerts: ALERTS.
        zone: time zone of the times.
    """
    lasted = (pl.col("end") - pl.col("start")).dt.total_seconds()
    rows = check(alerts, ALERTS).sort("start", "tier").with_columns(lasted.alias("lasted"))
    whose: dict[str, Column] = {"slo_id": "SLO"} if rows["slo_id"].n_unique() > 1 else {}
    return table(
        rows.with_columns(pl.col("tier").replace("", "budget exhausted")),
        {
            **whose,
            "tier": "tier",
            "severity": ("kind", lambda value: _WORDS.get(value, str(value))),
            "start": (f"from ({zone})", _instant(zone)),
            "lasted": ("for", span_text),
            "peak_burn": ("highest burn rate", lambda value: f"{value:.3g}"),
            "budget_spent": ("budget spent meanwhile", share_text),
        },
        f"{len(rows)} alerts in the order of time. The burn rate is the error ratio over the"
        " allowed one: 1 spends the budget exactly in its window.",
    )


def incident_table(section: Section, *, zone: str = "UTC") -> Table:
    """What happened to an SLO, and when it was noticed.

    Args:
        section: of a report.
        zone: time zone of the times.
    """
    rows = [
        {
            "label": one.label,
            "start": one.start,
            "lasted": (one.end - one.start).total_seconds(),
            "spent": one.spent,
            "detected": "not by a page"
            if one.detected is None
            else _after(one.start, one.detected),
        }
        for one in section.incidents
    ]
    return table(
        pl.DataFrame(rows, schema=_HAPPENED),
        {
            "label": "incident",
            "start": (f"from ({zone})", _instant(zone)),
            "lasted": ("for", span_text),
            "spent": ("budget burnt", share_text),
            "detected": "first page after",
        },
        f"{len(rows)} incidents of {section.slo.slo_id}. Budget burnt is the share of one window's"
        " budget; detection counts from the start of the incident to its first page.",
    )


def score_table(judged: Score, caption: str) -> Table:
    """How good alerts were.

    Args:
        judged: their score.
        caption: which alerts, on what.
    """
    rows = [
        ("alerts", f"{judged.alerts}, {judged.true_alerts} of them about an incident"),
        ("incidents", f"{judged.incidents}, {judged.detected} of them found"),
        ("precision", share_text(judged.precision)),
        ("recall", share_text(judged.recall)),
        ("detection, the middle one", _span(judged.detection_p50_s)),
        ("budget spent before detection, at most", share_text(judged.spent_before_max)),
        ("reset, the middle one", _span(judged.reset_p50_s)),
        ("pages a week", "" if judged.pages_per_week is None else f"{judged.pages_per_week:.2g}"),
        ("alerts that came back within an hour", str(judged.flaps)),
    ]
    frame = pl.DataFrame(rows, schema=["what", "value"], orient="row")
    return table(frame, {"what": "what", "value": "shipped policy"}, caption)


def _span(seconds: float | None) -> str:
    return "" if seconds is None else span_text(seconds)


def _after(start: datetime, seen: datetime) -> str:
    return span_text(max((seen - start).total_seconds(), 0))


def _instant(zone: str) -> Any:  # noqa: ANN401  # a function of an instant
    return lambda instant: instant_text(instant, zone)
