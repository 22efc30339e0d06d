"""A definition becomes resolved SLOs: defaults applied, matchers merged, numbers exact.

The checks have passed before, so nothing here looks for mistakes: what is asked of the catalogue is
there.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from rtobs.catalogue.facts import Component
from rtobs.conventions import Domain
from rtobs.model.alerting import Wishes
from rtobs.model.indicator import is_sliced
from rtobs.model.slo import (
    Link,
    MissingData,
    Presence,
    ProofSeries,
    ResolvedService,
    ResolvedSlo,
)
from rtobs.slo.indicators import resolve_indicator
from rtobs.slo.reading import Setting, Source
from rtobs.slo.schema import Definition, SloEntry
from rtobs.slo.scope import Scope, scope_of
from rtobs.slo.tiers import tiers_of

__all__ = ["component_of", "domain_of", "resolve", "slo_id_of"]


def slo_id_of(definition: Definition, entry: SloEntry) -> str:
    """Identity of an SLO."""
    return f"{definition.service}-{entry.name}"


def component_of(definition: Definition, setting: Setting) -> Component | None:
    """The component of a definition, the one of the service's name when it names none."""
    return setting.catalogue.component(definition.component or definition.service)


def domain_of(definition: Definition, component: Component) -> Domain | None:
    """The domain that the definition gives, else that of its component."""
    return definition.domain or component.domain


def resolve(source: Source, setting: Setting) -> ResolvedService:
    """The service of one definition file.

    Args:
        source: a definition that the checks found no error in.
        setting: what it is resolved with.
    """
    definition = source.definition
    component = component_of(definition, setting)
    domain = domain_of(definition, component) if component else None
    if component is None or domain is None:
        raise ValueError(f"{source.path} was not checked")
    scope = scope_of(definition, component, setting)
    slos = tuple(
        _slo(source, index, entry, domain, setting, scope)
        for index, entry in enumerate(definition.slos)
    )
    return ResolvedService(
        definition.service,
        component.key,
        domain,
        definition.owner,
        tuple((m.label, m.op, m.value) for m in scope.select),
        slos,
        tuple(definition.causes.mute),
        source.path,
    )


def _slo(
    source: Source, index: int, entry: SloEntry, domain: Domain, setting: Setting, scope: Scope
) -> ResolvedSlo:
    definition = source.definition
    slo_id = slo_id_of(definition, entry)
    indicator, verified = resolve_indicator(entry, scope)
    objective = setting.site.objectives.get(slo_id, entry.objective)
    policy = setting.policies[entry.alerting.policy or setting.default_policy]
    wishes = Wishes(entry.alerting.tiers, entry.traffic.min_bad, verified)
    budget = Decimal(1) - objective
    tiers, dropped = tiers_of(policy, entry.window, Fraction(budget), indicator, wishes)
    return ResolvedSlo(
        slo_id=slo_id,
        name=entry.name,
        service=definition.service,
        component=scope.component.key,
        domain=domain,
        owner=entry.owner or definition.owner,
        description=" ".join(entry.description.split()),
        rationale=" ".join(entry.reason.split()),
        indicator=indicator,
        group_by=tuple(entry.group_by),
        objective=objective,
        window=entry.window,
        tiers=tiers,
        dropped_tiers=dropped,
        missing_data=_missing_data(entry, sliced=is_sliced(indicator)),
        presence=entry.presence,
        wishes=wishes,
        verified=verified,
        labels=tuple(entry.alerting.labels.items()),
        annotations=tuple(entry.alerting.annotations.items()),
        links=tuple(Link(link.title, link.url) for link in entry.links),
        proof=_proof(entry),
        speaks_for_domain=entry.speaks_for_domain,
        source=source.path,
        line=source.document.locate(("slos", index)).line,
    )


def _missing_data(entry: SloEntry, *, sliced: bool) -> MissingData:
    """What the definition says; else a required target that is not seen is bad."""
    unsaid = "missing_data" not in entry.model_fields_set
    if unsaid and sliced and entry.presence is Presence.REQUIRED:
        return MissingData.BAD
    return entry.missing_data


def _proof(entry: SloEntry) -> ProofSeries | None:
    if entry.proof is None:
        return None
    good, bad = (
        tuple((series, Decimal(value)) for series, value in side.items())
        for side in (entry.proof.good, entry.proof.bad)
    )
    return ProofSeries(good, bad)
