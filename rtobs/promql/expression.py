"""What a PromQL text says, and where it says it.

`parse` reads complete PromQL, `parse_template` reads the text of a definition in which `{{window}}`
stands for a duration. All offsets are 0-based characters of the text that the user wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import promql_parser as parser

from rtobs.model.indicator import WINDOW_PLACEHOLDER
from rtobs.model.selector import Matcher, MatchOp, Selector
from rtobs.promql.layout import Layout, SelectorPlace, lay_out
from rtobs.promql.tokens import ExpressionError

__all__ = [
    "Call",
    "Expression",
    "ExpressionError",
    "FoundSelector",
    "at_window",
    "parse",
    "parse_template",
    "ratio_at",
    "raw_reads",
]

ValueType = Literal["vector", "scalar", "matrix", "string"]

# A duration of ten characters, so that offsets hold in the text with the placeholder.
_STAND_IN: Final = "5m".ljust(len(WINDOW_PLACEHOLDER))
_NAME_LABEL: Final = "__name__"
_VALUELESS_READS: Final = frozenset(
    {
        *("rate", "increase", "irate", "resets", "changes", "timestamp"),
        *("absent", "absent_over_time", "present_over_time"),
        *("count", "count_over_time", "group", "and", "unless"),
    }
)
_FILTERS: Final = frozenset({"and", "unless"})
# Pairs, because the parser's values cannot be keys.
_OPS: Final[tuple[tuple[parser.MatchOp, MatchOp], ...]] = (
    (parser.MatchOp.Equal, "="),
    (parser.MatchOp.NotEqual, "!="),
    (parser.MatchOp.Re, "=~"),
    (parser.MatchOp.NotRe, "!~"),
)
_TYPES: Final[tuple[tuple[parser.ValueType, ValueType], ...]] = (
    (parser.ValueType.Vector, "vector"),
    (parser.ValueType.Scalar, "scalar"),
    (parser.ValueType.Matrix, "matrix"),
    (parser.ValueType.String, "string"),
)


@dataclass(frozen=True, slots=True)
class FoundSelector:
    """A vector selector and its place.

    Attributes:
        selector: metric (from the name, or from `__name__=`, else "") with its matchers.
        function: the function, aggregation or filter ("and", "unless") that reads its samples
            directly: "rate" in `sum(rate(x[5m]))`, "sum" in `sum(x)`, "" in `x / y`.
        place: where it stands, and where its parts stand.
        range: the range as it is written ("5m", "{{window}}", "1h:1m"), "" for an instant.
    """

    selector: Selector
    function: str
    place: SelectorPlace
    range: str

    @property
    def start(self) -> int:
        """Offset of the first character of the name, or of the brace."""
        return self.place.start

    @property
    def end(self) -> int:
        """Offset behind the selector, without its range and offset."""
        return self.place.end


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an aggregation that is used."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; two are equal when their texts are.

    Attributes:
        text: as the user wrote it.
        type: type of the value.
        selectors: vector selectors in the order of the text.
        calls: functions and aggregations in the order of the text.
        tree: the parser's tree.
        layout: the places of all parts.
    """

    text: str
    type: ValueType = field(compare=False)
    selectors: tuple[FoundSelector, ...] = field(compare=False)
    calls: tuple[Call, ...] = field(compare=False)
    tree: parser.Expr = field(compare=False, repr=False)
    layout: Layout = field(compare=False, repr=False)

    @property
    def ranges(self) -> tuple[tuple[str, int], ...]:
        """Every range and subquery as it is written, without brackets, with its offset."""
        return tuple(
            (self.text[token.start + 1 : token.end - 1].strip(), token.start + 1)
            for token in self.layout.ranges
        )

    def calls_of(self, *names: str) -> tuple[Call, ...]:
        """The calls of these functions and aggregations."""
        return tuple(call for call in self.calls if call.name in names)


def at_window(text: str, window: str) -> str:
    """The text with a duration in place of every `{{window}}`."""
    return text.replace(WINDOW_PLACEHOLDER, window)


def parse_template(text: str) -> Expression:
    """Read an expression in which `{{window}}` may stand for a duration.

    Raises:
        ExpressionError: as `parse`.
    """
    return _parse(text, at_window(text, _STAND_IN))


def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: the text is no PromQL, is too large, or uses what Prometheus does not
            have (`or` between matchers).
    """
    return _parse(text, text)


def _parse(written: str, promql: str) -> Expression:
    layout = lay_out(promql)
    try:
        tree = parser.parse(promql)
    except ValueError as error:
        raise _explained(str(error), layout) from error
    read = tuple(_reads(tree, ""))
    if len(read) != len(layout.selectors):
        raise ExpressionError("the selectors of the expression cannot be told apart")
    selectors = tuple(
        FoundSelector(_selector(node, place), function, place, _range(place, written))
        for (node, function), place in zip(read, layout.selectors, strict=True)
    )
    calls = tuple(Call(token.text.lower(), token.start) for token in layout.calls)
    return Expression(written, _type_of(tree), selectors, calls, tree, layout)


def _explained(reason: str, layout: Layout) -> ExpressionError:
    """The parser's reason, with the place of the name that it is about."""
    named = [token for token in layout.calls if f"'{token.text}'" in reason]
    offset = named[0].start if named else None
    return ExpressionError(reason.replace("'", '"'), offset)


def _range(place: SelectorPlace, written: str) -> str:
    """The range as the user wrote it; offsets are the same in both texts."""
    if place.range is None:
        return ""
    return written[place.range.start + 1 : place.range.end - 1].strip()


# --- the tree -------------------------------------------------------------------------------------
def _reads(node: parser.Expr, function: str) -> Iterator[tuple[parser.VectorSelector, str]]:
    """Every selector in the order of the text, with what reads its samples directly."""
    if isinstance(node, parser.VectorSelector):
        yield node, function
    elif isinstance(node, parser.MatrixSelector):
        yield node.vector_selector, function
    elif isinstance(node, parser.Call):
        for argument in node.args:
            yield from _reads(argument, node.func.name)
    elif isinstance(node, parser.AggregateExpr):
        if isinstance(node.param, parser.Expr):
            yield from _reads(node.param, "")
        yield from _reads(node.expr, str(node.op))
    elif isinstance(node, parser.BinaryExpr):
        operator = str(node.op)
        yield from _reads(node.lhs, "")
        yield from _reads(node.rhs, operator if operator in _FILTERS else "")
    elif isinstance(node, parser.ParenExpr | parser.SubqueryExpr):
        yield from _reads(node.expr, function)
    elif isinstance(node, parser.UnaryExpr):
        yield from _reads(node.expr, "")


def _selector(node: parser.VectorSelector, place: SelectorPlace) -> Selector:
    if node.matchers.or_matchers:
        raise ExpressionError('Prometheus has no "or" between matchers', place.start)
    metric, matchers = node.name or "", []
    for found in node.matchers.matchers:
        if found.name == _NAME_LABEL and found.op == parser.MatchOp.Equal and not metric:
            metric = found.value
        else:
            matchers.append(
                Matcher(found.name, next(text for op, text in _OPS if op == found.op), found.value)
            )
    return Selector(metric, tuple(matchers))


def _type_of(node: parser.Expr) -> ValueType:
    if isinstance(node, parser.Call):
        return next(name for type_, name in _TYPES if type_ == node.func.return_type)
    if isinstance(node, parser.ParenExpr | parser.UnaryExpr):
        return _type_of(node.expr)
    if isinstance(node, parser.BinaryExpr):
        both = {_type_of(node.lhs), _type_of(node.rhs)}
        return "scalar" if both == {"scalar"} else "vector"
    if isinstance(node, parser.NumberLiteral):
        return "scalar"
    if isinstance(node, parser.StringLiteral):
        return "string"
    return "matrix" if isinstance(node, parser.MatrixSelector | parser.SubqueryExpr) else "vector"


# --- what it does ---------------------------------------------------------------------------------
def raw_reads(
    expression: Expression, is_counter: Callable[[str], bool]
) -> tuple[FoundSelector, ...]:
    """Counters whose running total is read, which means nothing and drops at every restart.

    Args:
        expression: what reads.
        is_counter: whether the series of that name is a counter.
    """
    return tuple(
        found
        for found in expression.selectors
        if found.function not in _VALUELESS_READS and is_counter(found.selector.metric)
    )


def ratio_at(expression: Expression) -> int | None:
    """Offset of the `/` when the expression as a whole is a quotient of two vectors, else None."""
    quotient = _quotient(expression.tree)
    if quotient is None:
        return None
    return expression.layout.operators[quotient].start


def _quotient(node: parser.Expr, before: int = 0) -> int | None:
    """Index, in the order of the text, of the operator that makes the value a quotient."""
    if isinstance(node, parser.ParenExpr | parser.UnaryExpr):
        return _quotient(node.expr, before)
    if isinstance(node, parser.AggregateExpr):
        skipped = _operators(node.param) if isinstance(node.param, parser.Expr) else 0
        return _quotient(node.expr, before + skipped)
    if not isinstance(node, parser.BinaryExpr):
        return None
    own = before + _operators(node.lhs)
    sides = (_type_of(node.lhs), _type_of(node.rhs))
    if sides == ("vector", "vector"):
        return own if str(node.op) == "/" else None
    vector, first = (node.lhs, before) if sides[0] == "vector" else (node.rhs, own + 1)
    return _quotient(vector, first)


def _operators(node: parser.Expr) -> int:
    """How many binary operators a tree has."""
    count = 0

    def visit(inner: parser.Expr) -> None:
        nonlocal count
        count += isinstance(inner, parser.BinaryExpr)

    parser.walk(node, pre_visit=visit)
    return count
