"""OTLP data points as the series that Prometheus's OTLP receiver makes of them.

The strategy is `UnderscoreEscapingWithSuffixes`, the receiver's default. The tests of rtobs compare
this with real receivers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rtobs import conventions
from rtobs.telemetry.otlp_values import Point

__all__ = ["Series", "metric_name", "plain_number", "series_of"]

_NOT_ALLOWED: Final = re.compile(r"[^a-zA-Z0-9_:]+")
_NOT_IN_LABELS: Final = re.compile(r"[^a-zA-Z0-9_]")
_ANNOTATION: Final = re.compile(r"\{[^}]*\}")
_UNNAMED: Final = "unknown_service"
_UNITS: Final[Mapping[str, str]] = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
    "us": "microseconds", "ns": "nanoseconds",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tibibytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams",
    "Cel": "celsius", "Hz": "hertz", "%": "percent", "1": "",
}  # fmt: skip
_PER: Final[Mapping[str, str]] = {
    "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """One series.

    Attributes:
        name: metric name.
        labels: by name, sorted.
        counts: whether it is cumulative: of a counter or a histogram.
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    counts: bool


def series_of(points: Iterable[Point], service: str) -> dict[Series, float]:
    """The series of data points and their values; points of the same series are added up.

    Args:
        points: as they were captured or received.
        service: `<namespace>/<name>`, the `job` of points whose process has no `service.name`.
    """
    found: dict[Series, float] = {}
    for point in points:
        labels = {_label(key): _text(value) for key, value in point.attributes.items()}
        labels["job"] = _job(point.resource) or service
        labels["instance"] = str(point.resource.get(conventions.SERVICE_INSTANCE_ID, "1"))
        for name, more, value in _parts(point):
            ordered = tuple(sorted({**labels, **more}.items()))
            counts = point.type == "histogram" or (point.type == "sum" and point.monotonic)
            series = Series(name, ordered, counts)
            found[series] = found.get(series, 0.0) + value
    return found


def metric_name(point: Point) -> str:
    """Family name of a data point."""
    unit, _, per = _ANNOTATION.sub("", point.unit).partition("/")
    words = [_UNITS.get(unit, unit), f"per_{_PER.get(per, per)}" if per else ""]
    if point.type == "gauge" and point.unit == "1":
        words.append("ratio")
    if point.type == "sum" and point.monotonic:
        words.append("total")
    name = _NOT_ALLOWED.sub("_", point.metric).strip("_")
    parts = name.split("_")
    return "_".join([name, *(word for word in words if word and word not in parts)])


def plain_number(number: float) -> str:
    """The shortest digits of a number, never with an exponent."""
    return format(Decimal(repr(float(number))).normalize(), "f")


def _parts(point: Point) -> Iterator[tuple[str, Mapping[str, str], float]]:
    name = metric_name(point)
    if point.type != "histogram":
        yield name, {}, point.value
        return
    yield f"{name}_sum", {}, point.value
    yield f"{name}_count", {}, point.count
    below = 0
    for bound, count in zip(point.bounds, point.buckets, strict=False):  # the last has no bound
        below += count
        yield f"{name}_bucket", {"le": plain_number(bound)}, below
    yield f"{name}_bucket", {"le": "+Inf"}, point.count


def _job(resource: Mapping[str, object]) -> str:
    """`job` as the receiver makes it; "" where the process was given no name."""
    name = str(resource.get(conventions.SERVICE_NAME, _UNNAMED))
    namespace = resource.get(conventions.SERVICE_NAMESPACE)
    if name.startswith(_UNNAMED):
        return ""
    return f"{namespace}/{name}" if namespace else name


def _label(key: str) -> str:
    return _NOT_IN_LABELS.sub("_", key)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return plain_number(value) if isinstance(value, float) else str(value)
