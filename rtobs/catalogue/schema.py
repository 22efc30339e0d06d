"""The document of a component as people write it: strict keys, camelCase, defaults that fit.

One kind of document serves twice: `rtobs/catalogue/data/<component>.yaml` describes a component,
`slo/catalogue/*.yaml` adds one of the site's own or changes a packaged one. These models check the
shape of one file; whether the whole can work is decided in `rtobs.catalogue.checks`.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from rtobs.catalogue.facts import Aggregation, Better, MetricType
from rtobs.catalogue.le import bound
from rtobs.conventions import API_VERSION, Domain, Severity
from rtobs.model.duration import Duration
from rtobs.promql.expression import parse

__all__ = [
    "CauseEntry",
    "ComponentDocument",
    "MetricEntry",
    "ProofSeriesEntry",
    "ScrapeEntry",
    "UnusableEntry",
]

Version = Literal["rtobs/v1"]
assert API_VERSION == "rtobs/v1"  # noqa: S101  # the literal type cannot name the constant

FREE: Final = "free"


def _text(value: object) -> str:
    """A label value or a bucket bound; a number keeps the digits that were written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str | int):
        return str(value)
    raise ValueError("must be text or a number")


def _bound(value: object) -> str:
    text = _text(value)
    try:
        number = bound(text)
    except InvalidOperation:
        raise ValueError(f'"{text}" is no number') from None
    if not number.is_finite():
        raise ValueError(f'"{text}" is no bound; hint: every histogram has +Inf, leave it out')
    return text


def _values(value: object) -> object:
    return () if value == FREE else value


def _duration(value: object) -> Duration:
    return value if isinstance(value, Duration) else Duration.parse(str(value))


def _promql(value: str) -> str:
    parse(value)
    return value


LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
MetricName = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
AlertName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
Sentence = Annotated[str, Field(min_length=10)]
_AnyText = Annotated[
    str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
BoundText = Annotated[str, BeforeValidator(_bound), WithJsonSchema({"type": ["string", "number"]})]
LabelValues = Annotated[
    tuple[_AnyText, ...],
    BeforeValidator(_values),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": FREE},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": ["string", "number", "boolean"]},
                },
            ]
        }
    ),
]
DurationField = Annotated[
    Duration,
    BeforeValidator(_duration),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+[wdhms])+$", "examples": ["5m"]}),
]


PromQL = Annotated[str, AfterValidator(_promql)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        arbitrary_types_allowed=True,
        coerce_numbers_to_str=True,  # a version such as 1.10 needs no quotes
    )


class ScrapeEntry(_Strict):
    """Where the metrics are and how to switch them on."""

    port: int | None = Field(default=None, ge=1, le=65_535)
    path: str = "/metrics"
    enable: str = ""


class MetricEntry(_Strict):
    """One metric family; its name is the key."""

    type: MetricType
    unit: str = Field(min_length=1, examples=["seconds", "bytes", "requests", "ratio", "bool"])
    meaning: Sentence
    labels: dict[LabelName, LabelValues] = Field(default_factory=dict)
    labels_when: dict[LabelName, Sentence] = Field(
        default_factory=dict, description="Versions or settings with which a label is there."
    )
    aggregation: Aggregation | None = Field(
        None, description="Default: sum for counters, histograms and summaries, else max."
    )
    better: Better = Better.NEITHER
    good: str = ""
    buckets: tuple[BoundText, ...] = ()
    since: str = ""
    until: str = ""
    renamed_from: tuple[MetricName, ...] = ()
    enable: str = ""
    verified: bool = True

    @model_validator(mode="after")
    def _labels_exist(self) -> MetricEntry:
        strange = sorted(self.labels_when.keys() - self.labels.keys())
        if strange:
            raise ValueError(f'labelsWhen names "{strange[0]}", which is none of the labels')
        return self

    @model_validator(mode="after")
    def _buckets_fit(self) -> MetricEntry:
        if self.buckets and self.type is not MetricType.HISTOGRAM:
            raise ValueError("only a histogram has buckets")
        numbers = [bound(text) for text in self.buckets]
        if any(low >= high for low, high in pairwise(numbers)):
            raise ValueError("the buckets do not ascend")
        return self


ProofSeriesEntry = dict[str, str]


class ProofEntry(_Strict):
    """Series with one sample a minute in promtool's notation; the key is the series."""

    fires: ProofSeriesEntry = Field(min_length=1)
    silent: ProofSeriesEntry = Field(min_length=1)
    after: DurationField = Field(description="When to look, counted from the first sample.")
    labels: dict[LabelName, str] = Field(default_factory=dict)


class CauseEntry(_Strict):
    """A known cause of trouble that has an action."""

    name: AlertName
    expr: PromQL
    hold: DurationField = Field(alias="for")
    severity: Severity
    summary: Sentence
    impact: Sentence
    action: Sentence
    blinds: bool = Field(
        default=False, description="Whether it harms what is known, not what users get."
    )
    proof: ProofEntry


class UnusableEntry(_Strict):
    """A published alert that cannot work, and why."""

    name: str = Field(min_length=1)
    expr: str = Field(min_length=1)
    reason: Sentence


class ComponentDocument(_Strict):
    """One component, or what a site adds to one.

    What a new component must say and a change need not is optional here.
    """

    api_version: Version
    kind: Literal["Component"]
    component: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)
    domain: Domain | None = None
    title: str | None = Field(None, min_length=1)
    version: str = ""
    source: str = ""
    scrape: ScrapeEntry = ScrapeEntry()
    notes: tuple[Sentence, ...] = ()
    metrics: dict[MetricName, MetricEntry] = Field(default_factory=dict)
    causes: tuple[CauseEntry, ...] = ()
    unusable: tuple[UnusableEntry, ...] = ()

    def names(self, field: str) -> bool:
        """Whether the document itself gives a field."""
        return field in self.model_fields_set
