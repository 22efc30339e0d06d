"""Alert policies as the text of a `policy.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtobs.conventions import API_VERSION
from rtobs.model.alerting import AlertPolicy, TierPolicy
from rtobs.model.number import percent_text

__all__ = ["policy_yaml"]


def policy_yaml(policies: Mapping[str, AlertPolicy], default: str) -> str:
    """A file that `rtobs.slo.settings.read_policies` reads as these policies.

    Tiers that no window has are left out. A share that is no finite decimal number of percent is
    rounded to 15 digits.

    Args:
        policies: by name.
        default: name of the default.

    Raises:
        ValueError: a policy has no tier, which no file may say.
    """
    for name, policy in policies.items():
        if not any(tier.budget_share for tier in policy.tiers):
            raise ValueError(f'policy "{name}" has no tier that could fire')
    return "\n".join(_lines(policies, default)) + "\n"


def _lines(policies: Mapping[str, AlertPolicy], default: str) -> Iterator[str]:
    yield f"apiVersion: {API_VERSION}"
    yield "kind: AlertPolicies"
    yield f"default: {default}"
    yield "policies:"
    for name, policy in policies.items():
        yield f"  {name}:"
        yield "    tiers:"
        for tier in policy.tiers:
            if tier.budget_share:
                yield from _tier(tier)


def _tier(tier: TierPolicy) -> Iterator[str]:
    shares = ", ".join(f"{window}: {percent_text(share)}" for window, share in tier.budget_share)
    yield f"      - name: {tier.name}"
    yield f"        severity: {tier.severity}"
    yield f"        long: {tier.long}"
    yield f"        short: {tier.short}"
    yield f"        budgetShare: {{{shares}}}"
    yield f"        minBad: {tier.min_bad}"
    yield f"        keepFiringFor: {tier.keep_firing_for}"
