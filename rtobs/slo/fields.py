"""The values of the documents: what users write becomes an exact value, or a clear refusal."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from rtobs.model.duration import Duration

__all__ = [
    "Condition",
    "DurationField",
    "LabelName",
    "LabelText",
    "MetricName",
    "Name",
    "ObjectiveField",
    "PercentField",
    "SampleValue",
    "Select",
    "Threshold",
    "ThresholdField",
    "Url",
]

NAME_PATTERN: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LABEL_PATTERN: Final = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
METRIC_PATTERN: Final = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"
CONDITION_PATTERN: Final = r"^(<=|<|>=|>) *-?[0-9]{1,15}(\.[0-9]{1,9})?$"
URL_PATTERN: Final = r"^https?://[^\s]+$"


# Few digits: nobody promises more, and exact arithmetic on millions of them takes hours.
_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")


def _duration(value: object) -> Duration:
    if isinstance(value, Duration):
        return value
    if not isinstance(value, str):
        raise ValueError(f'"{value}" is no duration; hint: write a unit, such as 30d, 6h or 5m')  # noqa: TRY004
    return Duration.parse(value)


def _percent(value: object) -> Fraction:
    """Read "99.9%" or "0.2 %"; a bare number is refused because 0.99 and 99 are both plausible."""
    if isinstance(value, Fraction):
        return value
    text = str(value).strip()
    number = text.removesuffix("%").strip()
    if _PERCENT.fullmatch(number) is None:
        raise ValueError(f'"{text}" is no percentage; hint: write it as 99.9%')
    if not text.endswith("%"):
        raise ValueError(f'"{text}" has no percent sign; hint: write 99.9%, not 0.999 or 99.9')
    return Fraction(Decimal(number)) / 100


def _objective(value: object) -> Decimal:
    ratio = _percent(value)
    if ratio >= 1:
        raise ValueError(
            f'an objective of "{value}" leaves no error budget; hint: it must be below 100%'
        )
    if ratio <= 0:
        raise ValueError(
            f'an objective of "{value}" is met by everything; hint: it must be above 0%'
        )
    return Decimal(ratio.numerator) / Decimal(ratio.denominator)


_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_THRESHOLD: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(ms|s|m|h)?")


class Threshold(BaseModel):
    """A bound of a histogram: a number in the histogram's unit, or a time with a unit."""

    model_config = ConfigDict(frozen=True)

    text: str
    number: Decimal
    is_time: bool


def _threshold(value: object) -> Threshold:
    if isinstance(value, Threshold):
        return value
    match = _THRESHOLD.fullmatch(str(value))
    if match is None:
        raise ValueError(f'"{value}" is no threshold; hint: write 500ms, 1s, or a plain number')
    number, unit = match.groups()
    scale = _SECONDS[unit] if unit else Decimal(1)
    return Threshold(text=str(value), number=Decimal(number) * scale, is_time=unit is not None)


def _text_schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


_PERCENT_SCHEMA = _text_schema(r"^[0-9]+(\.[0-9]+)? ?%$", "99.9%")
_OBJECTIVE_SCHEMA = _text_schema(r"^(?!0+(\.0+)? ?%)[0-9]{1,2}(\.[0-9]+)? ?%$", "99.9%")
DurationField = Annotated[
    Duration,
    BeforeValidator(_duration),
    PlainSerializer(str),
    _text_schema(
        r"^(?=[0-9])([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "30d", "5m", "1h30m"
    ),
]
PercentField = Annotated[Fraction, BeforeValidator(_percent), PlainSerializer(str), _PERCENT_SCHEMA]
ObjectiveField = Annotated[Decimal, BeforeValidator(_objective), _OBJECTIVE_SCHEMA]
ThresholdField = Annotated[
    Threshold,
    BeforeValidator(_threshold),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)?$"},
                {"type": "number", "exclusiveMinimum": 0},
            ],
            "examples": ["500ms", "1s"],
        }
    ),
]


def _label_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    raise ValueError("a label value must be text")


LabelText = Annotated[
    str,
    BeforeValidator(_label_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]


def _matching(pattern: str, what: str, advice: str) -> AfterValidator:
    """Text of one form, refused in words that say what the form is for."""
    compiled = re.compile(pattern)

    def validate(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f'"{text[:60]}" is no {what}; hint: {advice}')
        return text

    return AfterValidator(validate)


Name = Annotated[
    str,
    Field(max_length=63),
    _matching(NAME_PATTERN, "name", "use small letters, digits and single hyphens: chat-api"),
    WithJsonSchema({"type": "string", "pattern": NAME_PATTERN, "maxLength": 63}),
]
LabelName = Annotated[
    str,
    _matching(LABEL_PATTERN, "name of a label", "use letters, digits and underscores"),
    WithJsonSchema({"type": "string", "pattern": LABEL_PATTERN}),
]
MetricName = Annotated[
    str,
    _matching(METRIC_PATTERN, "name of a metric", "write the name alone, conditions go to select"),
    WithJsonSchema({"type": "string", "pattern": METRIC_PATTERN}),
]
Condition = Annotated[
    str,
    _matching(CONDITION_PATTERN, "condition", "compare with a number: <= 0.95"),
    WithJsonSchema({"type": "string", "pattern": CONDITION_PATTERN, "examples": ["<= 0.95"]}),
]
Url = Annotated[
    str,
    _matching(URL_PATTERN, "web address", "write it with https:// or http://"),
    WithJsonSchema({"type": "string", "pattern": URL_PATTERN}),
]
SampleValue = Annotated[Decimal, Field(max_digits=20, decimal_places=9)]
# A value may begin with an operator (`=~`, `!=`, `!~`); without one it is compared as plain text.
Select = dict[LabelName, LabelText]
