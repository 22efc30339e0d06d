"""An hour of healthy work and then a fault, as promtool's input series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rtobs.contract.translation import Series, plain_number
from rtobs.promql.text import quote

__all__ = ["Story"]


@dataclass(frozen=True, slots=True)
class Story:
    """Work that repeats every minute, first one kind and then another.

    Attributes:
        before: what the work of one minute adds to each series, or a gauge's value.
        minutes_before: minutes of that work.
        after: the same for the work that follows.
        minutes_after: minutes of that.
    """

    before: Mapping[Series, float]
    minutes_before: int
    after: Mapping[Series, float]
    minutes_after: int

    @property
    def end(self) -> int:
        """Seconds from the first sample to the last."""
        return 60 * (self.minutes_before + self.minutes_after)

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Series and values, sorted, one sample a minute from minute 0 on."""
        every = sorted({*self.before, *self.after}, key=lambda one: (one.name, one.labels))
        return tuple((_written(series), self._values(series)) for series in every)

    def _values(self, series: Series) -> str:
        if not series.counts:
            parts = [
                _flat(self.before.get(series), self.minutes_before + 1),
                _flat(self.after.get(series), self.minutes_after),
            ]
            return " ".join(parts)
        step, level = self.before.get(series), 0.0
        if step is None:  # nobody made it start at 0, so it begins with its first event
            first = f"_x{self.minutes_before + 1}"
        else:
            first = f"0+{plain_number(step)}x{self.minutes_before}"
            level = step * self.minutes_before
        later = self.after.get(series, 0.0)
        rise = plain_number(later)
        return f"{first} {plain_number(level + later)}+{rise}x{self.minutes_after - 1}"


def _flat(value: float | None, count: int) -> str:
    return f"_x{count}" if value is None else f"{plain_number(value)}x{count - 1}"


def _written(series: Series) -> str:
    labels = ",".join(f"{name}={quote(value)}" for name, value in series.labels if value)
    return f"{series.name}{{{labels}}}"
