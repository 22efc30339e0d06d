"""What to ask a server for the history of an SLO: three ways, for three kinds of servers.

`recorded` asks for the series that the rules of `rtobs generate` record, `expressions` has the
server evaluate what those rules would have recorded, and `counters` fetches the raw counters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from rtobs import conventions as names
from rtobs.analytics.source.questions import Question
from rtobs.analytics.store import Export
from rtobs.errors import ExportError
from rtobs.model.indicator import WINDOW_PLACEHOLDER, EventsIndicator, LatencyIndicator, RateSource
from rtobs.model.selector import Matcher, Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.expression import parse
from rtobs.promql.text import any_of, quote, selector_text
from rtobs.rules.indicators import IndicatorRules, bucket_and_count, indicator_rules
from rtobs.rules.reads import Reads
from rtobs.rules.recordings import TILE, identity_labels

__all__ = ["GRID", "Events", "has_counters", "has_series", "questions_of"]

GRID: Final = timedelta(minutes=1)  # the interval of the rules
_TILE: Final = timedelta(seconds=TILE.seconds)
_ALERTS: Final = "ALERTS"
_RECORDED: Final = (
    *(names.SLICE_SEEN, names.SLICE_BAD, names.TOTAL_RATE, names.BAD_RATE),
    *(names.TOTAL_TILE, names.BAD_TILE, names.error_ratio("1h"), names.PERIOD_ERROR_RATIO),
    *(names.BUDGET_REMAINING, names.COVERAGE, names.INFO, _ALERTS),
)


class Events(StrEnum):
    """Where the events of an SLO are read from."""

    RECORDED = "recorded"
    EXPRESSIONS = "expressions"
    COUNTERS = "counters"


def questions_of(slo: ResolvedSlo, events: Events) -> tuple[Question, ...]:
    """What to ask for one SLO.

    Recorded series and counters are asked for raw, expressions on a grid of `GRID`.

    Raises:
        ExportError: the SLO has no counters.
    """
    return tuple(_QUESTIONS[events](slo))


def has_counters(slo: ResolvedSlo) -> bool:
    """Whether `questions_of` has counters to ask for."""
    return any(True for _ in _counted(slo))


def has_series(export: Export, slo: ResolvedSlo, events: Events) -> bool:
    """Whether an export of this kind has events of an SLO: a total, or any of its counters."""
    if events != Events.COUNTERS:
        return not export.select(names.TOTAL_RATE, slo_id=slo.slo_id).is_empty()
    asked = (question.expression.selectors[0].selector for question in questions_of(slo, events))
    return any(not export.select(one.metric, *one.matchers).is_empty() for one in asked)


def _recorded(slo: ResolvedSlo) -> Iterator[Question]:
    chosen = (any_of("__name__", _RECORDED), Matcher(names.SLO_ID, "=", slo.slo_id))
    yield Question("{" + ",".join(f"{m.label}{m.op}{quote(m.value)}" for m in chosen) + "}")


# --- expressions ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Inlined(Reads):
    """Reads expressions where the rules read what they recorded.

    Attributes:
        known: expression of each recorded series.
    """

    known: Mapping[str, str]

    def series(self, name: str, window: str = "") -> str:
        """The expression of a series, over a window as a subquery at the interval of the rules."""
        expression = self.known.get(name, name)
        return f"({expression})[{window}:1m]" if window else f"({expression})"


def _expressions(slo: ResolvedSlo) -> Iterator[Question]:
    kind = _inlined(slo)
    labels = identity_labels(slo)
    tile = TILE.seconds
    recorded: tuple[tuple[str, str, timedelta], ...] = (
        *((name, expression, GRID) for name, expression in kind.slices),
        (names.TOTAL_RATE, kind.total, GRID),
        (names.BAD_RATE, kind.bad, GRID),
        (names.error_ratio("1h"), kind.hour, GRID),
        (names.TOTAL_TILE, f"{tile} * ({kind.total})", _TILE),
        (names.BAD_TILE, f"{tile} * ({kind.bad})", _TILE),
    )
    for name, expression, step in recorded:
        yield Question(expression, name, labels, step)


def _inlined(slo: ResolvedSlo) -> IndicatorRules:
    """The rules of the SLI without a read of recorded series.

    A slice reads the slice before it, and a total the slices, so it takes as many rounds as there
    are steps until nothing changes.
    """
    known: Mapping[str, str] = {}
    while True:
        kind = indicator_rules(slo.indicator, _Inlined(slo, known))
        found = {**dict(kind.slices), names.TOTAL_RATE: kind.total}
        if found == known:
            return kind
        known = found


# --- counters -------------------------------------------------------------------------------------
def _counters(slo: ResolvedSlo) -> Iterator[Question]:
    reads = Reads(slo)
    selectors = list(dict.fromkeys(_counted(slo)))
    if not selectors:
        raise ExportError(
            f"{slo.slo_id} counts no counters; use --events recorded, or --events expressions"
        )
    for selector in selectors:
        yield Question(selector_text(reads.grouped(selector)))


def _counted(slo: ResolvedSlo) -> Iterator[Selector]:
    match slo.indicator:
        case EventsIndicator(total=total, counted=counted):
            yield from _selectors(total)
            yield from _selectors(counted)
        case LatencyIndicator():
            yield from bucket_and_count(slo.indicator)
        case _:
            return


def _selectors(source: RateSource) -> Iterator[Selector]:
    if source.selector is not None:
        yield source.selector
        return
    text = source.expression.replace(WINDOW_PLACEHOLDER, str(TILE))
    yield from (found.selector for found in parse(text).selectors)


_QUESTIONS: Final[Mapping[Events, Callable[[ResolvedSlo], Iterator[Question]]]] = {
    Events.RECORDED: _recorded,
    Events.EXPRESSIONS: _expressions,
    Events.COUNTERS: _counters,
}
