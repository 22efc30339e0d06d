"""The words of PromQL with their places.

The parser gives a tree without positions. This module reads the same text into tokens, so that a
finding can point at a character and an edit can leave every other character as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["ExpressionError", "Kind", "Token", "tokenize"]

MAX_LENGTH: Final = 20_000


class ExpressionError(ValueError):
    """A text is no PromQL that rtobs can use.

    Attributes:
        message: what is wrong, lower case, no final stop.
        offset: 0-based character at which it goes wrong, None when that cannot be told.
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message)


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    STRING = "text"
    RANGE = "range"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an expression.

    Attributes:
        kind: what it is; a range is one token with its brackets.
        text: the characters as written.
        start: offset of the first character.
    """

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """The text in lower case: PromQL's keywords ignore case. Empty for other kinds."""
        return self.text.lower() if self.kind is Kind.NAME else ""

    def is_symbol(self, *texts: str) -> bool:
        """Whether it is one of these operators or brackets."""
        return self.kind is Kind.SYMBOL and self.text in texts


_PATTERN: Final = re.compile(
    r"""
      (?P<skip>   [ \t\r\n]+ | \#[^\n]* )
    | (?P<name>   [a-zA-Z_:][a-zA-Z0-9_:]* )
    | (?P<number> 0[xX][0-9a-fA-F]+
                | (?: [0-9]+\.?[0-9]* | \.[0-9]+ ) (?: [eE][-+]?[0-9]+ )? [a-zA-Z0-9]* )
    | (?P<string> " (?: [^"\\\n] | \\. )* " | ' (?: [^'\\\n] | \\. )* ' | ` [^`]* ` )
    | (?P<range>  \[ [^\]\[]* \] )
    | (?P<symbol> == | != | >= | <= | =~ | !~ | [-+*/%^<>=@(){},] )
    """,
    re.VERBOSE,
)
_UNCLOSED: Final = {
    '"': "the quotation mark is not closed on this line",
    "'": "the quotation mark is not closed on this line",
    "`": "the quotation mark is not closed",
    "[": "the bracket is not closed",
}


def tokenize(text: str) -> tuple[Token, ...]:
    """Every token of an expression, without spaces and comments.

    Raises:
        ExpressionError: a character begins no token, or the text is longer than 20000 characters.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
    tokens, offset = [], 0
    while offset < len(text):
        match = _PATTERN.match(text, offset)
        if match is None:
            character = text[offset]
            reason = _UNCLOSED.get(character, f'unexpected character "{character}"')
            raise ExpressionError(reason, offset)
        if match.lastgroup != "skip":
            kind = Kind[str(match.lastgroup).upper()]
            tokens.append(Token(kind, match.group(), offset))
        offset = match.end()
    return tuple(tokens)
