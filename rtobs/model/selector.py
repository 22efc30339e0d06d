"""A metric name with label matchers, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["MatchOp", "Matcher", "Selector"]

MatchOp = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label condition; the value is plain text, quoted only by `rtobs.promql`."""

    label: str
    op: MatchOp
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric and the conditions on its labels, in the order in which they are written."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def where(self, *matchers: Matcher) -> Selector:
        """The same metric with more conditions; none is repeated."""
        added = tuple(matcher for matcher in matchers if matcher not in self.matchers)
        return Selector(self.metric, self.matchers + added)
