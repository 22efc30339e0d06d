"""What an alert says to whoever it wakes: what is broken, how bad, how long is left, where to look.

The texts are Go templates. Numbers are asked for when the alert fires, so they are those of the
moment, and cost nothing while nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final
from urllib.parse import quote as url_quote

from rtobs import conventions as names
from rtobs.model.alerting import Tier
from rtobs.model.duration import Duration
from rtobs.model.indicator import EventsIndicator, RatioIndicator, is_sliced
from rtobs.model.number import decimal_text, percent_text
from rtobs.model.selector import Selector
from rtobs.model.site import Site
from rtobs.model.slo import MissingData, Presence, ResolvedSlo
from rtobs.promql.text import selector_text
from rtobs.rules.templates import label_matchers, label_words, literal

__all__ = ["burn_annotations", "health_annotations"]

_PERCENT: Final = "{{ $value | humanizePercentage }}"
_SPENDERS: Final = 3


def burn_annotations(
    slo: ResolvedSlo, tier: Tier, site: Site, causes: Sequence[str]
) -> dict[str, str]:
    """Texts of one tier; `$value` is the error ratio of its long window."""
    counted = _counted(slo)
    group = label_words(slo.group_by)
    factor = decimal_text(Fraction(round(tier.factor * 100), 100))
    allowed, last = percent_text(slo.error_budget), _last(tier.long)
    texts = {
        # A telephone shows little more than this line.
        "summary": f"{slo.service} {slo.name}: {_PERCENT} bad in {last}, {allowed} allowed{group}",
        "promise": literal(slo.description),
        "description": (
            f"{_PERCENT} of the {counted} of {last} were bad;"
            f" the objective of {percent_text(slo.objective)} allows {allowed}."
            f" This tier fires from a burn rate of {factor} on, in {tier.long} and in {tier.short}."
        ),
        "action": _first_step(slo, causes),
        "time_left": _time_left(slo, tier.long),
    }
    spenders = _spenders(slo)
    if spenders:
        texts["spent_by"] = spenders
    return {**texts, **_common(slo, site), **_users(slo)}


def health_annotations(slo: ResolvedSlo, alert: str, site: Site) -> dict[str, str]:
    """Texts of an alert that is about the budget as a whole, or about the measurement itself."""
    summary, description = _HEALTH[alert]
    if alert == names.SERIES_MISSING and slo.presence is Presence.REQUIRED:
        summary = "[name] is not seen any more: treat it as down[group]"
    counted = _counted(slo)
    words = {
        "name": f"{slo.service} {slo.name}",
        "group": label_words(slo.group_by),
        "window": slo.window.words(),
        "counted": counted,
        "why": _missing_words(slo),
        "odd": slo.indicator.counts if isinstance(slo.indicator, EventsIndicator) else "",
        "percent": _PERCENT,
    }
    return {
        "summary": _fill(summary, words),
        "promise": literal(slo.description),
        "description": _fill(description, words),
        **_common(slo, site),
        **_users(slo),
    }


# Placeholders in square brackets, because braces belong to Go's templates.
_HEALTH: Final = {
    names.BUDGET_EXHAUSTED: (
        "[name] has no error budget left[group]",
        (
            "The budget of [window] is spent, even if the time without data was clean. Repairs go"
            " before features until it has recovered."
        ),
    ),
    names.SERIES_MISSING: (
        "[name] cannot be measured: its series are missing[group]",
        (
            "For 10 minutes there has been no complete measurement, so no alert of this SLO can"
            " fire for new faults. [why]"
        ),
    ),
    names.IMPLAUSIBLE: (
        "[name] counts more [odd] [counted] than there are[group]",
        (
            "There are more [odd] [counted] than there are in total. The metric or the definition"
            " changed: trust no number of this SLO until that is repaired."
        ),
    ),
    names.COVERAGE_LOW: (
        "[name] was measured in only [percent] of the last day[group]",
        (
            "Scrapes or rule evaluations failed for more than a tenth of the last day, so the"
            " budget does not know what happened then. Check the target and the health of"
            " Prometheus."
        ),
    ),
}


def _fill(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"[{word}]", value)
    return text


def _last(window: Duration) -> str:
    """The window before now, for a sentence: "the last hour", "the last 6 hours"."""
    return f"the last {window.words().removeprefix('1 ')}"


def _missing_words(slo: ResolvedSlo) -> str:
    if slo.presence is Presence.REQUIRED:
        return "The service must always be there: treat it as down until it is seen again."
    if slo.missing_data is MissingData.BAD:
        return "The first hour of it was counted as bad; from now on nothing is counted."
    return "Check whether the target is up, and whether the metric still has this name and labels."


def _counted(slo: ResolvedSlo) -> str:
    sliced = is_sliced(slo.indicator) or isinstance(slo.indicator, RatioIndicator)
    return "minutes" if sliced else "events"


def _first_step(slo: ResolvedSlo, causes: Sequence[str]) -> str:
    """What to do first: follow a known cause if one fires, else look for what changed."""
    change = f"undo the newest change of {slo.service}, then look for the reason"
    if not causes:
        return f"{change[:1].upper()}{change[1:]}; the runbook has the queries."
    return (
        f"Does {' or '.join(causes)} fire as well? Then do what that alert says."
        f" Otherwise {change}."
    )


def _time_left(slo: ResolvedSlo, long: Duration) -> str:
    """How long the rest of the budget lasts if the long window's rate goes on."""
    shape, arguments = label_matchers(slo.group_by)
    matchers = f'slo_id=\\"{slo.slo_id}\\"{shape}'
    spending = f"max({names.error_ratio(str(long))}{{{matchers}}})"
    left = f"min(last_over_time({names.BUDGET_REMAINING}{{{matchers}}}[10m]))"
    seconds = decimal_text(slo.window.seconds * slo.error_budget)
    query = f'printf "{left} * {seconds} / {spending}"{arguments}{arguments}'
    return (
        f"{{{{ with query ({query}) }}}}{{{{ with first . }}}}{{{{ if gt (value .) 0.0 }}}}"
        "At this rate the rest of the budget lasts {{ value . | humanizeDuration }}."
        "{{ else }}The budget is already spent.{{ end }}{{ end }}"
        "{{ else }}How much of the budget is left is not known yet.{{ end }}"
    )


def _spenders(slo: ResolvedSlo) -> str:
    """Which label values have most of the bad events, where rtobs itself selects those."""
    indicator = slo.indicator
    if not isinstance(indicator, EventsIndicator) or indicator.counts != "bad":
        return ""
    selector = indicator.counted.selector
    if selector is None:
        return ""
    return _top(selector, slo.group_by)


def _top(selector: Selector, group_by: Sequence[str]) -> str:
    shape, arguments = label_matchers(group_by)
    text = selector_text(selector).replace("%", "%%")
    own = f"{text.removesuffix('}')}{shape}" if selector.matchers else f"{text}{{{shape[1:]}"
    known = ", ".join(("instance", "pod", *group_by))  # the summary says which group it is
    query = f"topk({_SPENDERS}, sum without ({known}) (increase({own}}}[1h])) > 0)"
    escaped = query.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'{{{{ with query (printf "{escaped}"{arguments}) }}}}Most bad events of the last hour:'
        "{{ range . }} {{ value . | humanize }} with"
        '{{ range $label, $text := .Labels }}{{ if ne $label "__name__" }}'
        " {{ $label }}={{ $text }}{{ end }}{{ end }};{{ end }}{{ end }}"
    )


def _common(slo: ResolvedSlo, site: Site) -> dict[str, str]:
    variables = f"var-slo_id={url_quote(slo.slo_id, safe='')}"
    texts = {
        "runbook_url": site.runbook(slo.slo_id),
        "dashboard_url": site.dashboard(names.DRILLDOWN_UID, variables),
    }
    return texts | {
        f"link_{number}": f"{literal(link.title)}: {literal(link.url)}"
        for number, link in enumerate(slo.links, start=1)
    }


def _users(slo: ResolvedSlo) -> dict[str, str]:
    return {name: literal(text) for name, text in slo.annotations}
