"""The runbook page of one SLO: the shortest path first, the background below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote as url_quote

from rtobs import conventions as names
from rtobs.catalogue.facts import CauseAlert
from rtobs.model.indicator import (
    EventsIndicator,
    Indicator,
    LatencyIndicator,
    TimesliceIndicator,
)
from rtobs.model.number import decimal_text, percent_text
from rtobs.model.site import Site
from rtobs.model.slo import MissingData, Presence, ResolvedSlo
from rtobs.promql.text import selector_text
from rtobs.runbooks.markdown import bullets, code, fence, link, plain
from rtobs.runbooks.numbers import count_words, counts_minutes, span
from rtobs.runbooks.queries import current_state
from rtobs.runbooks.silence import silence
from rtobs.runbooks.tiers import tiers_section

__all__ = ["dashboard_url", "slo_page"]


def slo_page(
    slo: ResolvedSlo,
    causes: Sequence[CauseAlert],
    site: Site,
    expressions: Mapping[str, str],
    notes: str,
) -> str:
    """The page as Markdown; `notes` is Markdown of the team's own and goes in unchanged."""
    sections = (
        f"# {plain(slo.slo_id)}",
        f"<!-- {names.GENERATED_BY} -->",
        plain(slo.description),
        _first_minutes(slo, causes, site),
        _state(slo, expressions),
        _usual_causes(slo, causes),
        tiers_section(slo),
        _health_alerts(slo),
        _silencing(slo),
        _meaning(slo),
        _panels(slo, site),
        _notes(slo, notes),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def dashboard_url(site: Site, slo_id: str) -> str:
    """The drill-down of an SLO in Grafana, over its last six hours."""
    query = f"var-slo_id={url_quote(slo_id, safe='')}&from=now-6h&to=now"
    return site.dashboard(names.DRILLDOWN_UID, query)


def _first_minutes(slo: ResolvedSlo, causes: Sequence[CauseAlert], site: Site) -> str:
    known = (
        f"Is a [known cause](#what-usually-breaks-it) of {plain(slo.service)} firing as well?"
        " Then start with its action."
        if causes
        else "Look for a change: a deployment, a configuration, more traffic."
    )
    scope = (
        f"Is it one {_group_words(slo)} or all of them? The panel"
        ' "Bad events in five minutes, by group" shows it.'
        if slo.group_by
        else "When did it start, and is it still going on? The panel"
        ' "Error ratio and error budget" shows it.'
    )
    steps = (
        f"Open the {link('drill-down of this SLO', dashboard_url(site, slo.slo_id))}.",
        scope,
        known,
        "Undo the newest change first and look for the reason afterwards.",
        f"Not solved within 30 minutes? Call **{plain(slo.owner)}**.",
    )
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    return f"## First minutes\n\n{numbered}"


def _state(slo: ResolvedSlo, expressions: Mapping[str, str]) -> str:
    asked = (*current_state(slo), *((plain(title), text) for title, text in expressions.items()))
    blocks = "\n\n".join(f"{title}:\n\n{fence(text, 'promql')}" for title, text in asked)
    return f"## How bad is it now\n\nPaste into Prometheus or Grafana Explore.\n\n{blocks}"


def _usual_causes(slo: ResolvedSlo, causes: Sequence[CauseAlert]) -> str:
    heading = "## What usually breaks it"
    if not causes:
        return f"{heading}\n\nNo alert names a known cause of trouble in {plain(slo.component)}."
    page = f"causes-{slo.service}.md"
    lines = [
        f"[{cause.name}]({page}#{cause.name.lower()}): {plain(cause.summary)}"
        f" **Do:** {plain(cause.action)}"
        for cause in causes
    ]
    return f"{heading}\n\n{bullets(lines)}"


def _health_alerts(slo: ResolvedSlo) -> str:
    counted = count_words(slo.indicator)
    required = slo.presence is Presence.REQUIRED
    asks = "It pages: a target that is gone is an outage." if required else "It is a ticket."
    meanings = {
        names.BUDGET_EXHAUSTED: f"the budget of {slo.window.words()} is spent, even if the time"
        " without data was clean. Repairs go before features.",
        names.SERIES_MISSING: f"the series of the SLO are not there. {asks} Check the target in"
        " Prometheus under Status, Targets.",
        names.COVERAGE_LOW: "more than a tenth of the last day was not recorded. Check scrapes"
        " and rule groups.",
        names.IMPLAUSIBLE: f"more {_odd(slo)} {counted} than there are in total. The definition or"
        " the metric changed; trust no number of this SLO until that is repaired.",
    }
    # A service that may scale to zero has no alert about missing data.
    absent = slo.missing_data is MissingData.GOOD
    left_out = {names.SERIES_MISSING, names.COVERAGE_LOW} if absent else set()
    if not _odd(slo):
        left_out.add(names.IMPLAUSIBLE)
    lines = [f"**{name}**: {text}" for name, text in meanings.items() if name not in left_out]
    return f"## The other alerts\n\n{bullets(lines)}"


def _odd(slo: ResolvedSlo) -> str:
    """Which events may exceed the total: those that are counted apart from it, if any are."""
    return slo.indicator.counts if isinstance(slo.indicator, EventsIndicator) else ""


def _silencing(slo: ResolvedSlo) -> str:
    identity = (names.SLO_ID, slo.slo_id)
    burn = ("alertname", names.BUDGET_BURN)
    parts = [
        "## How to silence",
        (
            "Silence while you work on it, never instead. Add `--alertmanager.url` unless amtool's"
            " configuration has it. The budget goes on being spent."
        ),
        (
            f"Everything that burns this budget:\n\n"
            f"{fence(silence((burn, identity), 'incident or change number'), 'sh')}"
        ),
    ]
    if slo.group_by:
        group = tuple((label, label.upper()) for label in slo.group_by)
        parts.append(
            f"One {_group_words(slo)} only; put its name in the place of the capitals:\n\n"
            f"{fence(silence((burn, identity, *group), 'incident or change number'), 'sh')}"
        )
    parts.append(
        f"Do not silence by `{names.SERVICE}`, `{names.DOMAIN}` or `{names.SEVERITY}` alone: that"
        " hides other outages. Do not silence"
        f" `{names.SERIES_MISSING}` or `{names.WATCHDOG}`: without them a dead measurement looks"
        " like a healthy service."
    )
    return "\n\n".join(parts)


def _meaning(slo: ResolvedSlo) -> str:
    budget = slo.error_budget
    window = slo.window.words()
    outage = span(budget * slo.window.seconds)
    share = decimal_text(budget * 1000)
    counted = (
        f"{outage} of bad minutes in {window}"
        if counts_minutes(slo.indicator)
        else f"{share} of 1000 events, which is {outage} of total outage in {window}"
    )
    each = f" Every {_group_words(slo)} has a budget of its own." if slo.group_by else ""
    lines = [
        f"**Objective:** {percent_text(slo.objective)} over {window}, rolling.{each}",
        f"**Error budget:** {counted}.",
        f"**Counted:** {_counted(slo.indicator)}",
        f"**Without data:** {_missing(slo)}",
        (
            f"**Owner:** {plain(slo.owner)}. **Service:** {plain(slo.service)}"
            f" ({plain(slo.component)}, {slo.domain})."
        ),
        *((f"**Why this objective:** {plain(slo.rationale)}",) if slo.rationale else ()),
        *((f"**Defined in:** {code(slo.source)}.",) if slo.source else ()),
    ]
    return f"## What it means\n\n{bullets(lines)}"


def _counted(indicator: Indicator) -> str:
    match indicator:
        case EventsIndicator():
            source = indicator.counted
            what = selector_text(source.selector) if source.selector else source.expression
            return f"an event is {indicator.counts} when it is in {code(what)}."
        case LatencyIndicator():
            histogram = code(selector_text(indicator.histogram))
            unit = indicator.unit.removesuffix("s" if indicator.threshold == 1 else "")
            limit = f"{decimal_text(indicator.threshold)} {unit}"
            return f"an event of {histogram} is bad when it took more than {limit}."
        case TimesliceIndicator():
            good = code(f"{indicator.expression} {indicator.comparison} {indicator.bound}")
            return f"a minute is good when {good}."
        case _:
            return f"every minute has the error ratio {code(indicator.expression)}."


def _missing(slo: ResolvedSlo) -> str:
    if slo.missing_data is MissingData.BAD:
        return "a minute without data is bad, for one hour; then the alert about series speaks."
    if slo.missing_data is MissingData.GOOD:
        return "a minute without data is good (the service may scale to zero)."
    return f"such a minute counts neither way; {names.SERIES_MISSING} reports it after 15 minutes."


def _panels(slo: ResolvedSlo, site: Site) -> str:
    url = dashboard_url(site, slo.slo_id)
    lines = list(_panel_lines(url))
    lines += [link(to.title, to.url) for to in slo.links]
    return f"## Where to look\n\n{bullets(lines)}"


def _panel_lines(url: str) -> Iterator[str]:
    drilldown = link("Drill-down", url)
    yield f"{drilldown}, Burn rates and the factors that alert: which windows are too fast."
    yield "Error ratio and error budget: when it began, and whether it is over."
    yield "Error budget over the window: one incident, or a leak."
    yield "Logs and traces (open the row): what the service itself says."


def _notes(slo: ResolvedSlo, notes: str) -> str:
    body = notes.strip()
    path = f"{names.RUNBOOK_NOTES_DIR}/{slo.slo_id}.md"
    return f"## Notes from the team\n\n{body or f'None yet. Write them in {code(path)}.'}"


def _group_words(slo: ResolvedSlo) -> str:
    return " and ".join(code(label) for label in slo.group_by)
