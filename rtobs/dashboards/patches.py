"""Users' jsonnet that changes dashboards: which file changes what, and where it is wrong."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from rtobs.problems import Location, Problem

__all__ = ["SUFFIX", "by_uid", "finding", "problem", "unused"]

SUFFIX: Final = ".libsonnet"
_CHECK: Final = "dashboard-patch"
_HINT: Final = (
    "a patch is an object that is added to the board, or a function from board to board; a board"
    " has dashboard, panels and sizes by key, and rows"
)
_KIND: Final = re.compile(r"^(?:STATIC|RUNTIME) ERROR: ")


def by_uid(patches: Mapping[str, str], uids: Iterable[str]) -> dict[str, str]:
    """The path of each dashboard's patch, for those that have one."""
    known = set(uids)
    stems = {posixpath.basename(path).removesuffix(SUFFIX): path for path in sorted(patches)}
    return {uid: path for uid, path in stems.items() if uid in known}


def unused(patches: Mapping[str, str], uids: Iterable[str]) -> list[Problem]:
    """Files that change no dashboard and that no other file names: most likely a wrong name."""
    known = sorted(uids)
    found = []
    for path in sorted(patches):
        name = posixpath.basename(path)
        stem = name.removesuffix(SUFFIX)
        if stem in known or any(name in text for text in patches.values()):
            continue
        nearest = get_close_matches(stem, known, n=1)
        hint = f'did you mean "{nearest[0]}{SUFFIX}"?' if nearest else ""
        hint = hint or f"the dashboards are: {', '.join(known)}"
        message = f'no dashboard has the uid "{stem}", and no other patch imports the file'
        found.append(Problem(_CHECK, message, Location(path), hint=hint))
    return found


def problem(message: str, patches: Mapping[str, str]) -> Problem:
    """What the evaluator said, at the first place in a user's file that it names."""
    location = Location(_folder(patches))
    for path, text in sorted(patches.items()):
        place = re.search(rf"(?<![^\s(]){re.escape(path)}:\(?(\d+):(\d+)", message)
        if place is not None:
            location = _location(path, text, int(place[1]), int(place[2]))
            break
    first = _KIND.sub("", message.strip().splitlines()[0])
    said = re.sub(rf"^{re.escape(location.file)}:[^ ]+: ", "", first)
    return Problem(_CHECK, said or "it cannot be evaluated", location, hint=_HINT)


def finding(message: str, path: str) -> Problem:
    """What is wrong with the dashboard that a patch made."""
    return Problem(_CHECK, message, Location(path), hint=_HINT)


def _location(path: str, text: str, line: int, column: int) -> Location:
    lines = text.splitlines()
    excerpt = lines[line - 1] if line <= len(lines) else ""
    return Location(path, line, column, excerpt)


def _folder(patches: Mapping[str, str]) -> str:
    paths = sorted(patches)
    return paths[0] if len(paths) == 1 else posixpath.commonpath(paths) or "slo/dashboards"
