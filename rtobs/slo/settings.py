"""`policy.yaml`, `site.yaml` and the catalogue's overlays: what definitions are resolved with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from rtobs.catalogue.load import load as load_catalogue
from rtobs.documents import Document, Path_, decode, read
from rtobs.errors import DefinitionError
from rtobs.model.alerting import AlertPolicy, TierPolicy, burn_factor
from rtobs.model.duration import Duration
from rtobs.model.site import Datasources, DeployedComponent, Site
from rtobs.problems import Location, Problem
from rtobs.slo.matchers import matchers
from rtobs.slo.reading import Setting
from rtobs.slo.schema import (
    AlertPolicies,
    DeployedEntry,
    Environment,
    PolicyEntry,
    SiteDocument,
    TierEntry,
)

__all__ = ["CATALOGUE_DIR", "POLICY_FILE", "SITE_FILE", "read_policies", "read_setting"]

POLICY_FILE: Final = "policy.yaml"
SITE_FILE: Final = "site.yaml"
CATALOGUE_DIR: Final = "catalogue"

_Model = TypeVar("_Model", bound=BaseModel)
_Value = TypeVar("_Value")


def read_setting(folder: Path, environment: str = "") -> Setting:
    """Everything beside the definitions.

    Args:
        folder: the folder `slo/`; without `site.yaml` one site with defaults is assumed.
        environment: name of the environment, "" for the site's default.

    Raises:
        DefinitionError: with every problem of the policy, the site and the overlays.
    """
    problems: list[Problem] = []
    policies = _attempt(lambda: read_policies(folder / POLICY_FILE), problems)
    site = _attempt(lambda: _site(folder / SITE_FILE, environment), problems)
    catalogue = _attempt(lambda: load_catalogue(folder / CATALOGUE_DIR), problems)
    if policies is None or site is None or catalogue is None:
        raise DefinitionError(problems)
    return Setting(catalogue, site, *policies)


def _attempt(reader: Callable[[], _Value], problems: list[Problem]) -> _Value | None:
    """What the reader returns; its problems are kept, so that those of the others are seen too."""
    try:
        return reader()
    except DefinitionError as error:
        problems += error.problems
        return None


def _decoded(path: Path, model: type[_Model]) -> tuple[Document, _Model]:
    document = read(path, path.as_posix())
    content, problems = decode(document, model)
    if content is None:
        raise DefinitionError(problems)
    return document, content


def _missing_policy(path: Path) -> DefinitionError:
    hint = "copy the one of the rtobs repository; docs/reference/policy-and-site.md explains it"
    message = "there is no alert policy, so no alert could be made"
    return DefinitionError([Problem("no-policy", message, Location(path.as_posix()), hint=hint)])


def read_policies(path: Path) -> tuple[Mapping[str, AlertPolicy], str]:
    """The alert policies of a file by name, and the name of the default.

    Args:
        path: a file such as `slo/policy.yaml`, of any name.

    Raises:
        DefinitionError: with every problem of the file, or because there is none.
    """
    if not path.exists():
        raise _missing_policy(path)
    document, content = _decoded(path, AlertPolicies)
    problems = [
        problem
        for name, entry in content.policies.items()
        for problem in _policy_problems(document, name, entry)
    ]
    if content.default not in content.policies:
        message = f'the default policy "{content.default}" is not defined'
        known = ", ".join(content.policies)
        place = document.locate(("default",))
        problems.append(Problem("unknown-policy", message, place, hint=f"defined are: {known}"))
    if problems:
        raise DefinitionError(problems)
    policies = {
        name: AlertPolicy(name, tuple(_tier(tier) for tier in entry.tiers))
        for name, entry in content.policies.items()
    }
    return policies, content.default


def _policy_problems(document: Document, name: str, entry: PolicyEntry) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    for index, tier in enumerate(entry.tiers):
        path = ("policies", name, "tiers", index)
        if tier.name in seen:
            message = f'the tier "{tier.name}" is given twice'
            problems.append(Problem("duplicate-tier", message, document.locate((*path, "name"))))
        seen.add(tier.name)
        if tier.short >= tier.long:
            message = f'the short window "{tier.short}" is not shorter than "{tier.long}"'
            hint = "a twelfth of the long window is usual"
            place = document.locate((*path, "short"))
            problems.append(Problem("tier-windows", message, place, hint=hint))
        for window in tier.budget_share:
            problems += _share_problems(document, (*path, "budgetShare", window), tier)
    return problems


def _share_problems(document: Document, path: Path_, tier: TierEntry) -> list[Problem]:
    text = str(path[-1])
    try:
        window = Duration.parse(text)
    except ValueError as error:
        return [Problem("invalid-value", str(error), document.locate(path, key=True))]
    factor = burn_factor(tier.budget_share[text], window, tier.long)
    if factor >= 1:
        return []
    least = Fraction(tier.long.seconds, window.seconds)
    message = (
        f'the tier "{tier.name}" would fire at a burn rate of {float(factor):.2f},'
        f" which the budget of {window.words()} sustains"
    )
    hint = f"a share of {float(least * 100):.4g}% or more, or no such tier for {text}"
    return [Problem("sustainable-burn", message, document.locate(path), hint=hint)]


def _tier(entry: TierEntry) -> TierPolicy:
    shares = tuple((Duration.parse(text), share) for text, share in entry.budget_share.items())
    return TierPolicy(
        entry.name,
        entry.severity,
        entry.long,
        entry.short,
        shares,
        entry.min_bad,
        entry.keep_firing_for,
    )


def _site(path: Path, environment: str) -> Site:
    if not path.exists() and not environment:
        return Site()
    document, content = _decoded(path, SiteDocument)
    name = environment or content.default
    if name not in content.environments:
        known = ", ".join(content.environments)
        message = f'there is no environment "{name}"'
        place = document.locate(("environments",), key=True)
        raise DefinitionError(
            [Problem("unknown-environment", message, place, hint=f"defined are: {known}")]
        )
    return _environment(name, content.environments[name])


def _environment(name: str, entry: Environment) -> Site:
    uids = entry.datasources
    return Site(
        name=name,
        grafana_url=entry.grafana_url,
        runbook_url=entry.runbook_url,
        datasources=Datasources(uids.prometheus, uids.loki, uids.tempo),
        probe_metric=entry.probes.metric,
        probe_label=entry.probes.label,
        select=matchers(entry.select),
        components={key: _deployed(value) for key, value in entry.components.items()},
        objectives=dict(entry.objectives),
    )


def _deployed(entry: DeployedEntry) -> DeployedComponent:
    buckets = {metric: tuple(bounds) for metric, bounds in entry.buckets.items()}
    return DeployedComponent(entry.version, entry.prefix, matchers(entry.select), buckets)
