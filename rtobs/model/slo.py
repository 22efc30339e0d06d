"""The resolved SLO: everything that any output needs, derived once."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from rtobs.conventions import Domain
from rtobs.model.alerting import DroppedTier, Tier, Wishes
from rtobs.model.duration import Duration
from rtobs.model.indicator import Indicator

__all__ = ["Link", "MissingData", "Presence", "ProofSeries", "ResolvedService", "ResolvedSlo"]


class MissingData(StrEnum):
    """What a minute without data means."""

    IGNORE = "ignore"
    GOOD = "good"
    BAD = "bad"


class Presence(StrEnum):
    """Whether a target that vanished is a fault."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Link:
    """A page that helps whoever reads an alert."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class ProofSeries:
    """Series that are good and series that are bad, given by the definition.

    Attributes:
        good: (series with all its labels, value of a gauge or increase a minute of a counter).
        bad: the same for a bad minute.
    """

    good: tuple[tuple[str, Decimal], ...]
    bad: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class ResolvedSlo:
    """One SLO with every default applied and every number exact.

    Attributes:
        slo_id: `<service>-<name>`, unique.
        name: name within the service.
        service: what is measured.
        component: kind of software, a catalogue key.
        domain: domain of the platform.
        owner: team that answers.
        description: what it means to users, one or two sentences.
        rationale: why the objective is what it is; may be empty.
        indicator: what is counted.
        group_by: labels that each have a budget of their own; may be empty.
        objective: target ratio in (0, 1).
        window: rolling time window of the budget.
        tiers: alert tiers that can fire, fastest first.
        dropped_tiers: tiers that cannot, with the reason.
        missing_data: meaning of a minute without data.
        presence: whether a vanished target pages.
        wishes: what its definition wants otherwise than an alert policy, whichever that is.
        verified: whether every metric that it reads was seen on the wire.
        labels: labels added to every alert.
        annotations: annotations added to every alert.
        links: pages for whoever reads an alert.
        proof: series for the proof, where the definition gives them.
        speaks_for_domain: whether it stands for what the users of its domain see.
        source: file that defines it, relative to the working directory, with "/" separators.
        line: line of that file.
    """

    slo_id: str
    name: str
    service: str
    component: str
    domain: Domain
    owner: str
    description: str
    rationale: str
    indicator: Indicator
    group_by: tuple[str, ...]
    objective: Decimal
    window: Duration
    tiers: tuple[Tier, ...]
    dropped_tiers: tuple[DroppedTier, ...]
    missing_data: MissingData
    presence: Presence
    wishes: Wishes = field(default_factory=Wishes)
    verified: bool = True
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    proof: ProofSeries | None = None
    speaks_for_domain: bool = False
    source: str = ""
    line: int = 0

    @property
    def error_budget(self) -> Fraction:
        """Share of events that may be bad: 1 - objective, exact."""
        return 1 - Fraction(self.objective)


@dataclass(frozen=True, slots=True)
class ResolvedService:
    """A service with its SLOs and the cause alerts of its component.

    Attributes:
        name: the service.
        component: catalogue key.
        domain: domain of the platform.
        owner: team that answers.
        select: matchers merged into every selector, as (label, op, value).
        slos: its SLOs in the order of the definition.
        muted_causes: names of cause alerts of the component that this service does not want.
        source: file that defines it.
    """

    name: str
    component: str
    domain: Domain
    owner: str
    select: tuple[tuple[str, str, str], ...]
    slos: tuple[ResolvedSlo, ...]
    muted_causes: tuple[str, ...] = ()
    source: str = ""
