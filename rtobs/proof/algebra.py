"""What an expression yields when every series stands still or grows evenly.

A proof derives series for an expression of the user's and must know that they mean what they
should. This small interpreter answers for a steady state: a gauge has one value, a counter one
increase a minute. It knows what SLIs are made of and refuses the rest, so that a proof is never
built on a guess.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import promql_parser as parser

from rtobs.model.selector import Matcher, MatchOp, Selector
from rtobs.proof.samples import matches

__all__ = ["NotDerivableError", "Steady", "parse", "selectors_of", "value_of"]

_NAME: Final = "__name__"
_MATCH_OPS: Final[dict[str, MatchOp]] = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}
_MINUTE: Final = 60.0

Labels = Mapping[str, str]
Vector = list[tuple[dict[str, str], float]]
Value = float | Vector


class NotDerivableError(Exception):
    """The expression is beyond what a proof can be derived for; the message says why."""


@dataclass(frozen=True, slots=True)
class Steady:
    """A series in a steady state.

    Attributes:
        labels: all labels with `__name__`.
        value: value of a gauge, or increase a minute of a counter.
    """

    labels: Labels
    value: float


@lru_cache(maxsize=1024)
def parse(expression: str) -> parser.Expr:
    """The syntax tree of an expression.

    Raises:
        NotDerivableError: it is no PromQL.
    """
    try:
        return parser.parse(expression)
    except ValueError as error:
        raise NotDerivableError(f"it does not parse: {error}") from error


def selectors_of(node: parser.Expr) -> tuple[tuple[Selector, bool], ...]:
    """Every distinct selector of an expression in reading order, and whether it is of a counter.

    A counter is what stands inside rate, irate or increase.
    """
    return tuple(dict.fromkeys(_selectors(node, counter=False)))


def _selectors(node: Any, *, counter: bool) -> Iterator[tuple[Selector, bool]]:  # noqa: ANN401
    if isinstance(node, parser.VectorSelector):
        yield _selector(node), counter
    elif isinstance(node, parser.MatrixSelector):
        yield _selector(node.vector_selector), counter
    elif isinstance(node, parser.Call):
        for argument in node.args:
            yield from _selectors(argument, counter=counter or node.func.name in _RATES)
    elif isinstance(node, parser.BinaryExpr):
        yield from _selectors(node.lhs, counter=counter)
        yield from _selectors(node.rhs, counter=counter)
    elif hasattr(node, "expr"):
        yield from _selectors(node.expr, counter=counter)


def _selector(node: parser.VectorSelector) -> Selector:
    if node.matchers.or_matchers or node.offset is not None or node.at is not None:
        raise NotDerivableError(f"{node} has an offset, an @ or alternatives")
    matchers = [Matcher(m.name, _MATCH_OPS[str(m.op)], m.value) for m in node.matchers.matchers]
    names = [m.value for m in matchers if m.label == _NAME and m.op == "="]
    name = node.name or (names[0] if names else "")
    if not name:
        raise NotDerivableError(f"{node} does not say which metric it reads")
    return Selector(name, tuple(m for m in matchers if m.label != _NAME))


def value_of(node: parser.Expr, world: Sequence[Steady], now: float = 0.0) -> Vector:
    """Value of an expression as a vector.

    Args:
        node: syntax tree.
        world: every series there is.
        now: value of `time()` in seconds.

    Raises:
        NotDerivableError: it contains something that this interpreter does not know.
    """
    return _vector(_Interpreter(world, now).value(node))


@dataclass(frozen=True, slots=True)
class _Interpreter:
    world: Sequence[Steady]
    now: float

    def value(self, node: Any) -> Value:  # noqa: ANN401
        handlers: dict[type, Callable[[Any], Value]] = {
            parser.NumberLiteral: lambda n: float(n.val),
            parser.ParenExpr: lambda n: self.value(n.expr),
            parser.UnaryExpr: lambda n: _each(self.value(n.expr), operator.neg),
            parser.VectorSelector: lambda n: self._select(n, 1.0),
            parser.AggregateExpr: self._aggregate,
            parser.BinaryExpr: self._binary,
            parser.Call: self._call,
        }
        handler = handlers.get(type(node))
        if handler is None:
            raise NotDerivableError(f"it contains {node}")
        return handler(node)

    def _select(self, node: parser.VectorSelector, scale: float) -> Vector:
        selector = _selector(node)
        return [
            (dict(series.labels), series.value * scale)
            for series in self.world
            if series.labels[_NAME] == selector.metric
            and matches(dict(series.labels), selector.matchers)
        ]

    def _call(self, node: parser.Call) -> Value:
        name, arguments = node.func.name, node.args
        if name in _RATES or name in _OVER_TIME:
            matrix = arguments[-1]
            if not isinstance(matrix, parser.MatrixSelector):
                raise NotDerivableError(f"{name} reads something other than a plain range")
            minutes = matrix.range.total_seconds() / _MINUTE
            scale = _RATES.get(name, _one)(minutes)
            return _nameless(self._select(matrix.vector_selector, scale))
        if name == "time":
            return self.now
        if name == "vector":
            return _vector(self.value(arguments[0]))
        if name in _CLAMPS:
            bound = self.value(arguments[1])
            if isinstance(bound, float):
                limit, clamp = bound, _CLAMPS[name]
                return _nameless_value(_each(self.value(arguments[0]), lambda x: clamp(x, limit)))
        if name in _PLAIN:
            return _nameless_value(_each(self.value(arguments[0]), _PLAIN[name]))
        raise NotDerivableError(f"it calls {name}")

    def _aggregate(self, node: parser.AggregateExpr) -> Vector:
        combine = _AGGREGATIONS.get(str(node.op))
        inner = self.value(node.expr)
        if combine is None or isinstance(inner, float):
            raise NotDerivableError(f"it aggregates with {node.op}")
        groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
        for labels, value in inner:
            groups.setdefault(_grouping(node.modifier, labels), []).append(value)
        return [(dict(key), combine(values)) for key, values in groups.items()]

    def _binary(self, node: parser.BinaryExpr) -> Value:
        left, right, symbol = self.value(node.lhs), self.value(node.rhs), str(node.op)
        if symbol in _SET_OPERATIONS:
            return _set_operation(symbol, left, right, node.modifier)
        function = _ARITHMETIC.get(symbol) or _COMPARISONS.get(symbol)
        if function is None:
            raise NotDerivableError(f"it uses the operator {symbol}")
        filters = symbol in _COMPARISONS and not (node.modifier and node.modifier.return_bool)
        return _combine(function, left, right, node.modifier, filters=filters)


def _one(_: float) -> float:
    return 1.0


_RATES: Final[dict[str, Callable[[float], float]]] = {
    "rate": lambda _: 1 / _MINUTE,
    "irate": lambda _: 1 / _MINUTE,
    "increase": lambda minutes: minutes,
}
_OVER_TIME: Final = frozenset(
    {"avg_over_time", "max_over_time", "min_over_time", "last_over_time", "quantile_over_time"}
)
_CLAMPS: Final[dict[str, Callable[[float, float], float]]] = {"clamp_min": max, "clamp_max": min}
_PLAIN: Final[dict[str, Callable[[float], float]]] = {
    "abs": abs,
    "ceil": lambda x: float(math.ceil(x)),
    "floor": lambda x: float(math.floor(x)),
    "round": lambda x: float(math.floor(x + 0.5)),
    "sqrt": math.sqrt,
    "scalar": float,
}
_AGGREGATIONS: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
}


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 else math.copysign(math.inf, left)


_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_SET_OPERATIONS: Final = frozenset({"and", "or", "unless"})


def _each(value: Value, function: Callable[[float], float]) -> Value:
    if isinstance(value, float):
        return function(value)
    return [(labels, function(item)) for labels, item in value]


def _nameless(vector: Vector) -> Vector:
    return [({k: v for k, v in labels.items() if k != _NAME}, value) for labels, value in vector]


def _nameless_value(value: Value) -> Value:
    return value if isinstance(value, float) else _nameless(value)


def _grouping(modifier: Any, labels: Labels) -> tuple[tuple[str, str], ...]:  # noqa: ANN401
    if modifier is None:
        return ()
    if modifier.type == parser.AggModifierType.By:
        return tuple((name, labels[name]) for name in modifier.labels if labels.get(name))
    dropped = {_NAME, *modifier.labels}
    return tuple(sorted((k, v) for k, v in labels.items() if k not in dropped))


def _signature(labels: Labels, modifier: Any) -> frozenset[tuple[str, str]]:  # noqa: ANN401
    matching = modifier.matching if modifier else None
    if matching is None:
        return frozenset((k, v) for k, v in labels.items() if k != _NAME)
    named = set(matching.labels)
    if matching.type == parser.LabelModifierType.Include:
        return frozenset((k, v) for k, v in labels.items() if k in named)
    return frozenset((k, v) for k, v in labels.items() if k not in named and k != _NAME)


def _set_operation(symbol: str, left: Value, right: Value, modifier: Any) -> Vector:  # noqa: ANN401
    if isinstance(left, float) or isinstance(right, float):
        raise NotDerivableError(f"{symbol} stands between numbers")
    on_left = {_signature(labels, modifier) for labels, _ in left}
    on_right = {_signature(labels, modifier) for labels, _ in right}
    if symbol == "or":
        return left + [item for item in right if _signature(item[0], modifier) not in on_left]
    kept = symbol == "and"
    return [item for item in left if (_signature(item[0], modifier) in on_right) is kept]


def _combine(
    function: Callable[[float, float], float],
    left: Value,
    right: Value,
    modifier: Any,  # noqa: ANN401
    *,
    filters: bool,
) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))
    pairs = _pairs(left, right, modifier)
    if filters:
        return [
            (labels, a if not isinstance(left, float) else b)
            for labels, a, b in pairs
            if function(a, b)
        ]
    return _nameless([(labels, float(function(a, b))) for labels, a, b in pairs])


def _vector(value: Value) -> Vector:
    return [({}, value)] if isinstance(value, float) else value


def _pairs(
    left: Value,
    right: Value,
    modifier: Any,  # noqa: ANN401
) -> list[tuple[dict[str, str], float, float]]:
    """Both sides of a binary operator, matched by their labels; many-to-one keeps the many."""
    if isinstance(left, float):
        return [(labels, left, value) for labels, value in _vector(right)]
    if isinstance(right, float):
        return [(labels, value, right) for labels, value in left]
    swapped = modifier is not None and modifier.card == parser.VectorMatchCardinality.OneToMany
    many, one = (right, left) if swapped else (left, right)
    partners = {_signature(labels, modifier): value for labels, value in one}
    found = [
        (labels, value, partners[key])
        for labels, value in many
        if (key := _signature(labels, modifier)) in partners
    ]
    return [(labels, b, a) for labels, a, b in found] if swapped else found
