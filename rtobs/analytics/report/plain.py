"""A report as JSON: every number as it is, for other programs."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any, Final

import polars as pl

from rtobs.analytics.backtest.scores import Score
from rtobs.analytics.report.model import Ahead, Fired, Happened, LongRun, Report, Section, Standing
from rtobs.analytics.report.schema import VERSION
from rtobs.model.number import decimal_text

__all__ = ["as_json"]

_KIND: Final = "Report"


def as_json(report: Report) -> str:
    """The report as a JSON document of `SCHEMA`; the same report gives the same bytes.

    Ratios and shares are numbers from 0 to 1 that are not rounded, times are UTC, and what is not
    known is null.
    """
    return json.dumps(_report(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _report(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "apiVersion": VERSION,
        "kind": _KIND,
        "period": {
            "name": period.name,
            "start": _time(period.start),
            "end": _time(period.end),
            "timeZone": period.zone,
        },
        "site": report.site,
        "source": report.source,
        "level": report.level,
        "notes": list(report.notes),
        "alertQuality": _quality(report.quality),
        "slos": [_section(section) for section in report.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    slo = section.slo
    return {
        "id": slo.slo_id,
        "service": slo.service,
        "domain": str(slo.domain),
        "owner": slo.owner,
        "description": slo.description,
        "objective": decimal_text(slo.objective),
        "window": str(slo.window),
        "groupBy": list(slo.group_by),
        "verdict": str(section.worst.verdict),
        "pages": section.pages,
        "tickets": section.tickets,
        "groups": [_standing(group) for group in section.groups],
        "alerts": [_alert(alert) for alert in section.alerts],
        "incidents": [_incident(incident) for incident in section.incidents],
        "alertQuality": _quality(section.quality),
        "days": _days(section.days),
        "worstWindows": _windows(section.windows),
        "forecast": None if section.ahead is None else _ahead(section.ahead),
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "group": standing.group,
        "verdict": str(standing.verdict),
        "total": _number(standing.total),
        "bad": _number(standing.bad),
        "sli": _number(standing.sli),
        "low": _number(standing.low),
        "high": _number(standing.high),
        "longRun": None if standing.long_run is None else _long_run(standing.long_run),
        "budgetSpent": _number(standing.spent),
        "budgetSpentBefore": _number(standing.spent_before),
        "budgetRemaining": _number(standing.remaining),
        "coverage": _number(standing.coverage),
    }


def _long_run(ahead: LongRun) -> dict[str, Any]:
    return {"low": ahead.low, "high": ahead.high, "verdict": str(ahead.verdict)}


def _alert(alert: Fired) -> dict[str, Any]:
    return {
        "alert": alert.alert,
        "group": alert.group,
        "tier": alert.tier,
        "severity": alert.severity,
        "start": _time(alert.start),
        "end": _time(alert.end),
        "peakBurn": _number(alert.peak_burn),
        "budgetSpent": _number(alert.budget_spent),
    }


def _incident(incident: Happened) -> dict[str, Any]:
    return {
        "group": incident.group,
        "label": incident.label,
        "start": _time(incident.start),
        "end": _time(incident.end),
        "budgetSpent": _number(incident.spent),
        "paged": _time(incident.detected),
    }


def _quality(quality: Score) -> dict[str, Any]:
    return {
        "alerts": quality.alerts,
        "trueAlerts": quality.true_alerts,
        "incidents": quality.incidents,
        "detected": quality.detected,
        "pages": quality.pages,
        "precision": _number(quality.precision),
        "recall": _number(quality.recall),
        "detectionSecondsMedian": _number(quality.detection_p50_s),
        "detectionSecondsMax": _number(quality.detection_max_s),
        "resetSecondsMedian": _number(quality.reset_p50_s),
        "budgetSpentBeforeDetectionMax": _number(quality.spent_before_max),
        "flaps": quality.flaps,
    }


def _windows(windows: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "seconds": row["window_s"],
            "end": _time(row["ts"]),
            "total": _number(row["total"]),
            "bad": _number(row["bad"]),
            "sli": _number(row["sli"]),
        }
        for row in windows.rows(named=True)
    ]


def _ahead(ahead: Ahead) -> dict[str, Any]:
    made, error = ahead.forecast, ahead.error
    return {
        "start": _time(made.at),
        "end": _time(made.end),
        "budgetSpent": made.consumed,
        "probability": made.probability,
        "exhausted": _quantiles(made.exhausted),
        "recovered": _quantiles(made.recovered),
        "error": error
        and {
            "horizonSeconds": error.horizon_s,
            "forecasts": error.origins,
            "medianError": error.median_error,
            "coverage": error.coverage,
        },
    }


def _quantiles(dates: tuple[tuple[float, datetime | None], ...]) -> list[dict[str, Any]]:
    return [{"quantile": share, "time": when and _time(when)} for share, when in dates]


def _days(days: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "day": str(row["day"]),
            "total": _number(row["total"]),
            "bad": _number(row["bad"]),
            "sli": _number(row["sli"]),
        }
        for row in days.rows(named=True)
    ]


def _time(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
