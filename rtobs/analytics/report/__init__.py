"""Reports on a week or a month, for people who answer for the platform.

`histories` reads an export, `summarise` makes a `Report` of it, and `html`, `markdown` and
`as_json` are three ways to show one. They round,
the report does not.
"""

from __future__ import annotations

from rtobs.analytics.report.gathering import histories, history_of
from rtobs.analytics.report.markdown import markdown
from rtobs.analytics.report.model import (
    Fired,
    Happened,
    History,
    LongRun,
    Report,
    Section,
    Standing,
    Verdict,
)
from rtobs.analytics.report.page import html
from rtobs.analytics.report.periods import Period, last_period, period_named
from rtobs.analytics.report.plain import as_json
from rtobs.analytics.report.schema import SCHEMA, VERSION
from rtobs.analytics.report.summary import summarise

__all__ = [
    "SCHEMA",
    "VERSION",
    "Fired",
    "Happened",
    "History",
    "LongRun",
    "Period",
    "Report",
    "Section",
    "Standing",
    "Verdict",
    "as_json",
    "histories",
    "history_of",
    "html",
    "last_period",
    "markdown",
    "period_named",
    "summarise",
]
