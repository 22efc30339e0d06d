"""Findings as values: what is wrong, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Level", "Location", "Problem", "has_errors"]


class Level(StrEnum):
    """How much a problem matters; only errors make a command fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file.

    Attributes:
        file: path as the user would type it.
        line: 1-based line, 0 when the file as a whole is meant.
        column: 1-based column, 0 when the line as a whole is meant.
        excerpt: the text of that line, for the message; empty when unknown.
        width: how many characters the finding spans, at least 1.
    """

    file: str
    line: int = 0
    column: int = 0
    excerpt: str = ""
    width: int = 1

    def __str__(self) -> str:
        parts = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Attributes:
        id: kebab-case name of the check, also the name of its reference page.
        message: what was found, lower case, no final stop, user values in double quotes.
        location: where.
        level: error, warning or info.
        hint: what to do, empty when there is nothing useful to say.
    """

    id: str
    message: str
    location: Location
    level: Level = Level.ERROR
    hint: str = ""

    def __str__(self) -> str:
        lines = [f"{self.location}: {self.level}[{self.id}]: {self.message}"]
        if self.location.excerpt:
            caret = " " * max(self.location.column - 1, 0) + "^" * max(self.location.width, 1)
            lines += [f"   | {self.location.excerpt}", f"   | {caret}"]
        if self.hint:
            lines.append(f"   hint: {self.hint}")
        return "\n".join(lines)

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order of reports: by file, then by place, then by check."""
        return (
            self.location.file,
            self.location.line,
            self.location.column,
            self.id,
            self.message,
        )


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of the problems makes a command fail."""
    return any(problem.level is Level.ERROR for problem in problems)
