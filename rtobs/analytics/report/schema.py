"""The JSON Schema of a report. A new meaning or a name that goes is a new version."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SCHEMA", "VERSION"]

VERSION: Final = "rtobs/report/v1"

_Schema = dict[str, Any]


def _object(properties: dict[str, _Schema], description: str = "") -> _Schema:
    made: _Schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {**made, "description": description} if description else made


def _list(items: _Schema, description: str = "") -> _Schema:
    made: _Schema = {"type": "array", "items": items}
    return {**made, "description": description} if description else made


def _said(kind: _Schema, description: str) -> _Schema:
    return {**kind, "description": description}


_TEXT: Final[_Schema] = {"type": "string"}
_COUNT: Final[_Schema] = {"type": "integer", "minimum": 0}
_SHARE: Final[_Schema] = {"type": ["number", "null"]}
_AMOUNT: Final[_Schema] = {"type": "number", "minimum": 0}
_TIME: Final[_Schema] = {"type": "string", "format": "date-time", "pattern": "Z$"}
_MAYBE_TIME: Final[_Schema] = {**_TIME, "type": ["string", "null"]}
_VERDICT: Final[_Schema] = {"enum": ["missed", "undecided", "met", "no data"]}

_QUALITY: Final = _object(
    {
        "alerts": _said(_COUNT, "burn alerts that page and began in the period"),
        "trueAlerts": _said(_COUNT, "those that match an incident"),
        "incidents": _COUNT,
        "detected": _said(_COUNT, "incidents that an alert matches"),
        "pages": _said(_COUNT, "stretches of time with such alerts; tiers that overlap page once"),
        "precision": _said(_SHARE, "trueAlerts / alerts"),
        "recall": _said(_SHARE, "detected / incidents"),
        "detectionSecondsMedian": _said(_SHARE, "from the start of an incident to its alert"),
        "detectionSecondsMax": _SHARE,
        "resetSecondsMedian": _said(_SHARE, "from the end of an incident to that of its alerts"),
        "budgetSpentBeforeDetectionMax": _said(_SHARE, "share of the budget of the SLO's window"),
        "flaps": _said(_COUNT, "alerts that came back within the hour"),
    },
    "How well the pages met the incidents.",
)
_GROUP: Final = _object(
    {
        "group": _said(_TEXT, 'model_name="llama", zone="a"; empty for an SLO without groups'),
        "verdict": _VERDICT,
        "total": _said(_AMOUNT, "events, or sampled minutes, in the period"),
        "bad": _AMOUNT,
        "sli": _said(_SHARE, "1 - bad / total"),
        "low": _said(_SHARE, "what chance leaves open of the SLI, at the report's level"),
        "high": _SHARE,
        "longRun": {
            "anyOf": [
                _object(
                    {"low": _SHARE, "high": _SHARE, "verdict": _VERDICT},
                    "What the period says about the service as such; bad events come in heaps.",
                ),
                {"type": "null"},
            ]
        },
        "budgetSpent": _said(_SHARE, "of the period's budget: bad / total / budget x coverage"),
        "budgetSpentBefore": _said(_SHARE, "the same of the period before"),
        "budgetRemaining": _said(_SHARE, "of the SLO's rolling window when the period ends"),
        "coverage": _said(_SHARE, "share of the period that has data"),
    }
)
_ALERT: Final = _object(
    {
        "alert": _TEXT,
        "group": _TEXT,
        "tier": _TEXT,
        "severity": _TEXT,
        "start": _TIME,
        "end": _said(_MAYBE_TIME, "null: still firing when the data end"),
        "peakBurn": _said(_SHARE, "highest burn rate of the long window while it fired"),
        "budgetSpent": _said(_SHARE, "of the SLO's window, while it fired"),
    }
)
_INCIDENT: Final = _object(
    {
        "group": _TEXT,
        "label": _TEXT,
        "start": _TIME,
        "end": _TIME,
        "budgetSpent": _said(_SHARE, "of the SLO's window, in the incident"),
        "paged": _said(_MAYBE_TIME, "start of its first page; null: never"),
    }
)
_DAY: Final = _object(
    {"day": {"type": "string", "format": "date"}, "total": _AMOUNT, "bad": _AMOUNT, "sli": _SHARE}
)
_WINDOW: Final = _object(
    {"seconds": _COUNT, "end": _TIME, "total": _AMOUNT, "bad": _AMOUNT, "sli": _SHARE},
    "The worst window of a length.",
)
_QUANTILE: Final = _object(
    {"quantile": _AMOUNT, "time": _said(_MAYBE_TIME, "null: later, or never")},
)
_FORECAST: Final = _object(
    {
        "start": _TIME,
        "end": _TIME,
        "budgetSpent": _said(_SHARE, "when the forecast begins"),
        "probability": _said(_AMOUNT, "that the budget is exhausted at some time until the end"),
        "exhausted": _list(_QUANTILE, "by when a share of the futures has no budget left"),
        "recovered": _list(_QUANTILE, "by when it has some again; none unless it is exhausted"),
        "error": {
            "anyOf": [
                _object(
                    {
                        "horizonSeconds": _COUNT,
                        "forecasts": _COUNT,
                        "medianError": _said(_AMOUNT, "mean, in budgets"),
                        "coverage": _said(_AMOUNT, "of the interval of 90 %"),
                    },
                    "How far such forecasts, made within the past, were from what came.",
                ),
                {"type": "null"},
            ]
        },
    },
    "What the rolling budget of the first group may do in the window after the period.",
)
_SLO: Final = _object(
    {
        "id": _TEXT,
        "service": _TEXT,
        "domain": _TEXT,
        "owner": _TEXT,
        "description": _TEXT,
        "objective": _said({"type": "string", "pattern": r"^0\.\d+$"}, "exact, a decimal ratio"),
        "window": _said(_TEXT, "of the rolling budget, 30d"),
        "groupBy": _list(_TEXT),
        "verdict": _said(_VERDICT, "of the first group"),
        "pages": _COUNT,
        "tickets": _COUNT,
        "groups": {**_list(_GROUP, "worst first"), "minItems": 1},
        "alerts": _list(_ALERT, "that began in the period, in order of time"),
        "incidents": _list(_INCIDENT, "that began in the period, in order of time"),
        "alertQuality": _QUALITY,
        "days": _list(_DAY, "of the first group, every day of the period"),
        "worstWindows": _list(
            _WINDOW, "of the first group within the period; none where it is quiet"
        ),
        "forecast": {"anyOf": [_FORECAST, {"type": "null"}]},
    }
)
SCHEMA: Final[_Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A report of rtobs on the SLOs of a period",
    **_object(
        {
            "apiVersion": {"const": VERSION},
            "kind": {"const": "Report"},
            "period": _object(
                {"name": _TEXT, "start": _TIME, "end": _TIME, "timeZone": _TEXT},
                "From a midnight to a midnight of its time zone.",
            ),
            "site": _TEXT,
            "source": _said(_TEXT, "where the data are from"),
            "level": _said(_AMOUNT, "how often an interval holds the truth"),
            "notes": _list(_TEXT, "what a reader must know about the data"),
            "alertQuality": _QUALITY,
            "slos": _list(_SLO, "most trouble first"),
        }
    ),
}
