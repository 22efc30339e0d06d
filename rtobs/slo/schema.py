"""The documents of `slo/` as users write them: strict keys, camelCase, exact numbers.

These models check the shape. What a document means, and whether it can work, is decided in
`rtobs.slo.resolve` and `rtobs.slo.checks`. The JSON Schema for editors comes from here.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel

from rtobs.conventions import API_VERSION, Domain, Severity
from rtobs.model.duration import Duration
from rtobs.model.slo import MissingData, Presence
from rtobs.slo.fields import (
    Condition,
    DurationField,
    LabelName,
    LabelText,
    MetricName,
    Name,
    ObjectiveField,
    PercentField,
    SampleValue,
    Select,
    ThresholdField,
    Url,
)

__all__ = ["AlertPolicies", "Definition", "EventsSli", "SiteDocument", "Sli", "SloEntry"]

Version = Literal["rtobs/v1"]
assert API_VERSION == "rtobs/v1"  # noqa: S101  # the literal type cannot name the constant

# What the validators below ask for, said once more for editors.
_ONE_KEY: Final = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
_ONE_FORM: Final = ConfigDict(
    json_schema_extra={
        "allOf": [
            {"oneOf": [{"required": ["metric"]}, {"required": ["total"]}]},
            {
                "oneOf": [
                    {"anyOf": [{"required": ["bad"]}, {"required": ["badMetric"]}]},
                    {"anyOf": [{"required": ["good"]}, {"required": ["goodMetric"]}]},
                ]
            },
        ],
        "if": {"required": ["total"]},
        "then": {"properties": {"bad": {"type": "string"}, "good": {"type": "string"}}},
        "else": {"properties": {"bad": {"type": "object"}, "good": {"type": "object"}}},
    }
)


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        coerce_numbers_to_str=True,  # a version such as 1.10 needs no quotes
    )


class EventsSli(_Strict):
    """Good and bad events, from one counter with matchers or from full expressions."""

    model_config = _ONE_FORM

    metric: MetricName | None = None
    select: Select = Field(default_factory=dict)
    total: str | None = Field(
        default=None, description="PromQL of all events per second with {{window}}."
    )
    bad: Select | str | None = Field(
        default=None, description="Matchers, or PromQL, of the bad events."
    )
    good: Select | str | None = Field(
        default=None, description="Matchers, or PromQL, of the good events."
    )
    bad_metric: MetricName | None = Field(
        default=None, description="Counter of bad events, when apart."
    )
    good_metric: MetricName | None = Field(
        default=None, description="Counter of good events, when apart."
    )

    @model_validator(mode="after")
    def _one_form(self) -> EventsSli:
        if (self.metric is None) == (self.total is None):
            raise ValueError('give exactly one of "metric" and "total"')
        bad = self.bad is not None or self.bad_metric is not None
        good = self.good is not None or self.good_metric is not None
        if bad == good:
            raise ValueError('give exactly one of "bad" and "good"')
        sides = [side for side in (self.bad, self.good) if side is not None]
        if self.total is not None and not all(isinstance(side, str) for side in sides):
            raise ValueError('with "total", "bad" or "good" is an expression with {{window}}')
        if self.metric is not None and any(isinstance(side, str) for side in sides):
            raise ValueError('with "metric", "bad" or "good" is a mapping of matchers')
        return self


class LatencySli(_Strict):
    """Events that were not slower than a bucket of a classic histogram."""

    histogram: MetricName
    threshold: ThresholdField
    select: Select = Field(default_factory=dict)


class TimesliceSli(_Strict):
    """Minutes in which an expression met a condition."""

    expr: str
    good_when: Condition


class ProbeSli(_Strict):
    """Minutes in which the service was seen alive by something that survives its death."""

    model_config = _ONE_KEY

    target: LabelText | None = Field(default=None, description="Value of the site's probe label.")
    up: Select | None = Field(
        default=None, description="Matchers of the `up` series of the service."
    )
    expr: str | None = Field(
        default=None, description="PromQL that is at least 1 while it is alive."
    )

    @model_validator(mode="after")
    def _one_source(self) -> ProbeSli:
        if sum(source is not None for source in (self.target, self.up, self.expr)) != 1:
            raise ValueError('give exactly one of "target", "up" and "expr"')
        return self


class RawSli(_Strict):
    """An error ratio from elsewhere; each minute weighs the same."""

    error_ratio: str = Field(description="PromQL of the error ratio with {{window}}.")


class Sli(_Strict):
    """Exactly one kind of indicator."""

    model_config = _ONE_KEY

    events: EventsSli | None = None
    latency: LatencySli | None = None
    timeslice: TimesliceSli | None = None
    probe: ProbeSli | None = None
    raw: RawSli | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Sli:
        given = [name for name in Sli.model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            kinds = ", ".join(Sli.model_fields)
            raise ValueError(f"give exactly one of {kinds}")
        return self


class Traffic(_Strict):
    """How many bad events, or minutes, must have happened before a tier may fire."""

    min_bad: int | None = Field(default=None, ge=1, le=1_000_000)


class Alerting(_Strict):
    """What differs from the policy for one SLO."""

    policy: str | None = None
    tiers: dict[str, Severity | Literal["off"]] = Field(default_factory=dict)
    labels: dict[LabelName, LabelText] = Field(default_factory=dict)
    annotations: dict[LabelName, str] = Field(default_factory=dict)


class LinkEntry(_Strict):
    """A page for whoever reads the alert."""

    title: str = Field(min_length=1)
    url: Url


class ProofEntry(_Strict):
    """Series that are good and series that are bad, where they cannot be derived.

    The key is a series with all its labels, the value a gauge's value or a counter's increase a
    minute. Needed when an expression reads more than one series.
    """

    good: dict[str, SampleValue] = Field(min_length=1)
    bad: dict[str, SampleValue] = Field(min_length=1)


class SloEntry(_Strict):
    """One SLO of a service."""

    name: Name
    description: str = Field(min_length=10, description="What it means to users.")
    sli: Sli
    objective: ObjectiveField
    reason: str = Field("", description="Why this objective.")
    window: DurationField = Duration(30 * 86_400)
    group_by: list[LabelName] = Field(default_factory=list)
    missing_data: MissingData = MissingData.IGNORE
    presence: Presence = Presence.OPTIONAL
    owner: str | None = None
    traffic: Traffic = Traffic()
    alerting: Alerting = Alerting()
    links: list[LinkEntry] = Field(default_factory=list)
    proof: ProofEntry | None = None
    speaks_for_domain: bool = Field(
        default=False, description="Whether it stands for what the users of its domain see."
    )


class Causes(_Strict):
    """Which cause alerts of the component this service does not want."""

    mute: list[str] = Field(default_factory=list)


class Definition(_Strict):
    """`slo/<domain>/<service>.yaml`: the SLOs of one service."""

    api_version: Version
    kind: Literal["ServiceLevelObjectives"]
    service: Name
    component: Name | None = None
    domain: Domain | None = Field(
        default=None, description="Domain, where it is not that of the component."
    )
    select: Select = Field(default_factory=dict)
    owner: str = Field(min_length=1)
    causes: Causes = Causes()
    slos: list[SloEntry] = Field(min_length=1)


class TierEntry(_Strict):
    """One tier of an alert policy."""

    name: Name
    severity: Severity
    long: DurationField
    short: DurationField
    budget_share: dict[str, PercentField]
    min_bad: int = Field(3, ge=1)
    keep_firing_for: DurationField


class PolicyEntry(_Strict):
    """A named list of tiers, fastest first."""

    tiers: list[TierEntry] = Field(min_length=1)


class AlertPolicies(_Strict):
    """`slo/policy.yaml`."""

    api_version: Version
    kind: Literal["AlertPolicies"]
    default: str
    policies: dict[Name, PolicyEntry]


class DatasourcesEntry(_Strict):
    """Uids of the data sources in Grafana."""

    prometheus: str = "prometheus"
    loki: str = "loki"
    tempo: str = "tempo"


class ProbesEntry(_Strict):
    """How a prober names what it probes."""

    metric: MetricName = "probe_success"
    label: LabelName = "probe"


class DeployedEntry(_Strict):
    """How a component is deployed here."""

    version: str = ""
    prefix: str = Field("", pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$|^$")
    select: Select = Field(default_factory=dict)
    buckets: dict[MetricName, list[LabelText]] = Field(default_factory=dict)


class Environment(_Strict):
    """One environment."""

    grafana_url: str = Field("", pattern=r"^(https?://[^\s]+[^/\s])?$")
    runbook_url: str = "docs/runbooks"
    datasources: DatasourcesEntry = DatasourcesEntry()
    probes: ProbesEntry = ProbesEntry()
    select: Select = Field(default_factory=dict)
    components: dict[Name, DeployedEntry] = Field(default_factory=dict)
    objectives: dict[Name, ObjectiveField] = Field(default_factory=dict)


class SiteDocument(_Strict):
    """`slo/site.yaml`: the environments that the same definitions are generated for."""

    api_version: Version
    kind: Literal["Site"]
    default: Name
    environments: dict[Name, Environment]

    @model_validator(mode="after")
    def _default_exists(self) -> SiteDocument:
        if self.default not in self.environments:
            raise ValueError(f'the default environment "{self.default}" is not defined')
        return self


def json_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a document, for editors."""
    schema = kind.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    _close(schema)
    return schema


def _close(schema: object) -> None:
    """Refuse keys of mappings that fit no pattern; the models do, the derived schema does not."""
    if isinstance(schema, dict):
        if "patternProperties" in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            _close(part)
    elif isinstance(schema, list):
        for part in schema:
            _close(part)
