"""Raw series of a proof as values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rtobs.model.selector import Matcher, Selector
from rtobs.promql.text import selector_text

__all__ = ["BUSY", "Flow", "Group"]

BUSY: Final = 60_000  # events a minute behind a ratio, in whose story a minute is one


@dataclass(frozen=True, slots=True)
class Flow:
    """One raw series.

    Attributes:
        metric: its name.
        labels: all its labels.
        good: increase for each good event, or the gauge's value in a good minute.
        bad: the same for bad.
        role: "bad" or "good" for a series that exists only once such an event happened,
            "threshold" for the bucket of a latency threshold, "alien" for a series that the SLO
            must not read and that never vanishes, "base" for all others.
        counter: whether it counts up; otherwise it is a gauge.
    """

    metric: str
    labels: tuple[tuple[str, str], ...]
    good: Fraction
    bad: Fraction
    role: str = "base"
    counter: bool = True

    @property
    def series(self) -> str:
        """The series in PromQL notation."""
        matchers = tuple(Matcher(name, "=", value) for name, value in self.labels)
        return selector_text(Selector(self.metric, matchers))


@dataclass(frozen=True, slots=True)
class Group:
    """One group of an SLO: its labels and its raw series.

    Attributes:
        labels: the values of `groupBy`, empty without groups.
        flows: every raw series of the group.
        memory: minutes that the indicator looks back by itself; a change shows up to so late.
    """

    labels: tuple[tuple[str, str], ...]
    flows: tuple[Flow, ...]
    memory: int = 0
