"""Whether conditions can be met: labels that exist, values that occur, patterns that are valid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from rtobs.catalogue.facts import Label, Metric, MetricType
from rtobs.model.selector import Matcher, Selector
from rtobs.problems import Location, Problem
from rtobs.promql.expression import ExpressionError, parse
from rtobs.promql.text import selector_text
from rtobs.slo.checks.subject import Condition, Read, Subject
from rtobs.slo.checks.words import did_you_mean, listed

__all__ = ["TARGET_LABELS", "check", "known_labels"]

# Labels of the target, which Prometheus or Alloy add to every series of a scrape.
TARGET_LABELS: Final = frozenset(
    {
        *("job", "instance", "cluster", "environment", "region", "zone", "namespace", "pod"),
        *("container", "node", "endpoint", "service", "deployment_environment_name"),
    }
)
_STATUS_LABELS: Final = frozenset({"http_response_status_code", "status_code"})
_STATUS_CODES: Final = tuple(str(code) for code in range(100, 600))
_LITERALS: Final = re.compile(r"(?:[^.+*?()\[\]{}^$\\]|\\[.\-/+*?()|\[\]{}^$])*")


def known_labels(subject: Subject, metric: Metric, series: str) -> frozenset[str]:
    """Labels that a series of the metric can have here."""
    chosen = {m.label for m in subject.scope.select}
    own = {label.name for label in metric.labels}
    return frozenset(own | chosen | TARGET_LABELS | _implied(metric, series)) | _probed(
        subject, series
    )


def _probed(subject: Subject, series: str) -> frozenset[str]:
    """The label that names the target, on every series of the prober."""
    site = subject.setting.site
    for component in subject.setting.catalogue.components.values():
        if component.metric(site.probe_metric) and component.metric(series):
            return frozenset({site.probe_label})
    return frozenset()


def _implied(metric: Metric, series: str) -> set[str]:
    """Labels that come with the type."""
    if metric.type is MetricType.HISTOGRAM and series.endswith("_bucket"):
        return {"le"}
    return {"quantile"} if metric.type is MetricType.SUMMARY and series == metric.name else set()


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with the conditions of every selector."""
    for read in subject.reads:
        yield from _patterns(read)
        yield from _contradictions(subject, read)
        metric = subject.family(read)
        for condition in read.conditions if metric else ():
            yield from _check_condition(subject, read, metric, condition)


def _patterns(read: Read) -> Iterator[Problem]:
    for condition in read.conditions:
        try:
            parse(selector_text(Selector("x", (condition.matcher,))))
        except ExpressionError:
            message = f'"{condition.matcher.value}" is no regular expression'
            hint = "PromQL uses RE2: no look-around, no back references"
            yield Problem("invalid-pattern", message, condition.value_at, hint=hint)


def _contradictions(subject: Subject, read: Read) -> Iterator[Problem]:
    """Two different values for one label: nothing can have both."""
    site_wide = subject.is_site_wide(read.metric) and read.found is not None
    own = subject.scope.component.metric(read.metric) is not None or not read.found
    wanted = {m.label: m.value for m in subject.scope.select if m.op == "=" and own}
    for condition in read.conditions if not site_wide else ():
        matcher = condition.matcher
        if matcher.op != "=":
            continue
        other = wanted.setdefault(matcher.label, matcher.value)
        if other != matcher.value:
            message = f'{matcher.label} cannot be "{other}" and "{matcher.value}" at once'
            hint = "the conditions of the site, the component and the service apply to it as well"
            yield Problem("contradiction", message, condition.value_at, hint=hint)


def _check_condition(
    subject: Subject, read: Read, metric: Metric | None, condition: Condition
) -> Iterator[Problem]:
    if metric is None:
        return
    matcher, place = condition.matcher, condition.label_at
    known = known_labels(subject, metric, read.metric)
    if matcher.label == "le" and "le" not in known:
        message = f'"{read.metric}" has no buckets to choose from by "le"'
        hint = "give the bound as the threshold of a latency SLI"
        yield Problem("reserved-label", message, place, hint=hint)
    elif matcher.label not in known:
        own = [label.name for label in metric.labels]
        otherwise = f"it has {listed(own)}" if own else "it has only the labels of its target"
        message = f'"{read.metric}" has no label "{matcher.label}"'
        hint = did_you_mean(matcher.label, sorted(known), otherwise)
        yield Problem("unknown-label", message, place, hint=hint)
    yield from _status_code(read, matcher, place)
    label = metric.label(matcher.label)
    if label is not None and label.values:
        yield from _values(read, label, matcher, condition.value_at)


def _status_code(read: Read, matcher: Matcher, place: Location) -> Iterator[Problem]:
    """A pattern without `=~`, or a class such as 5xx, equals no status code and matches nothing."""
    if matcher.label not in _STATUS_LABELS or matcher.op not in ("=", "=~"):
        return
    if matcher.op == "=" and matcher.value not in (*_STATUS_CODES, ""):
        message = f'no status code is "{matcher.value}"'
    elif matcher.op == "=~" and not _matches_any(matcher.value, _STATUS_CODES):
        message = f'"{matcher.value}" matches no status code'
    else:
        return
    hint = f'status codes have three digits; all errors of the server are {matcher.label}: "=~5.."'
    yield Problem("unknown-label-value", f"{message} ({read.metric})", place, hint=hint)


def _values(read: Read, label: Label, matcher: Matcher, place: Location) -> Iterator[Problem]:
    for value in _literals(matcher):
        if value not in (*label.values, ""):
            message = f'"{label.name}" of "{read.metric}" is never "{value}"'
            hint = did_you_mean(value, label.values, f"it is one of {listed(label.values)}")
            yield Problem("unknown-label-value", message, place, hint=hint)
    if matcher.op == "=~" and not _matches_any(matcher.value, label.values):
        message = f'"{matcher.value}" matches no value of "{label.name}" of "{read.metric}"'
        hint = f"it is one of {listed(label.values)}"
        yield Problem("unknown-label-value", message, place, hint=hint)


def _literals(matcher: Matcher) -> Iterable[str]:
    """The plain texts that a condition compares with; none for a real pattern."""
    if matcher.op in ("=", "!="):
        return [matcher.value]
    if "|" not in matcher.value and matcher.op == "=~":
        return []  # one alternative that is wrong matches nothing, and is reported as that
    inner = re.sub(r"^\((?:\?:)?([^()]*)\)$", r"\1", matcher.value)
    if _LITERALS.fullmatch(inner) is None:
        return []
    return [re.sub(r"\\(.)", r"\1", text) for text in re.split(r"(?<!\\)\|", inner)]


def _matches_any(pattern: str, values: Iterable[str]) -> bool:
    if "|" in pattern and _literals(Matcher("", "=~", pattern)):
        return True
    try:
        return any(re.fullmatch(pattern, value) for value in (*values, ""))
    except re.error:
        return True  # RE2 knows more than Python here; its own check has spoken
