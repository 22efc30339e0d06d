"""One line of a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "State"]


class State(StrEnum):
    """Whether something works."""

    FINE = "ok"
    NOTE = "note"  # works, and may not be what was meant
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing.

    Attributes:
        about: the thing, in one word or two.
        state: whether it works.
        text: its value, or what happened; never a secret.
        origin: where the value comes from: "argument", a variable, "default"; "" for none.
        hint: what to do, "" for nothing.
    """

    about: str
    state: State
    text: str
    origin: str = ""
    hint: str = ""
