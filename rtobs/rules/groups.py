"""Rule groups as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Alert", "Recording", "Rule", "RuleGroup"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    record: str
    expr: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule; `hold` is Prometheus's `for`, "" for none."""

    alert: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    hold: str = ""
    keep_firing_for: str = ""


Rule = Recording | Alert


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that one Prometheus evaluates in order at one interval."""

    name: str
    interval: str
    rules: tuple[Rule, ...] = field(default_factory=tuple)
