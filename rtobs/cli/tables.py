"""Text in columns, for terminals and logs alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from rtobs.model.characters import visible

__all__ = ["columns", "line"]

_BREAKS: Final = re.compile(r"[\t\n\v\f\r]+")


def line(text: str) -> str:
    """Text of others in one line, without characters that act on a terminal."""
    return visible(_BREAKS.sub(" ", text))


def columns(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()
) -> str:
    """Rows under headings, two spaces between columns; columns in `right` hold numbers."""
    lines = [tuple(line(cell) for cell in row) for row in (headings, *rows)]
    widths = [max(len(one[column]) for one in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(one, widths, strict=True))
        ).rstrip()
        for one in lines
    )
