"""How the rules of one SLO read what they record.

Every read names the SLO and is aggregated to exactly the SLO's groups. So both sides of every
operator carry the same labels, nothing is joined, and a static label that was renamed (an owner, a
component) neither breaks a window nor doubles a series.
"""

from __future__ import annotations

from dataclasses import dataclass

from rtobs import conventions as names
from rtobs.model.duration import Duration
from rtobs.model.selector import Matcher, Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import aggregate, rate, selector_text

__all__ = ["Reads"]


@dataclass(frozen=True, slots=True)
class Reads:
    """Expressions over the series of one SLO."""

    slo: ResolvedSlo

    def series(self, name: str, window: str = "") -> str:
        """The recorded series of this SLO, whatever its other labels."""
        return selector_text(Selector(name, (Matcher(names.SLO_ID, "=", self.slo.slo_id),)), window)

    def now(self, name: str) -> str:
        """The newest value of each group."""
        return aggregate("max", self.slo.group_by, self.series(name))

    def over(self, name: str, window: str, function: str = "sum_over_time") -> str:
        """What `function` makes of each group's samples within `window`, labels of old included."""
        return aggregate("sum", self.slo.group_by, f"{function}({self.series(name, window)})")

    def was_there(self, name: str, ago: Duration) -> str:
        """Groups that had a sample within the hour that ended `ago`."""
        past = f"last_over_time({self.series(name, '1h')} offset {ago})"
        return aggregate("max", self.slo.group_by, past)

    def raw_rate(self, selector: Selector, window: str) -> str:
        """Events a second of a raw counter, for groups that have a name."""
        return rate(self.slo.group_by, self.grouped(selector), window)

    def raw_count(self, selector: Selector) -> str:
        """How many series of a raw metric each group has."""
        text = selector_text(self.grouped(selector))
        return aggregate("count", self.slo.group_by, text)

    def grouped(self, selector: Selector) -> Selector:
        """Without series that lack a group's label: they would be a group without a name."""
        return selector.where(*(Matcher(label, "!=", "") for label in self.slo.group_by))
