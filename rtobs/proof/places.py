"""Labels of the series that selectors read, with groups told apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rtobs.model.selector import Matcher, Selector
from rtobs.promql.text import selector_text
from rtobs.proof.algebra import NotDerivableError
from rtobs.proof.samples import satisfies, values_for

__all__ = ["KnownValues", "Place", "group_labels"]

# By (metric, label): the closed list of values that the catalogue knows.
KnownValues = Mapping[tuple[str, str], tuple[str, ...]]

_GROUP_NAMES: Final = ("alpha", "beta")


@dataclass(frozen=True, slots=True)
class Place:
    """Fixed labels of one group, and the known values of all labels."""

    fixed: Mapping[str, str]
    known: KnownValues

    def labels(
        self, selector: Selector, avoid: Sequence[Matcher] = ()
    ) -> tuple[tuple[str, str], ...]:
        """Labels of a series that the selector reads and that fails one condition of `avoid`."""
        chosen: dict[str, str] = {}
        for label, conditions in _by_label(selector.matchers).items():
            chosen[label] = self._value(selector.metric, label, conditions)
        if avoid:
            label, value = self._violation(selector, avoid)
            chosen[label] = value
        present = {**chosen, **self.fixed}
        return tuple(sorted((label, value) for label, value in present.items() if value))

    def _value(self, metric: str, label: str, conditions: Sequence[Matcher]) -> str:
        if label in self.fixed:
            return self.fixed[label]
        value = next(values_for(conditions, self.known.get((metric, label), ())), None)
        if value is None:
            shown = selector_text(Selector(metric, tuple(conditions)))
            raise NotDerivableError(f"no value was found for {label} that {shown} accepts")
        return value

    def _violation(self, selector: Selector, avoid: Sequence[Matcher]) -> tuple[str, str]:
        for matcher in avoid:
            if matcher in selector.matchers or matcher.label in self.fixed:
                continue
            conditions = _by_label(selector.matchers).get(matcher.label, ())
            known = self.known.get((selector.metric, matcher.label), ())
            for value in values_for(conditions, known):
                if not satisfies(value, matcher):
                    return matcher.label, value
        shown = selector_text(Selector(selector.metric, tuple(avoid)))
        raise NotDerivableError(f"every series that it reads also matches {shown}")


def _by_label(matchers: Iterable[Matcher]) -> dict[str, tuple[Matcher, ...]]:
    grouped: dict[str, tuple[Matcher, ...]] = {}
    for matcher in matchers:
        grouped[matcher.label] = (*grouped.get(matcher.label, ()), matcher)
    return grouped


def group_labels(
    group_by: tuple[str, ...], selectors: Sequence[Selector], known: KnownValues
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Labels of two groups that differ in one label; of one where the selectors allow no more."""
    if not group_by:
        return ((),)
    choices = []
    for label in group_by:
        conditions = tuple(
            dict.fromkeys(m for s in selectors for m in s.matchers if m.label == label)
        )
        closed = next((known[s.metric, label] for s in selectors if (s.metric, label) in known), ())
        found = list(_values_of_group((*conditions, Matcher(label, "!=", "")), closed))
        if not found:
            raise NotDerivableError(f"no value was found for the group {label}")
        choices.append(found)
    first = tuple((label, values[0]) for label, values in zip(group_by, choices, strict=True))
    for index, (label, values) in enumerate(zip(group_by, choices, strict=True)):
        if len(values) > 1:
            return first, (*first[:index], (label, values[1]), *first[index + 1 :])
    return (first,)


def _values_of_group(conditions: Sequence[Matcher], closed: Sequence[str]) -> Iterator[str]:
    found: dict[str, None] = {}
    for name in _GROUP_NAMES:
        for value in values_for(conditions, closed, suffix=name):
            if value not in found:
                found[value] = None
                break
    return iter(found)
