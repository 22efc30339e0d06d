"""Changing the selectors of an expression without touching any other character of its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rtobs.model.indicator import WINDOW_PLACEHOLDER
from rtobs.model.selector import Matcher, Selector
from rtobs.promql.expression import FoundSelector, at_window, parse_template
from rtobs.promql.text import quote
from rtobs.promql.tokens import Kind, tokenize

__all__ = ["Change", "one_line", "rewrite"]


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to the selectors of one metric.

    Attributes:
        prefix: put before the name of the metric.
        matchers: conditions that each selector gets, unless it has them.
    """

    prefix: str = ""
    matchers: tuple[Matcher, ...] = ()

    def applied(self, selector: Selector) -> Selector:
        """The selector after the change."""
        return Selector(self.prefix + selector.metric, selector.matchers).where(*self.matchers)


def rewrite(text: str, changes: Mapping[str, Change]) -> str:
    """Change the selectors of the metrics that `changes` names; `{{window}}` may stand in `text`.

    Raises:
        ExpressionError: the text is no PromQL.
    """
    edits = [
        edit
        for found in parse_template(text).selectors
        if found.selector.metric in changes
        for edit in _edits(found, changes[found.selector.metric])
    ]
    for offset, inserted in sorted(edits, reverse=True):
        text = text[:offset] + inserted + text[offset:]
    return text


def one_line(text: str) -> str:
    """The text without comments and with one space where there was space; strings stay.

    Raises:
        ExpressionError: a character begins no token.
    """
    number = "0" * len(WINDOW_PLACEHOLDER)  # one token, and every offset holds
    words, behind = [], 0
    for token in tokenize(at_window(text, number)):
        words += [" "] * (token.start > behind > 0)
        words.append(text[token.start : token.end])
        behind = token.end
    return "".join(words)


def _edits(found: FoundSelector, change: Change) -> list[tuple[int, str]]:
    """Insertions as (offset, text)."""
    place, edits = found.place, []
    if change.prefix and place.name is not None:
        quoted = place.name.kind is Kind.STRING
        edits.append((place.name.start + quoted, change.prefix))
    added = change.applied(found.selector).matchers[len(found.selector.matchers) :]
    if not added:
        return edits
    matchers = ",".join(f"{m.label}{m.op}{quote(m.value)}" for m in added)
    if place.inside is None:
        edits.append((place.end, f"{{{matchers}}}"))
    elif not place.inside:
        edits.append((place.end - 1, matchers))
    else:
        last = place.inside[-1]
        edits.append((last.end, matchers if last.is_symbol(",") else f",{matchers}"))
    return edits
