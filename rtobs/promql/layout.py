"""Where the parts of an expression stand: selectors, calls and operators.

PromQL reads as operands and operators in turn, so one pass with two states tells a metric named
`by` from the keyword. What the parts mean is left to the parser; `expression` proves that both
agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rtobs.promql.tokens import ExpressionError, Kind, Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Layout", "SelectorPlace", "lay_out", "matchers_inside"]

AGGREGATIONS: Final = frozenset(
    {
        *("sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values"),
        *("bottomk", "topk", "quantile", "limitk", "limit_ratio"),
    }
)
MAX_DEPTH: Final = 250

_GROUPINGS: Final = frozenset({"by", "without"})
_LISTED_MODIFIERS: Final = frozenset({"on", "ignoring", "fill", "fill_left", "fill_right"})
_JOIN_MODIFIERS: Final = frozenset({"group_left", "group_right"})
_WORD_OPERATORS: Final = frozenset({"and", "or", "unless", "atan2"})
_NUMBER_WORDS: Final = frozenset({"inf", "nan"})
_OPERATORS: Final = ("+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=")
_LIMIT: Final = f"more than {MAX_DEPTH} operators and nested brackets"


@dataclass(frozen=True, slots=True)
class SelectorPlace:
    """A selector in the text; offsets are 0-based, ends lie behind the last character.

    Attributes:
        start: of the name, or of the braces where there is none before them.
        end: of the braces, or of the name.
        name: the token of the metric's name (a quoted name stands inside the braces), or None.
        inside: tokens between the braces, or None without braces.
        range: the square brackets that follow, or None.
    """

    start: int
    end: int
    name: Token | None
    inside: tuple[Token, ...] | None
    range: Token | None


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of an expression in the order of the text.

    Attributes:
        selectors: places of vector selectors.
        calls: names of functions and aggregations that are called.
        operators: binary operators.
        ranges: square brackets with what they hold, those of subqueries too.
    """

    selectors: tuple[SelectorPlace, ...]
    calls: tuple[Token, ...]
    operators: tuple[Token, ...]
    ranges: tuple[Token, ...]


def lay_out(text: str) -> Layout:
    """Find the parts of an expression.

    Raises:
        ExpressionError: at the first token that cannot stand where it stands, or the expression
            nests so deeply that no one wrote it.
    """
    tokens = tokenize(text)
    reader = _Reader(text, tokens)
    reader.read()
    ranges = tuple(token for token in tokens if token.kind is Kind.RANGE)
    return Layout(tuple(reader.selectors), tuple(reader.calls), tuple(reader.operators), ranges)


class _Reader:
    """One pass over the tokens; `_operand` and `_operator` are its two states."""

    def __init__(self, text: str, tokens: tuple[Token, ...]) -> None:
        self.selectors: list[SelectorPlace] = []
        self.calls: list[Token] = []
        self.operators: list[Token] = []
        self._end = len(text)
        self._tokens = tokens
        self._next = 0
        self._open: list[Token] = []
        self._signs = 0

    def read(self) -> None:
        if not self._tokens:
            raise ExpressionError("the expression is empty", 0)
        while True:
            self._operand()
            if not self._operator():
                break
        if self._open:
            raise ExpressionError("the parenthesis is not closed", self._open[-1].start)

    # -- an operand ------------------------------------------------------------------------------
    def _operand(self) -> None:
        """Read up to the end of one operand, with the brackets that open before it."""
        while True:
            token = self._take('a metric, a number or "("')
            self._limit(token)
            if token.is_symbol("("):
                self._open.append(token)
            elif token.is_symbol("+", "-"):
                self._signs += 1
            elif token.is_symbol("{"):
                return self._selector(None, token)
            elif token.kind in (Kind.NUMBER, Kind.STRING):
                return None
            elif token.kind is Kind.NAME:
                if self._named(token):
                    return None
            else:
                raise _unexpected(token, 'a metric, a number or "("')

    def _named(self, token: Token) -> bool:
        """Read an operand that begins with a name; whether it is complete."""
        following = self._peek()
        if token.word in AGGREGATIONS and following and following.word in _GROUPINGS:
            self.calls.append(token)
            self._take("")
            self._label_list()
            self._open.append(self._symbol("("))
            return False
        if following and following.is_symbol("("):
            self.calls.append(token)
            self._open.append(self._take(""))
            return self._closes_at_once()
        if token.word not in _NUMBER_WORDS:
            braces = self._take("") if following and following.is_symbol("{") else None
            self._selector(token, braces)
        return True

    def _closes_at_once(self) -> bool:
        """Whether a call has no arguments, such as `time()`."""
        following = self._peek()
        if following is None or not following.is_symbol(")"):
            return False
        self._take("")
        self._open.pop()
        return True

    def _selector(self, name: Token | None, braces: Token | None) -> None:
        inside, last = None, name or braces
        if braces is not None:
            inside, last = self._braces(braces)
        assert last is not None  # noqa: S101  # a selector has a name or braces
        start = (name or braces or last).start
        if name is None and inside is not None:
            name = _quoted_name(inside)
        following = self._peek()
        window = following if following and following.kind is Kind.RANGE else None
        self.selectors.append(SelectorPlace(start, last.end, name, inside, window))

    def _braces(self, opening: Token) -> tuple[tuple[Token, ...], Token]:
        first = self._next
        for index in range(first, len(self._tokens)):
            if self._tokens[index].is_symbol("}"):
                self._next = index + 1
                return self._tokens[first:index], self._tokens[index]
        raise ExpressionError("the brace is not closed", opening.start)

    # -- an operator -----------------------------------------------------------------------------
    def _operator(self) -> bool:
        """Read up to where the next operand begins; False at the end of the text."""
        while (token := self._peek()) is not None:
            self._take("")
            if token.is_symbol(")"):
                if not self._open:
                    raise _unexpected(token, "an operator or the end")
                self._open.pop()
            elif token.is_symbol(",") and self._open:
                return True
            elif token.is_symbol(*_OPERATORS) or token.word in _WORD_OPERATORS:
                self.operators.append(token)
                self._modifiers()
                return True
            elif not self._suffix(token):
                raise _unexpected(token, "an operator or the end")
        return False

    def _suffix(self, token: Token) -> bool:
        """What may follow an operand: a range, `offset`, `@`, or the grouping of an aggregation."""
        if token.kind is Kind.RANGE:
            return True
        if token.word in _GROUPINGS:
            self._label_list()
            return True
        if token.word != "offset" and not token.is_symbol("@"):
            return False
        moment = self._take("a time")
        if moment.is_symbol("-", "+"):
            moment = self._take("a time")
        if moment.word in ("start", "end"):
            self._symbol("(")
            self._symbol(")")
        elif moment.kind is not Kind.NUMBER:
            raise _unexpected(moment, "a time")
        return True

    def _modifiers(self) -> None:
        """What may stand between an operator and its right side."""
        while (token := self._peek()) is not None:
            if token.word in _LISTED_MODIFIERS:
                self._take("")
                self._label_list()
            elif token.word in _JOIN_MODIFIERS:
                self._take("")
                following = self._peek()
                if following and following.is_symbol("("):
                    self._label_list()
            elif token.word == "bool":
                self._take("")
            else:
                return

    def _label_list(self) -> None:
        self._symbol("(")
        while not self._take('")"').is_symbol(")"):
            pass

    # -- tokens ----------------------------------------------------------------------------------
    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, wanted: str) -> Token:
        token = self._peek()
        if token is None:
            raise ExpressionError(f"expected {wanted}, found the end", self._end)
        self._next += 1
        return token

    def _symbol(self, text: str) -> Token:
        token = self._take(f'"{text}"')
        if not token.is_symbol(text):
            raise _unexpected(token, f'"{text}"')
        return token

    def _limit(self, token: Token) -> None:
        if len(self._open) + len(self.operators) + self._signs > MAX_DEPTH:
            raise ExpressionError(_LIMIT, token.start)


def _unexpected(token: Token, wanted: str) -> ExpressionError:
    return ExpressionError(f'expected {wanted}, found "{token.text}"', token.start)


def _quoted_name(inside: tuple[Token, ...]) -> Token | None:
    """The token that names the metric inside braces: `{"x"}` or `{__name__="x"}`."""
    for matcher in matchers_inside(inside):
        match matcher:
            case (Token(kind=Kind.STRING) as name,):
                return name
            case (label, Token(text="="), Token(kind=Kind.STRING) as name):
                if label.text.strip("\"'`") == "__name__":
                    return name
            case _:
                continue
    return None


def matchers_inside(inside: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """The tokens of each matcher between braces: label, operator and value, or a name alone."""
    matcher: list[Token] = []
    for token in inside:
        if token.is_symbol(","):
            yield tuple(matcher)
            matcher = []
        else:
            matcher.append(token)
    if matcher:
        yield tuple(matcher)
