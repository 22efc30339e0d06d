"""A report as one HTML file: no scripts, nothing from elsewhere, it opens from a disk."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from rtobs.analytics.charts import look
from rtobs.analytics.report.elements import Html, joined, tag
from rtobs.analytics.report.fleet import fleet_table, tiles
from rtobs.analytics.report.model import Report
from rtobs.analytics.report.partial import banner, verdict_text, windows_text
from rtobs.analytics.report.parts import anchor_of, section, table
from rtobs.analytics.report.wording import (
    GLOSSARY,
    MARKS,
    headline,
    incident_table,
    quality_text,
    titled,
)

__all__ = ["html"]

# A browser in the dark swaps the colours of the drawings for those of its style.
_DARK_STEPS: Final = ("#2b2018", "#553016", "#84461a", "#dd7b33", "#ffb27a")
_DARK: Final = {
    look.PAPER: "var(--paper)",
    look.INK: "var(--ink)",
    look.MUTED: "var(--muted)",
    look.FAINT: "var(--faint)",
    look.GRID: "var(--grid)",
    look.CALM: "var(--calm)",
    look.BAD: "var(--bad)",
    look.BAD_TEXT: "var(--bad-text)",
    # In the dark, much is bright and little is dim, and digits change sides with their ground.
    **dict(zip(look.STEPS, _DARK_STEPS, strict=True)),
    look.DARK: "#f2f4f6",
    look.LIGHT: "#14181d",
}


def html(report: Report) -> str:
    """The report as an HTML document; the same report gives the same bytes.

    Args:
        report: what to show.

    Returns:
        A complete document in UTF-8. All texts of definitions, labels and incidents are escaped.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", titled(report)),
        tag("style", Html(_style())),
    )
    body = tag(
        "body",
        tag("a", "Skip to the table", class_="skip", href="#fleet"),
        _header(report),
        tag("main", *_main(report)),
        _footer(report),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _style() -> str:
    own = files("rtobs.analytics.report").joinpath("style.css").read_text(encoding="utf-8")
    swaps = "".join(
        f'svg [{attribute}="{colour}"]{{{attribute}:{swapped}}}'
        for colour, swapped in _DARK.items()
        for attribute in ("fill", "stroke")
    )
    return f"{own}@media (prefers-color-scheme:dark){{@media screen{{{swaps}}}}}"


def _header(report: Report) -> Html:
    period = report.period
    where = f" Environment: {report.site}." if report.site else ""
    about = (
        f"{period.first:%A} {period.first} to {period.last:%A} {period.last}, from midnight to"
        f" midnight in {period.zone}.{where} Data: {report.source}."
    )
    return tag(
        "header",
        tag("h1", titled(report)),
        tag("p", about, class_="about"),
        tag("p", " ".join(headline(report)), class_="lead"),
        tag("p", said, class_="banner") if (said := banner(report)) else None,
        tiles(report),
    )


def _main(report: Report) -> Iterator[Html]:
    yield _contents(report)
    yield tag("h2", "All SLOs, most trouble first", id="fleet")
    yield fleet_table(report)
    yield tag("h2", "Incidents", id="incidents")
    happened = tuple(
        sorted(
            ((one.slo.slo_id, incident) for one in report.sections for incident in one.incidents),
            key=lambda pair: (pair[1].start, pair[0]),
        )
    )
    if happened:
        yield table(
            incident_table(happened, report.period, windows_text(report), named=True),
            captioned=False,
        )
    else:
        yield tag("p", "There were no incidents.")
    yield tag("h2", "Quality of the alerts", id="alerts")
    yield tag("p", quality_text(report.quality))
    if report.notes:
        yield tag("h2", "What to know about the data", id="data")
        yield tag("ul", *(tag("li", note) for note in report.notes))
    yield tag("h2", "The SLOs one by one", id="slos")
    for number, one in enumerate(report.sections):
        yield section(one, report.period, f"s{number + 1}")


def _contents(report: Report) -> Html:
    entries = (
        tag(
            "li",
            tag("span", MARKS[one.worst.verdict], aria_hidden="true"),
            " ",
            tag("a", one.slo.slo_id, href=f"#{anchor_of(one)}"),
            tag("span", f" {verdict_text(one.worst)}", class_="small"),
        )
        for one in report.sections
    )
    parts = (("#fleet", "All SLOs"), ("#incidents", "Incidents"), ("#alerts", "Alerts"))
    jumps = (tag("li", tag("a", text, href=target)) for target, text in parts)
    return tag("nav", tag("ul", *jumps, *entries), aria_label="Contents")


def _footer(report: Report) -> Html:
    terms = joined(*(joined(tag("dt", term), tag("dd", text)) for term, text in GLOSSARY))
    return tag(
        "footer",
        tag("h2", "How to read this"),
        tag("dl", terms),
        tag("p", f"Made by rtobs from {report.source}."),
    )
