"""Policies, tiers, windows, traffic and missing data: choices that must exist and fit the SLI."""

from __future__ import annotations

from collections.abc import Iterator

from rtobs.model.alerting import AlertPolicy
from rtobs.model.slo import MissingData
from rtobs.problems import Problem
from rtobs.slo.checks.subject import Subject
from rtobs.slo.checks.words import did_you_mean, listed

__all__ = ["check"]


def check(subject: Subject) -> Iterator[Problem]:
    """Problems with what an SLO asks of its alerts."""
    yield from _missing_data(subject)
    policies, wanted = subject.setting.policies, subject.entry.alerting.policy
    if wanted is not None and wanted not in policies:
        message = f'there is no alert policy "{wanted}"'
        hint = did_you_mean(wanted, policies, f"slo/policy.yaml defines {listed(policies)}")
        place = subject.at("alerting", "policy")
        yield Problem("unknown-policy", message, place, hint=hint)
        return
    policy = policies[wanted or subject.setting.default_policy]
    yield from _tiers(subject, policy)
    yield from _window(subject, policy)


def _tiers(subject: Subject, policy: AlertPolicy) -> Iterator[Problem]:
    known = [tier.name for tier in policy.tiers]
    for name in subject.entry.alerting.tiers:
        if name not in known:
            message = f'the policy "{policy.name}" has no tier "{name}"'
            hint = did_you_mean(name, known, f"it has {listed(known)}")
            place = subject.at("alerting", "tiers", name, key=True)
            yield Problem("unknown-tier", message, place, hint=hint)


def _window(subject: Subject, policy: AlertPolicy) -> Iterator[Problem]:
    window = subject.entry.window
    known = dict.fromkeys(share for tier in policy.tiers for share, _ in tier.budget_share)
    if window not in known:
        message = f'the policy "{policy.name}" says nothing about a window of {window}'
        hint = f"choose one of {', '.join(str(one) for one in sorted(known))}"
        hint += ", or give its tiers a share of that budget in slo/policy.yaml"
        yield Problem("unknown-window", message, subject.at("window"), hint=hint)


def _missing_data(subject: Subject) -> Iterator[Problem]:
    sli, choice = subject.entry.sli, subject.entry.missing_data
    if choice is not MissingData.BAD or sli.timeslice is not None or sli.probe is not None:
        return
    message = "without data it is unknown how many events were bad"
    hint = "a service that is down counts none: give it a probe with missingData: bad beside this"
    yield Problem("missing-data-refused", message, subject.at("missingData"), hint=hint)
