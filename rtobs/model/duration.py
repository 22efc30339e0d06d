"""Durations as Prometheus writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Final

__all__ = ["Duration"]

_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN: Final = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@total_ordering
@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number of seconds with one canonical spelling.

    Attributes:
        seconds: length, at least 0.
    """

    seconds: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read "30d", "1h30m" or "90s".

        Raises:
            ValueError: the text is no such duration, or it is zero.
        """
        match = _PATTERN.fullmatch(text)
        if match is None or not text:
            raise ValueError(f'"{text}" is no duration such as 30d, 6h or 1h30m')
        counts = [int(group or 0) for group in match.groups()]
        seconds = sum(count * size for count, size in zip(counts, _UNITS.values(), strict=True))
        if seconds == 0:
            raise ValueError("a duration must be longer than zero")
        return cls(seconds)

    def __str__(self) -> str:
        """The largest single unit that divides the length, else a sum of units."""
        for unit in ("d", "h", "m", "s"):
            if self.seconds % _UNITS[unit] == 0:
                return f"{self.seconds // _UNITS[unit]}{unit}"
        raise AssertionError("unreachable: every length is a whole number of seconds")

    def __lt__(self, other: Duration) -> bool:
        return self.seconds < other.seconds

    @property
    def minutes(self) -> int:
        """Whole minutes."""
        return self.seconds // 60

    @property
    def days(self) -> float:
        """Length in days."""
        return self.seconds / _UNITS["d"]

    def words(self) -> str:
        """For people: "30 days", "6 hours", "1 minute"."""
        names = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
        text = str(self)
        count = int(text[:-1])
        return f"{count} {names[text[-1]]}{'' if count == 1 else 's'}"
