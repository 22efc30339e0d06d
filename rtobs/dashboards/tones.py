"""Thresholds, words and links that several dashboards share, so one value looks the same."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from rtobs import conventions as names
from rtobs.dashboards.spec import Link, Source, Threshold, Tone, ValueText, Variable
from rtobs.model.site import Site

__all__ = [
    "BUDGET",
    "COUNT_OF_BAD",
    "COUNT_OF_PAGES",
    "DAYS_LEFT",
    "NEVER",
    "NEVER_DAYS",
    "NO_SLO",
    "OVERSPENT",
    "SERIES_TO_DRILLDOWN",
    "STATE_TEXTS",
    "TO_DRILLDOWN",
    "burn_thresholds",
    "drilldown_url",
    "runbook_link",
    "runbook_url",
    "source_variable",
]

BUDGET: Final = (
    Threshold(Tone.BAD),
    Threshold(Tone.WARNING, 0),
    Threshold(Tone.NOTICE, 0.25),
    Threshold(Tone.GOOD, 0.5),
)
# The ground of a graph is coloured where the budget is below zero.
OVERSPENT: Final = (Threshold(Tone.BAD), Threshold(Tone.NONE, 0))
COUNT_OF_BAD: Final = (Threshold(Tone.GOOD), Threshold(Tone.WARNING, 1))
COUNT_OF_PAGES: Final = (Threshold(Tone.GOOD), Threshold(Tone.BAD, 1))
DAYS_LEFT: Final = (
    Threshold(Tone.BAD),
    Threshold(Tone.WARNING, 1),
    Threshold(Tone.NOTICE, 3),
    Threshold(Tone.GOOD, 14),
)

# More days than any window has; the queries put it where the budget lasts for ever.
NEVER_DAYS: Final = 9999
NEVER: Final = ValueText("never at this rate", Tone.GOOD, start=NEVER_DAYS)
NO_SLO: Final = ValueText("no SLO", Tone.MUTED, missing=True)
STATE_TEXTS: Final = (
    ValueText("quiet", Tone.GOOD, start=0, end=0),
    ValueText("ticket", Tone.WARNING, start=1, end=1),
    ValueText("page", Tone.BAD, start=2, end=2),
)

_TONES_ABOVE_ONE: Final = (Tone.NOTICE, Tone.WARNING, Tone.BAD)
_ABSOLUTE: Final = ("http://", "https://")


def burn_thresholds(factors: Sequence[Fraction]) -> tuple[Threshold, ...]:
    """Tones of a burn rate: good up to 1, then worse with the factor of each tier."""
    above = sorted({factor for factor in factors if factor > 1})[-2:]
    steps = zip(_TONES_ABOVE_ONE, (Fraction(1), *above), strict=False)
    return (Threshold(Tone.GOOD), *(Threshold(tone, float(factor)) for tone, factor in steps))


def drilldown_url(slo_id: str) -> str:
    """The drill-down of an SLO, over the same time range and data source."""
    source = f"${{{Source.PROMETHEUS}_datasource:queryparam}}"
    return f"/d/{names.DRILLDOWN_UID}?{source}&var-slo_id={slo_id}&${{__url_time_range}}"


TO_DRILLDOWN: Final = Link("Open the SLO", drilldown_url("${__data.fields.slo_id}"))
SERIES_TO_DRILLDOWN: Final = Link("Open the SLO", drilldown_url("${__field.labels.slo_id}"))


def runbook_url(site: Site, slo_id: str) -> str:
    """Where a browser finds a runbook page; "" when the site's runbooks have no web address."""
    url = site.runbook(slo_id)
    return url if url.startswith(_ABSOLUTE) else ""


def runbook_link(site: Site, slo_id: str) -> Link | None:
    """A link to a runbook page, or None."""
    url = runbook_url(site, slo_id)
    return Link("Runbook", url, new_tab=True) if url else None


def source_variable(source: Source, uid: str) -> Variable:
    """The variable that chooses a data source."""
    label = f"{source.capitalize()} data source"
    return Variable(f"{source}_datasource", label, source=source, current=uid)
