"""Which series the rules of an SLO read, and which of them a service does not emit."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Final

from rtobs.contract.translation import Series
from rtobs.model.indicator import LatencyIndicator
from rtobs.model.selector import Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import le_matcher, selector_text
from rtobs.proof.samples import matches
from rtobs.proof.series import reads_of

__all__ = ["missed"]

_SHOWN: Final = 5
_ALIKE: Final = 0.75  # of the characters; below it names have nothing to do with each other


def missed(slo: ResolvedSlo, emitted: Collection[Series]) -> tuple[str, ...]:
    """What the rules read and nobody emits: a line each, with what comes closest."""
    return tuple(
        line
        for selector in dict.fromkeys(_reads(slo))
        if not _selects(selector, emitted)
        for line in (f"  {selector_text(selector)}", *_closest(selector, emitted))
    )


def _reads(slo: ResolvedSlo) -> Iterator[Selector]:
    """Every selector, that of the buckets with the bound of the threshold."""
    indicator = slo.indicator
    for selector in reads_of(indicator):
        if isinstance(indicator, LatencyIndicator) and selector.metric.endswith("_bucket"):
            yield selector.where(le_matcher(indicator.le))
        else:
            yield selector


def _selects(selector: Selector, emitted: Collection[Series]) -> bool:
    return any(
        series.name == selector.metric and matches(dict(series.labels), selector.matchers)
        for series in emitted
    )


def _closest(selector: Selector, emitted: Collection[Series]) -> Iterator[str]:
    """Series of that name whose labels differ, else names that look like it."""
    same = sorted(series.labels for series in emitted if series.name == selector.metric)
    asked = {matcher.label for matcher in selector.matchers}
    shown = dict.fromkeys(
        ", ".join(f'{name}="{value}"' for name, value in labels if name in asked) for labels in same
    )
    for labels in list(shown)[:_SHOWN]:
        yield f"    emitted: {selector.metric}{{{labels}}}"
    if not same:
        names = sorted({series.name for series in emitted})
        close = difflib.get_close_matches(selector.metric, names, n=_SHOWN, cutoff=_ALIKE)
        yield f"    emitted: {', '.join(close or names) or 'nothing'}"
