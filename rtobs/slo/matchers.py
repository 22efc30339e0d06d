"""Label conditions as definitions write them: `status: 5xx`, `handler: "=~/v1/.*"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rtobs.model.selector import Matcher, MatchOp

__all__ = ["matcher", "matchers"]

_OPERATORS: Final[tuple[MatchOp, ...]] = ("=~", "!~", "!=")


def matcher(label: str, text: str) -> Matcher:
    """A condition; text that begins with no operator is compared as it is."""
    for operator in _OPERATORS:
        if text.startswith(operator):
            return Matcher(label, operator, text.removeprefix(operator))
    return Matcher(label, "=", text.removeprefix("="))


def matchers(select: Mapping[str, str]) -> tuple[Matcher, ...]:
    """All conditions of a mapping, in its order."""
    return tuple(matcher(label, text) for label, text in select.items())
