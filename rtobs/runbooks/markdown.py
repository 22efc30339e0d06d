"""Markdown from plain text: nothing that a user wrote becomes markup, a link or a fence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

__all__ = ["bullets", "code", "fence", "link", "plain", "table"]

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_LIST_START: Final = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_BACKTICKS: Final = re.compile(r"`+")
_SCHEMES: Final = frozenset(("", "http", "https", "mailto"))
_URL_SAFE: Final = "!#$%&'*+,/:;=?@~-._"


def plain(text: str) -> str:
    """One line of text that Markdown shows as it was written."""
    line = " ".join(text.split())
    escaped = _MARKUP.sub(r"\\\1", line)
    return _LIST_START.sub(_escape_list_start, escaped)


def _escape_list_start(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def code(text: str) -> str:
    """A code span of any text on one line."""
    line = " ".join(text.split())
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: str, language: str = "") -> str:
    """A block of code of any text."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text.strip()}\n{ticks}"


def link(title: str, url: str) -> str:
    """A link; a URL with a scheme other than http, https or mailto is shown as text."""
    if urlsplit(url.strip()).scheme.lower() not in _SCHEMES:
        return f"{plain(title)} ({code(url)})"
    return f"[{plain(title)}]({quote(url.strip(), safe=_URL_SAFE)})"


def bullets(lines: Iterable[str]) -> str:
    """A list; the lines are Markdown already."""
    return "\n".join(f"- {line}" for line in lines)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
