"""Which labels the result of an expression can have, as far as its text determines them.

The rules are those of Prometheus: an aggregation keeps what `by` lists, a binary operation what
its matching leaves, a function of one vector what the vector has.
"""

from __future__ import annotations

from typing import Final

import promql_parser as parser

from rtobs.promql.expression import Expression

__all__ = ["output_labels"]

Labels = frozenset[str] | None

_NONE: Final[frozenset[str]] = frozenset()
_SELECTIONS: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
_LABEL_CHANGES: Final = frozenset({"label_replace", "label_join", "info"})
_BUCKET_FUNCTIONS: Final = frozenset({"histogram_quantile"})
_ABSENCE: Final = frozenset({"absent", "absent_over_time"})


def output_labels(expression: Expression) -> Labels:
    """Labels that the result can have; None when the text does not determine them."""
    return _labels(expression.tree)


def _labels(node: parser.Expr) -> Labels:
    if isinstance(node, parser.ParenExpr | parser.UnaryExpr | parser.SubqueryExpr):
        return _labels(node.expr)
    if isinstance(node, parser.AggregateExpr):
        return _aggregated(node)
    if isinstance(node, parser.Call):
        return _called(node)
    if isinstance(node, parser.BinaryExpr):
        return _combined(node)
    return _NONE if _is_scalar(node) else None


def _aggregated(node: parser.AggregateExpr) -> Labels:
    operator, inner = str(node.op), _labels(node.expr)
    if operator in _SELECTIONS:
        return inner
    modifier = node.modifier
    kept: Labels = _NONE
    if modifier is not None and modifier.type == parser.AggModifierType.By:
        kept = frozenset(modifier.labels) if inner is None else inner & frozenset(modifier.labels)
    elif modifier is not None:
        kept = None if inner is None else inner - frozenset(modifier.labels)
    if operator == "count_values" and kept is not None:
        return kept | {node.param.val} if isinstance(node.param, parser.StringLiteral) else None
    return kept


def _called(node: parser.Call) -> Labels:
    name = node.func.name
    if name in _LABEL_CHANGES:
        return None
    vectors = [argument for argument in node.args if not _is_scalar(argument)]
    if name in _ABSENCE:
        return _of_absence(vectors[0])
    if not vectors:
        return _NONE
    inner = _labels(vectors[0])
    if name in _BUCKET_FUNCTIONS and inner is not None:
        return inner - {"le"}
    return inner


def _of_absence(node: parser.Expr) -> Labels:
    """`absent` makes one series with the labels that the selector demands to be equal."""
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    selector = node.vector_selector if isinstance(node, parser.MatrixSelector) else node
    if not isinstance(selector, parser.VectorSelector):
        return _NONE
    names = [m.name for m in selector.matchers.matchers if m.name != "__name__"]
    equal = {m.name for m in selector.matchers.matchers if m.op == parser.MatchOp.Equal}
    return frozenset(name for name in names if name in equal and names.count(name) == 1)


def _combined(node: parser.BinaryExpr) -> Labels:
    operator = str(node.op)
    left, right = _labels(node.lhs), _labels(node.rhs)
    if _is_scalar(node.lhs):
        return right
    if _is_scalar(node.rhs) or operator in ("and", "unless"):
        return left
    if operator == "or":
        return left if left == right else None
    modifier = node.modifier
    if modifier is not None and modifier.card == parser.VectorMatchCardinality.ManyToOne:
        return _joined(left, right, modifier.group_labels)
    if modifier is not None and modifier.card == parser.VectorMatchCardinality.OneToMany:
        return _joined(right, left, modifier.group_labels)
    return _matched(left, right, modifier.matching if modifier else None)


def _matched(left: Labels, right: Labels, matching: parser.LabelModifier | None) -> Labels:
    """One to one: the labels that both sides were compared by."""
    if matching is not None and matching.type == parser.LabelModifierType.Include:
        return _common(frozenset(matching.labels), _common(left, right))
    ignored = frozenset(matching.labels) if matching else _NONE
    both = _common(left, right)
    return None if both is None else both - ignored


def _joined(many: Labels, one: Labels, carried: list[str] | None) -> Labels:
    """Many to one: the labels of the many, and those that are carried over from the one."""
    if many is None:
        return None
    names = frozenset(carried or ())
    return (many - names) | (names if one is None else names & one)


def _common(left: Labels, right: Labels) -> Labels:
    """Labels of both; a side that may have any restricts nothing."""
    if left is None or right is None:
        return right if left is None else left
    return left & right


def _is_scalar(node: parser.Expr) -> bool:
    if isinstance(node, parser.ParenExpr | parser.UnaryExpr):
        return _is_scalar(node.expr)
    if isinstance(node, parser.BinaryExpr):
        return _is_scalar(node.lhs) and _is_scalar(node.rhs)
    if isinstance(node, parser.Call):
        return bool(node.func.return_type == parser.ValueType.Scalar)
    return isinstance(node, parser.NumberLiteral | parser.StringLiteral)
