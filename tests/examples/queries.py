"""What the definitions in slo/ would find in received metrics, by their Prometheus names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from rtobs.testing import Point

ROOT = Path(__file__).parents[2]
_SUFFIX = {"s": "_seconds"}


def sli_of(path: str, name: str) -> dict[str, Any]:
    """The `sli` of one SLO of a definition below slo/."""
    text = (ROOT / "slo" / path).read_text(encoding="utf-8")
    found: dict[str, Any] = next(
        slo["sli"] for slo in yaml.safe_load(text)["slos"] if slo["name"] == name
    )
    return found


def last(points: Iterable[Point]) -> list[Point]:
    """The newest point of each series."""
    series = {
        (point.metric, str(point.resource), str(sorted(point.attributes.items()))): point
        for point in points
    }
    return list(series.values())


def count(points: Iterable[Point], metric: str, *selections: Mapping[str, str]) -> float:
    """The sum of a counter, or of the count of a histogram, over what all selections match."""
    matchers = [pair for selection in selections for pair in selection.items()]
    return sum(
        point.count if point.type == "histogram" else point.value
        for point in points
        if _name(point) == metric and all(_matches(point, *pair) for pair in matchers)
    )


def events(points: Iterable[Point], sli: Mapping[str, Any]) -> tuple[float, float]:
    """Total and bad events of an `events` SLI that names a metric."""
    spec = sli["events"]
    known = list(points)
    select = spec.get("select", {})
    total = count(known, spec["metric"], select)
    if "bad" in spec:
        return total, count(known, spec["metric"], select, spec["bad"])
    return total, total - count(known, spec["metric"], select, spec["good"])


def within(points: Iterable[Point], sli: Mapping[str, Any], bound: float) -> tuple[float, float]:
    """Total and slow events of a `latency` SLI whose threshold is `bound`, an exact bucket."""
    spec = sli["latency"]
    total = fast = 0
    for point in points:
        chosen = all(_matches(point, *pair) for pair in spec.get("select", {}).items())
        if chosen and _name(point) == f"{spec['histogram']}_count":
            total += point.count
            fast += sum(point.buckets[: point.bounds.index(bound) + 1])
    return total, total - fast


def _name(point: Point) -> str:
    kind = {"sum": "_total", "histogram": "_count"}.get(point.type, "")
    return point.metric.replace(".", "_") + _SUFFIX.get(point.unit, "") + kind


def _matches(point: Point, label: str, wanted: str) -> bool:
    labels = {key.replace(".", "_"): str(value) for key, value in point.attributes.items()}
    value = labels.get(label, "")
    operator, text = re.match(r"(=~|!~|!=|)(.*)", str(wanted)).groups()  # type: ignore[union-attr]  # it matches everything
    alike = re.fullmatch(text, value) is not None if "~" in operator else value == text
    return alike != operator.startswith("!")
