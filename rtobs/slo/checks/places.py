"""Where in a file a character of an expression stands."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from rtobs.documents import Document, Path_
from rtobs.problems import Location

__all__ = ["inside"]

_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|[^\\]")
_DOUBLED: Final = re.compile("''|[^']")
_LITERAL_BLOCK: Final = re.compile(r"\|[-+0-9]*\s*(#.*)?")


def inside(document: Document, path: Path_, offset: int | None, width: int = 1) -> Location:
    """The place of a character of the text at `path`.

    A text that is folded over several lines, or an unknown offset, gives the text's beginning.

    Args:
        document: the file.
        path: where the text is.
        offset: 0-based character of the text.
        width: how many characters the finding spans.
    """
    start = document.locate(path)
    text = _value(document, path)
    if offset is None or path not in document.values or not isinstance(text, str):
        return start
    if _LITERAL_BLOCK.fullmatch(start.excerpt[start.column - 1 :]):
        return _in_block(document, start, text, offset, width)
    written = start.excerpt[start.column - 1 : start.column - 1 + start.width]
    shift = _shift(written, text, offset)
    if shift is None:
        return start
    return replace(start, column=start.column + shift, width=max(width, 1))


def _shift(written: str, text: str, offset: int) -> int | None:
    """Columns between the beginning of a scalar on one line and a character of its value."""
    if written == text:
        return offset
    if len(written) < 2 or written[0] != written[-1] or written[0] not in "'\"":  # noqa: PLR2004
        return None
    body = written[1:-1]
    pieces = (_DOUBLED if written[0] == "'" else _ESCAPE).findall(body)
    if len(pieces) != len(text):
        return None
    return 1 + sum(len(piece) for piece in pieces[:offset])


def _in_block(document: Document, start: Location, text: str, offset: int, width: int) -> Location:
    """A character of a literal block, whose lines are those of the file."""
    before = text[:offset]
    line = start.line + 1 + before.count("\n")
    excerpt = document.lines[line - 1] if line <= len(document.lines) else ""
    content = text.split("\n")[before.count("\n")]
    if not excerpt.endswith(content):
        return start
    column = len(excerpt) - len(content) + offset - (before.rfind("\n") + 1) + 1
    return Location(start.file, line, column, excerpt, max(width, 1))


def _value(document: Document, path: Path_) -> object:
    value: object = document.data
    for part in path:
        match value, part:
            case dict(), str() if part in value:
                value = value[part]
            case list(), int() if part < len(value):
                value = value[part]
            case _:
                return None
    return value
