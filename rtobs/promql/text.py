"""PromQL as text: quoting, selectors, rates and aggregations.

Pure string building without a parser. Every function returns an expression that can stand as an
operand: binary expressions are put in parentheses by whoever nests them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rtobs.model.selector import Matcher, Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "aggregate",
    "any_of",
    "le_matcher",
    "quote",
    "rate",
    "regex_literal",
    "selector_text",
]

_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def quote(value: str) -> str:
    """A PromQL string literal of any text."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def regex_literal(value: str) -> str:
    """A regular expression (RE2) that matches exactly `value`."""
    return _SPECIAL.sub(r"\\\1", value)


def any_of(label: str, values: Iterable[str]) -> Matcher:
    """A matcher for a label that has one of the values, compared as plain text."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return Matcher(label, "=", distinct[0])
    return Matcher(label, "=~", "|".join(regex_literal(value) for value in distinct))


def le_matcher(texts: Sequence[str]) -> Matcher:
    """A matcher for a bucket bound in any of its spellings ("1" and "1.0" are one bound)."""
    return any_of("le", texts)


def selector_text(selector: Selector, window: str = "") -> str:
    """A vector selector, with a range when `window` is given."""
    matchers = [f"{m.label}{m.op}{quote(m.value)}" for m in selector.matchers]
    if _PLAIN_NAME.fullmatch(selector.metric):
        name = selector.metric
    else:
        name, matchers = "", [quote(selector.metric), *matchers]
    braces = f"{{{','.join(matchers)}}}" if matchers else ""
    return f"{name}{braces}{f'[{window}]' if window else ''}"


def aggregate(operator: str, group_by: Sequence[str], expression: str) -> str:
    """`operator by (group_by) (expression)`, or `operator(expression)` without groups."""
    grouping = f" by ({', '.join(group_by)}) " if group_by else ""
    return f"{operator}{grouping}({expression})"


def rate(group_by: Sequence[str], selector: Selector, window: str) -> str:
    """Events per second of a counter over `window`, summed to exactly the groups."""
    return aggregate("sum", group_by, f"rate({selector_text(selector, window)})")
