"""How problems speak: lists of names, and the name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

__all__ = ["closest", "did_you_mean", "listed"]

_SHOWN: Final = 8
_ALIKE: Final = 0.7  # difflib takes 0.6, at which "route" resembles "probe"


def closest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like `word`, "" when none is."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=_ALIKE)
    return found[0] if found else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint that names the closest known word, or says something else."""
    close = closest(word, known)
    return f'did you mean "{close}"?' if close else otherwise


def listed(words: Iterable[str]) -> str:
    """Words for a sentence, shortened when there are many."""
    known = list(words)
    more = len(known) - _SHOWN
    shown = ", ".join(known[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
