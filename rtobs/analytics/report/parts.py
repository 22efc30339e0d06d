"""Pieces of the page: a table, a figure, the section of an SLO."""

from __future__ import annotations

from collections.abc import Iterator

from rtobs.analytics.charts import svg, title_of
from rtobs.analytics.charts.percent import objective_text, share_text, sli_text
from rtobs.analytics.report.ahead import ahead_table, ahead_text
from rtobs.analytics.report.elements import Html, anchor, tag
from rtobs.analytics.report.figures import Figure, Table, figures
from rtobs.analytics.report.model import Section
from rtobs.analytics.report.partial import spent_text, verdict_text, window_text
from rtobs.analytics.report.periods import Period
from rtobs.analytics.report.wording import (
    FIRST_ALERTS,
    MARKS,
    alert_table,
    group_table,
    incident_table,
    more_alerts,
    quality_text,
)

__all__ = ["anchor_of", "section", "table"]


def anchor_of(one: Section) -> str:
    """Where a section is found."""
    return anchor("slo", one.slo.slo_id)


def table(content: Table, *, captioned: bool = True) -> Html:
    """A table that scrolls by itself where the page is narrow.

    Args:
        content: its texts.
        captioned: whether the caption is seen; it is always read out.
    """
    right = content.numeric
    head = tag(
        "tr",
        *(
            tag("th", text, scope="col", class_="n" if column in right else None)
            for column, text in enumerate(content.headings)
        ),
    )
    rows = (
        tag(
            "tr",
            *(
                tag("td", text, class_="n" if column in right else None)
                for column, text in enumerate(row)
            ),
        )
        for row in content.rows
    )
    caption = tag("caption", content.caption, class_=None if captioned else "unseen")
    made = tag("table", caption, tag("thead", head), tag("tbody", *rows))
    return _region(made, content.caption, "scroll")


def _region(content: Html, name: str, class_: str) -> Html:
    """Something that may be wider or higher than its place: keys can scroll it."""
    return tag("div", content, class_=class_, tabindex="0", role="region", aria_label=name)


def section(one: Section, period: Period, name: str) -> Html:
    """Everything about one SLO.

    Args:
        one: the SLO.
        period: the report's period.
        name: prefix of its ids, unique on the page.
    """
    drawn = tuple(figures(one, period))
    pictures = (_figure(figure, f"{name}-{figure.name}") for figure in drawn)
    return tag(
        "section",
        tag("h3", f"{MARKS[one.worst.verdict]} {one.slo.slo_id}"),
        tag("p", one.slo.description),
        _facts(one),
        *_tables(one, period),
        tag("div", *pictures, class_="figures") if drawn else None,
        tag("p", tag("a", "Back to all SLOs", href="#fleet"), class_="small back"),
        class_="slo" if one.is_quiet else "slo long",
        id=anchor_of(one),
    )


def _facts(one: Section) -> Html:
    worst = one.worst
    facts = (
        ("objective", f"{objective_text(one.objective)} over {one.slo.window.words()}"),
        ("SLI", sli_text(worst.sli, one.objective)),
        ("verdict", verdict_text(worst)),
        ("budget spent", spent_text(worst)),
        ("budget left", share_text(worst.remaining)),
        ("long run", str(worst.long_run.verdict) if worst.long_run else "no data"),
        ("owner", one.slo.owner),
        ("data for", f"{share_text(worst.coverage)} of the period"),
    )
    return tag(
        "ul", *(tag("li", f"{term} ", tag("b", text)) for term, text in facts), class_="facts"
    )


def _tables(one: Section, period: Period) -> Iterator[Html]:
    if len(one.groups) > 1:
        yield table(group_table(one))
    if one.incidents:
        pairs = tuple((one.slo.slo_id, incident) for incident in one.incidents)
        yield table(incident_table(pairs, period, window_text(one), named=False))
    if one.alerts:
        yield tag("p", quality_text(one.quality))
        yield from _alerts(one, period)
    if one.ahead:
        yield tag("p", ahead_text(one.ahead, period))
        yield table(ahead_table(one.ahead, period))


def _alerts(one: Section, period: Period) -> Iterator[Html]:
    """The first ones; many more are there when asked for."""
    first, more = one.alerts[:FIRST_ALERTS], one.alerts[FIRST_ALERTS:]
    yield table(alert_table(first, period, window_text(one)))
    if more:
        rest = table(alert_table(more, period, window_text(one)), captioned=False)
        yield tag("details", tag("summary", more_alerts(len(more))), rest)


def _figure(figure: Figure, name: str) -> Html:
    drawing = _region(Html(svg(figure.chart, name=name)), title_of(figure.chart), "pan")
    kept = "kept" if figure.printed else None
    return tag("figure", drawing, table(figure.table), id=name, class_=kept)
