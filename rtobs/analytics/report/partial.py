"""Words about a period that the data do not cover."""

from __future__ import annotations

from typing import Final

from rtobs.analytics.charts.percent import share_text
from rtobs.analytics.report.model import Report, Section, Standing

__all__ = [
    "banner",
    "is_partial",
    "seen_text",
    "spent_text",
    "verdict_text",
    "window_text",
    "windows_text",
]

_WHOLE: Final = 0.9  # of a period; as much as a trend needs of the period before


def is_partial(standing: Standing) -> bool:
    """Whether there are data, but of less than nine tenths of the period."""
    return standing.total > 0 and standing.coverage < _WHOLE


def seen_text(standing: Standing) -> str:
    """How much of the period was seen: "22 % of data"; "" where all was."""
    return f"{share_text(standing.coverage)} of data" if is_partial(standing) else ""


def verdict_text(standing: Standing) -> str:
    """The verdict; one that may yet change says so."""
    if not is_partial(standing):
        return str(standing.verdict)
    return f"{standing.verdict} so far ({seen_text(standing)})"


def spent_text(standing: Standing) -> str:
    """Budget spent, with how much of the period that is."""
    text = share_text(standing.spent)
    if not is_partial(standing):
        return text
    return f"{text} so far ({share_text(standing.coverage)} seen)"


def window_text(section: Section) -> str:
    """The window of an SLO before a noun: "30-day"."""
    number, unit = section.slo.window.words().split(" ")
    return f"{number}-{unit.removesuffix('s')}"


def windows_text(report: Report) -> str:
    """The window that all SLOs have, or that each has its own."""
    windows = {window_text(section) for section in report.sections}
    return windows.pop() if len(windows) == 1 else "own window's"


def banner(report: Report) -> str:
    """What to know before the verdicts where data are missing; "" where they are there."""
    shares = [one.worst.coverage for one in report.sections if is_partial(one.worst)]
    if not shares:
        return ""
    low, high = share_text(min(shares)), share_text(max(shares))
    range_ = low if low == high else f"{low} to {high}"
    one = len(shares) == 1
    slos = "1 SLO" if one else f"{len(shares)} SLOs"
    whose = "Its verdict and budget are" if one else "Their verdicts and budgets are"
    return (
        f"Partial data: {slos} of {len(report.sections)} {'has' if one else 'have'} data for only"
        f" {range_} of the period. {whose} of what was seen and may change."
    )
