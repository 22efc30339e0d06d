"""A report as Markdown: for merge requests, wikis and mail. Charts are told as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rtobs.analytics.charts import describe
from rtobs.analytics.charts.percent import objective_text, share_text, sli_text
from rtobs.analytics.report.ahead import ahead_table, ahead_text
from rtobs.analytics.report.figures import Table, figures
from rtobs.analytics.report.model import Report, Section
from rtobs.analytics.report.partial import (
    banner,
    spent_text,
    verdict_text,
    window_text,
    windows_text,
)
from rtobs.analytics.report.periods import Period
from rtobs.analytics.report.wording import (
    FIRST_ALERTS,
    GLOSSARY,
    MARKS,
    alert_table,
    group_table,
    headline,
    incident_table,
    interval_text,
    more_alerts,
    quality_text,
    titled,
    trend_text,
)
from rtobs.model.characters import visible

__all__ = ["escaped", "markdown"]

# What Markdown or the HTML within it would read as more than text.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]#!|<>&~$])")
_ITEM: Final = re.compile(r"^(\d*)([-+.)])(?= )")  # begins a list, elsewhere it is a sign
_SPACES: Final = re.compile(r"[ \t\r\n\f\v\u2028\u2029]+")  # but not the one that does not break
_HEADINGS: Final = (
    *("SLO", "verdict", "objective", "SLI", "range", "budget spent (period)", "trend"),
    "budget left (window)",
    *("pages", "incidents", "owner"),
)
_RIGHT: Final = frozenset({2, 3, 5, 7, 8, 9})


def markdown(report: Report) -> str:
    """The report as Markdown with pipe tables; the same report gives the same bytes.

    Args:
        report: what to show.

    Returns:
        Text; all texts of definitions, labels and incidents are escaped.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    period = report.period
    yield f"# {escaped(titled(report))}\n"
    yield f"{period.first} to {period.last}, from midnight to midnight in {escaped(period.zone)}."
    yield f"Data: {escaped(report.source)}.\n"
    yield f"**{' '.join(headline(report))}**\n"
    if said := banner(report):
        yield f"> **{escaped(said)}**\n"
    yield "## All SLOs, most trouble first\n"
    yield from _table(_fleet(report))
    yield "## Incidents\n"
    happened = sorted(
        ((one.slo.slo_id, incident) for one in report.sections for incident in one.incidents),
        key=lambda pair: (pair[1].start, pair[0]),
    )
    if happened:
        yield from _table(incident_table(tuple(happened), period, windows_text(report), named=True))
    else:
        yield "There were no incidents.\n"
    yield "## Quality of the alerts\n"
    yield f"{quality_text(report.quality)}\n"
    if report.notes:
        yield "## What to know about the data\n"
        yield "".join(f"- {escaped(note)}\n" for note in report.notes)
    yield "## The SLOs one by one\n"
    for section in report.sections:
        yield from _section(section, period)
    yield "## How to read this\n"
    yield "".join(f"- **{term}**: {' '.join(text.split())}\n" for term, text in GLOSSARY)


def _fleet(report: Report) -> Table:
    return Table("", _HEADINGS, tuple(_row(one) for one in report.sections), _RIGHT)


def _row(section: Section) -> tuple[str, ...]:
    worst = section.worst
    return (
        section.slo.slo_id,
        f"{MARKS[worst.verdict]} {verdict_text(worst)}",
        objective_text(section.objective),
        sli_text(worst.sli, section.objective),
        interval_text(worst, section),
        spent_text(worst),
        trend_text(worst),
        share_text(worst.remaining),
        str(section.pages),
        str(len(section.incidents)),
        section.slo.owner,
    )


def _section(section: Section, period: Period) -> Iterator[str]:
    yield f"### {escaped(section.slo.slo_id)}\n"
    yield f"{escaped(section.slo.description)}\n"
    yield from _table(group_table(section))
    if section.incidents:
        pairs = tuple((section.slo.slo_id, incident) for incident in section.incidents)
        yield from _table(incident_table(pairs, period, window_text(section), named=False))
    if section.alerts:
        yield f"{quality_text(section.quality)}\n"
        yield from _alerts(section, period)
    if section.ahead:
        yield f"{escaped(ahead_text(section.ahead, period))}\n"
        yield from _table(ahead_table(section.ahead, period))
    for figure in figures(section, period):
        yield f"{escaped(describe(figure.chart))}\n"


def _alerts(section: Section, period: Period) -> Iterator[str]:
    first, more = section.alerts[:FIRST_ALERTS], section.alerts[FIRST_ALERTS:]
    yield from _table(alert_table(first, period, window_text(section)))
    if more:
        yield f"<details><summary>{more_alerts(len(more))}</summary>\n"
        yield from _table(alert_table(more, period, window_text(section)))
        yield "</details>\n"


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"{escaped(table.caption)}:\n"
    rules = ("---:" if column in table.numeric else "---" for column in range(len(table.headings)))
    yield _line(*table.headings)
    yield _line(*rules)
    for row in table.rows:
        yield _line(*(escaped(cell) for cell in row))
    yield ""


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    line = visible(_SPACES.sub(" ", text).strip(" "))
    return _ITEM.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", line))
