"""Characters that act instead of being shown: signs stand in their place."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["visible"]

# Control characters but tabs and ends of lines, what turns the direction of a text, halves of
# pairs, and the two that no XML can hold.
_ACTING: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SIGNS: Final = 0x2400  # of the control characters in Unicode; 0x2421 is that of 0x7f
_DELETE: Final = 0x7F


def visible(text: str) -> str:
    """Text that a terminal and a drawing can show, from any text.

    Args:
        text: such as a label of a series.

    Returns:
        The same with a sign for each character that is none: U+241B for an escape, U+FFFD for
        those without a sign of their own. Tabs and ends of lines stay.
    """
    return _ACTING.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < ord(" "):
        return chr(_SIGNS + code)
    return chr(_SIGNS + 0x21) if code == _DELETE else "\N{REPLACEMENT CHARACTER}"
