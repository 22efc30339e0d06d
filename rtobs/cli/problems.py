"""Problems for people, for programs, and for GitLab's code quality report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

from rtobs.problems import Level, Problem

__all__ = ["FORMATS", "problems_text", "show_problems", "summary"]

FORMATS: Final = ("text", "json", "gitlab")
_SEVERITY: Final = {Level.ERROR: "major", Level.WARNING: "minor", Level.INFO: "info"}


def show_problems(problems: Iterable[Problem], stream: TextIO) -> None:
    """Write problems for people, and how many there are."""
    found = sorted(problems, key=lambda problem: problem.sort_key)
    if found:
        print(problems_text(found, "text"), file=stream)
        print(f"\n{summary(found)}", file=stream)


def problems_text(problems: Sequence[Problem], form: str) -> str:
    """Problems in one of the formats."""
    if form == "json":
        return json.dumps([_plain(problem) for problem in problems], indent=2)
    if form == "gitlab":
        return json.dumps([_gitlab(problem) for problem in problems], indent=2)
    return "\n".join(str(problem) for problem in problems)


def summary(problems: Sequence[Problem]) -> str:
    """How many problems of each level there are: "2 errors, 1 warning"."""
    counts = {level: sum(p.level is level for p in problems) for level in Level}
    words = [f"{n} {level}{'' if n == 1 else 's'}" for level, n in counts.items() if n]
    return ", ".join(words) or "no problems"


def _plain(problem: Problem) -> dict[str, object]:
    place = problem.location
    return {
        "id": problem.id,
        "level": str(problem.level),
        "message": problem.message,
        "hint": problem.hint,
        "file": place.file,
        "line": place.line,
        "column": place.column,
    }


def _gitlab(problem: Problem) -> dict[str, object]:
    """An entry of the report; its fingerprint leaves the line out, so it survives moved text."""
    identity = f"{problem.id}\n{problem.location.file}\n{problem.message}"
    hint = f" ({problem.hint})" if problem.hint else ""
    return {
        "description": f"{problem.message}{hint}",
        "check_name": problem.id,
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
        "severity": _SEVERITY[problem.level],
        "location": {
            "path": problem.location.file,
            "lines": {"begin": max(problem.location.line, 1)},
        },
    }
