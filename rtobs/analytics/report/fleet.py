"""The table of all SLOs, and the numbers above it."""

from __future__ import annotations

from rtobs.analytics.charts.percent import objective_text, share_text, sli_text
from rtobs.analytics.report.elements import Html, joined, tag
from rtobs.analytics.report.model import Report, Section, Standing, Verdict
from rtobs.analytics.report.partial import is_partial, seen_text
from rtobs.analytics.report.parts import anchor_of
from rtobs.analytics.report.wording import MARKS, interval_text, trend_text, whole_group

__all__ = ["fleet_table", "tiles"]

_HEADINGS = (
    ("SLO", False),
    ("Verdict", False),
    ("Objective", True),
    ("SLI", True),
    ("Budget spent (period)", True),
    ("Budget left (window)", True),
    ("Pages", True),
    ("Incidents", True),
)


def tiles(report: Report) -> Html:
    """How many SLOs have which verdict, and what happened."""
    verdicts = (
        tag(
            "li",
            tag("strong", str(report.count(verdict))),
            f"{MARKS[verdict]} {verdict}",
            class_=_class(verdict) if report.count(verdict) else None,
        )
        for verdict in Verdict
    )
    counts = (
        (sum(section.pages for section in report.sections), "pages"),
        (sum(len(section.incidents) for section in report.sections), "incidents"),
    )
    others = (tag("li", tag("strong", str(count)), word) for count, word in counts)
    return tag("ul", *verdicts, *others, class_="tiles")


def _class(verdict: Verdict) -> str:
    return verdict.replace(" ", "-")


def fleet_table(report: Report) -> Html:
    """A row for each SLO."""
    head = tag(
        "tr",
        *(tag("th", text, scope="col", class_="n" if right else None) for text, right in _HEADINGS),
    )
    rows = (_row(section) for section in report.sections)
    made = tag("table", tag("thead", head), tag("tbody", *rows), class_="fleet")
    return tag("div", made, class_="scroll")


def _row(section: Section) -> Html:
    worst, slo = section.worst, section.slo
    tickets = section.tickets
    name = tag(
        "th",
        tag("a", slo.slo_id, href=f"#{anchor_of(section)}"),
        tag("div", f"{slo.owner}, {slo.domain}", class_="small"),
        _groups(section),
        scope="row",
    )
    return tag(
        "tr",
        name,
        _cell("Verdict", verdict_badge(worst), seen_text(worst)),
        _cell("Objective", objective_text(section.objective), slo.window.words(), right=True),
        _cell(
            "SLI", sli_text(worst.sli, section.objective), interval_text(worst, section), right=True
        ),
        _cell(
            "Budget spent",
            _budget(worst.spent, worst.spent is not None and worst.spent > 1),
            f"so far ({share_text(worst.coverage)} seen)"
            if is_partial(worst)
            else trend_text(worst),
            right=True,
        ),
        _cell(
            "Budget left",
            _budget(worst.remaining, worst.remaining is not None and worst.remaining < 0),
            right=True,
        ),
        _cell(
            "Pages",
            str(section.pages),
            f"{tickets} ticket{'s' * (tickets > 1)}" if tickets else "",
            right=True,
        ),
        _cell("Incidents", str(len(section.incidents)), right=True),
    )


def _groups(section: Section) -> Html | None:
    if len(section.groups) == 1:
        return None
    missed = sum(group.verdict is Verdict.MISSED for group in section.groups)
    text = f"{missed} of {len(section.groups)} groups missed; worst: {whole_group(section.worst)}"
    return tag("div", text, class_="small")


def _cell(label: str, value: str, below: str = "", *, right: bool = False) -> Html:
    small = tag("div", below, class_="small") if below else None
    content = tag("div", value if isinstance(value, Html) else joined(value), small)
    return tag("td", content, data_label=label, class_="n" if right else None)


def verdict_badge(standing: Standing) -> Html:
    """A verdict as shape and word; of a period that was partly seen it does not look final."""
    verdict, partly = standing.verdict, is_partial(standing)
    mark = tag("span", MARKS[verdict], aria_hidden="true")
    word, more = (f" {verdict} so far", " partly") if partly else (f" {verdict}", "")
    return tag("span", mark, word, class_=f"verdict {_class(verdict)}{more}")


def _budget(share: float | None, over: bool) -> Html:  # noqa: FBT001
    """A share as text and bar; a bar that is overspent is full and striped."""
    text = tag("span", share_text(share), class_="over-text" if over else None)
    if share is None:
        return text
    width = 100.0 if over else min(max(share * 100, 0), 100)
    bar = tag("span", tag("i", style=f"--share:{width:.1f}%"), class_=f"bar{' over' * over}")
    return joined(text, bar)
