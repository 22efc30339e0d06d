"""Label values that satisfy matchers.

A proof needs concrete series. Given the conditions of a selector, this module finds values that
meet them (and, where asked, values that just do not), from regular expressions, from the closed
list of values that the catalogue knows, and from ordinary values such as "200" or "GET".
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, Final

from rtobs.model.selector import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["matches", "satisfies", "values_for"]

# Tried in this order when the conditions leave a choice.
_CODES: Final = ("200", "500", "404", "429")
_ORDINARY: Final = ("2xx", "ok", "success", "GET", "1", "0", "true", "main", "a", "b", "")
_CANDIDATE_LIMIT: Final = 64
_REPEAT_LIMIT: Final = 2


def satisfies(value: str, matcher: Matcher) -> bool:
    """Whether a label with `value` meets the condition; an absent label has the value ""."""
    if matcher.op == "=":
        return value == matcher.value
    if matcher.op == "!=":
        return value != matcher.value
    found = _compiled(matcher.value).fullmatch(value) is not None
    return found if matcher.op == "=~" else not found


def matches(labels: dict[str, str], matchers: Iterable[Matcher]) -> bool:
    """Whether a series with these labels meets every condition."""
    return all(satisfies(labels.get(matcher.label, ""), matcher) for matcher in matchers)


def values_for(
    conditions: Sequence[Matcher], known: Sequence[str] = (), suffix: str = ""
) -> Iterator[str]:
    """Values of one label that meet all `conditions`, the most natural first, without repeats.

    Args:
        conditions: matchers of one label.
        known: the closed list of values of that label, empty when it is free.
        suffix: text that tells values apart where the conditions leave them free.
    """
    seen: set[str] = set()
    for value in _candidates(conditions, known, suffix):
        if value not in seen and all(satisfies(value, matcher) for matcher in conditions):
            seen.add(value)
            yield value


def _candidates(conditions: Sequence[Matcher], known: Sequence[str], suffix: str) -> Iterator[str]:
    for matcher in conditions:
        if matcher.op == "=":
            yield matcher.value
    yield from known
    if suffix:
        yield suffix
    yield from _CODES
    for matcher in conditions:
        if matcher.op == "=~":
            yield from (f"{text}{suffix}" for text in _examples(matcher.value) if suffix)
            yield from _examples(matcher.value)
    yield from _ORDINARY


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


@lru_cache(maxsize=4096)
def _examples(pattern: str) -> tuple[str, ...]:
    """Texts that a regular expression matches, shortest repeats first; empty when none is found."""
    try:
        texts = _expand(sre_parser.parse(pattern))
    except (re.error, RecursionError, _NoExampleError):
        return ()
    return tuple(text for text in texts if _compiled(pattern).fullmatch(text))


class _NoExampleError(Exception):
    """The pattern uses something that no example is made for."""


def _expand(nodes: Iterable[Any]) -> list[str]:
    """Some texts for a parsed pattern: one for each alternative and each count of repeats."""
    parts = [_node(operator, argument) for operator, argument in nodes]
    return ["".join(choice) for choice in islice(product(*parts), _CANDIDATE_LIMIT)]


def _node(operator: Any, argument: Any) -> list[str]:  # noqa: ANN401  # the parser is untyped
    handler = _HANDLERS.get(operator)
    if handler is None:
        raise _NoExampleError
    return handler(argument)


def _repeat(argument: Any) -> list[str]:  # noqa: ANN401
    least, most, body = argument
    texts = _expand(body)
    # "x*" reads better as "x" than as nothing, so one repeat comes first where it is allowed.
    counts = sorted({min(max(least, 1), int(most)), least, min(int(most), least + _REPEAT_LIMIT)})
    ordered = sorted(counts, key=lambda count: (count == 0, count))
    return [text * count for count in ordered for text in texts][:_CANDIDATE_LIMIT]


def _set(argument: Any) -> list[str]:  # noqa: ANN401
    negated = any(operator is sre.NEGATE for operator, _ in argument)
    members = [
        text for op, value in argument if op is not sre.NEGATE for text in _member(op, value)
    ]
    if not negated:
        return members
    return [text for text in "xa0-_ /" if text not in members][:1]


def _member(operator: Any, value: Any) -> list[str]:  # noqa: ANN401
    if operator is sre.RANGE:
        first, last = value
        return [chr(code) for code in dict.fromkeys((first, last))]
    return _node(operator, value)


def _category(argument: Any) -> list[str]:  # noqa: ANN401
    examples = {
        sre.CATEGORY_DIGIT: ["0", "1"],
        sre.CATEGORY_WORD: ["x", "y"],
        sre.CATEGORY_SPACE: [" "],
        sre.CATEGORY_NOT_DIGIT: ["x"],
        sre.CATEGORY_NOT_SPACE: ["x"],
        sre.CATEGORY_NOT_WORD: ["-"],
    }
    if argument not in examples:
        raise _NoExampleError
    return examples[argument]


_HANDLERS: Final[dict[Any, Callable[[Any], list[str]]]] = {
    sre.LITERAL: lambda code: [chr(code)],
    sre.NOT_LITERAL: lambda code: ["x" if chr(code) != "x" else "y"],
    sre.ANY: lambda _: ["x"],
    sre.AT: lambda _: [""],
    sre.IN: _set,
    sre.CATEGORY: _category,
    sre.BRANCH: lambda argument: [text for branch in argument[1] for text in _expand(branch)],
    sre.SUBPATTERN: lambda argument: _expand(argument[-1]),
    sre.MAX_REPEAT: _repeat,
    sre.MIN_REPEAT: _repeat,
}
