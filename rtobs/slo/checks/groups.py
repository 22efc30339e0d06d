"""Labels that split a budget, and labels of alerts: existing, free, and each given once."""

from __future__ import annotations

from collections.abc import Iterator

from rtobs.conventions import RESERVED_LABELS
from rtobs.problems import Problem
from rtobs.slo.checks.labels import TARGET_LABELS, known_labels
from rtobs.slo.checks.subject import Subject
from rtobs.slo.checks.words import did_you_mean, listed

__all__ = ["check"]


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with `groupBy` and `alerting.labels`."""
    groups = subject.entry.group_by
    for index, label in enumerate(groups):
        place = subject.at("groupBy", index)
        if label in RESERVED_LABELS:
            message = f'"{label}" is a label of the rules themselves'
            hint = f"reserved are {', '.join(sorted(RESERVED_LABELS))}"
            yield Problem("reserved-label", message, place, hint=hint)
        elif label in groups[:index]:
            message = f'"{label}" is given twice'
            yield Problem("duplicate-group", message, place, hint="remove one of the two")
        else:
            yield from _unknown(subject, index, label)
    yield from _alert_labels(subject)


def _unknown(subject: Subject, index: int, label: str) -> Iterator[Problem]:
    """A group needs the label on every metric that is named, and on one that an expression reads.

    An expression may join the label from elsewhere, so one of its metrics is enough.
    """
    probe = subject.entry.sli.probe
    if probe is not None and probe.target is not None:
        yield from _unknown_to_prober(subject, index, label)
        return
    named = [read for read in subject.reads if read.found is None]
    lacking, known = [], set[str]()
    for read in subject.reads:
        metric = subject.family(read)
        if metric is None:
            return
        labels = known_labels(subject, metric, read.metric)
        known |= labels
        if label not in labels:
            lacking.append(read)
    if not lacking or (not named and len(lacking) < len(subject.reads)):
        return
    message = f'"{lacking[0].metric}" has no label "{label}" to group by'
    own = subject.metric(lacking[0].metric)
    names = [one.name for one in own.labels] if own else []
    otherwise = f"it has {listed(names)}" if names else "it has only the labels of its target"
    hint = did_you_mean(label, sorted(known), otherwise)
    yield Problem("group-by-unknown-label", message, subject.at("groupBy", index), hint=hint)


def _unknown_to_prober(subject: Subject, index: int, label: str) -> Iterator[Problem]:
    site = subject.setting.site
    metric = subject.metric(site.probe_metric)
    own = {one.name for one in metric.labels} if metric else set[str]()
    known = sorted(own | TARGET_LABELS | {site.probe_label})
    if label not in known:
        message = f'"{site.probe_metric}" has no label "{label}" to group by'
        hint = did_you_mean(label, known, f"a probe has {site.probe_label} and {listed(known)}")
        yield Problem("group-by-unknown-label", message, subject.at("groupBy", index), hint=hint)


def _alert_labels(subject: Subject) -> Iterator[Problem]:
    for label in subject.entry.alerting.labels:
        place = subject.at("alerting", "labels", label, key=True)
        if label in RESERVED_LABELS:
            message = f'"{label}" is set by the rules themselves'
            hint = f"reserved are {', '.join(sorted(RESERVED_LABELS))}"
            yield Problem("reserved-label", message, place, hint=hint)
        elif label in subject.entry.group_by:
            message = f'"{label}" is a label of groupBy; a fixed value would hide the group'
            hint = "rename the label of the alert"
            yield Problem("label-clash", message, place, hint=hint)
