"""What the checks look at: one SLO with everything that it reads, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rtobs.catalogue.facts import Metric, MetricType
from rtobs.documents import Path_
from rtobs.model.selector import Matcher
from rtobs.problems import Location
from rtobs.promql.expression import Expression, ExpressionError, FoundSelector, parse_template
from rtobs.promql.layout import matchers_inside
from rtobs.promql.tokens import Token
from rtobs.slo.checks.places import inside
from rtobs.slo.matchers import matcher
from rtobs.slo.reading import Setting, Source
from rtobs.slo.schema import EventsSli, SloEntry
from rtobs.slo.scope import Scope

__all__ = ["Condition", "Read", "Role", "Subject", "Text", "is_counted", "subject_of"]

_SCRAPE_SERIES: Final = frozenset(
    {
        *("up", "scrape_duration_seconds", "scrape_samples_scraped"),
        *("scrape_samples_post_metric_relabeling", "scrape_series_added"),
    }
)


class Role(StrEnum):
    """What an expression stands for."""

    TOTAL = "total"
    BAD = "bad"
    GOOD = "good"
    SLICE = "timeslice"
    PROBE = "probe"
    RAW = "raw"

    @property
    def is_windowed(self) -> bool:
        """Whether `{{window}}` stands for its range."""
        return self not in (Role.SLICE, Role.PROBE)

    @property
    def is_events(self) -> bool:
        """Whether it is a rate of events."""
        return self in (Role.TOTAL, Role.BAD, Role.GOOD)


@dataclass(frozen=True, slots=True)
class Text:
    """An expression of the definition.

    Attributes:
        role: what it stands for.
        path: where it stands in the document.
        text: as the user wrote it.
        parsed: its content, or why it has none.
    """

    role: Role
    path: Path_
    text: str
    parsed: Expression | ExpressionError

    @property
    def expression(self) -> Expression | None:
        """Its content, None when it cannot be read."""
        return self.parsed if isinstance(self.parsed, Expression) else None


@dataclass(frozen=True, slots=True)
class Condition:
    """A matcher that the user wrote, with the places of its label and of its value."""

    matcher: Matcher
    label_at: Location
    value_at: Location


@dataclass(frozen=True, slots=True)
class Read:
    """One metric that an SLO reads.

    Attributes:
        metric: name of the series.
        place: where the name stands.
        conditions: what the user demands of its labels.
        found: the selector of an expression, None for a name that is given as such.
    """

    metric: str
    place: Location
    conditions: tuple[Condition, ...]
    found: FoundSelector | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One SLO of a definition, ready to be checked.

    Attributes:
        source: the file.
        setting: what it is checked against.
        scope: the component as it is deployed, with the service's matchers.
        entry: the SLO.
        path: where the SLO stands.
        texts: its expressions.
        reads: every metric that it reads.
    """

    source: Source
    setting: Setting
    scope: Scope
    entry: SloEntry
    path: Path_
    texts: tuple[Text, ...]
    reads: tuple[Read, ...]

    def at(self, *path: str | int, key: bool = False) -> Location:
        """Place of a value of the SLO, or of its key."""
        return self.source.document.locate((*self.path, *path), key=key)

    def within(self, text: Text, offset: int | None, width: int = 1) -> Location:
        """Place of a character of an expression."""
        return inside(self.source.document, text.path, offset, width)

    def expressions(self) -> Iterator[tuple[Text, Expression]]:
        """The expressions that can be read."""
        for text in self.texts:
            if text.expression is not None:
                yield text, text.expression

    def is_site_wide(self, series: str) -> bool:
        """Whether a series comes from the scrape or the site's prober, not from a component."""
        return series in _SCRAPE_SERIES or series == self.setting.site.probe_metric

    def family(self, read: Read) -> Metric | None:
        """The family of what is read, where it is known; named metrics are the component's own."""
        if self.is_site_wide(read.metric):
            return None
        own = self.scope.component.metric(read.metric)
        return own if read.found is None else self.metric(read.metric)

    def metric(self, series: str) -> Metric | None:
        """The family of a series: the component's, else that of any other component."""
        own = self.scope.component.metric(series)
        components = self.setting.catalogue.components.values()
        others = (component.metric(series) for component in components)
        return own or next((metric for metric in others if metric is not None), None)


def subject_of(source: Source, setting: Setting, scope: Scope, index: int) -> Subject:
    """The SLO at `index` of a definition."""
    entry, path = source.definition.slos[index], ("slos", index)
    texts = tuple(_texts(entry, (*path, "sli")))
    reads = (*_named(source, entry, (*path, "sli")), *_found(source, texts))
    return Subject(source, setting, scope, entry, path, texts, reads)


def is_counted(metric: Metric, series: str) -> bool:
    """Whether a series is a running total: a counter, or a part of a histogram or a summary."""
    parts = metric.type in (MetricType.HISTOGRAM, MetricType.SUMMARY) and series != metric.name
    return parts or metric.type is MetricType.COUNTER


# --- expressions ----------------------------------------------------------------------------------
def _texts(entry: SloEntry, path: Path_) -> Iterator[Text]:
    for role, inner, text in _written(entry):
        try:
            parsed: Expression | ExpressionError = parse_template(text)
        except ExpressionError as error:
            parsed = error
        yield Text(role, (*path, *inner), text, parsed)


def _written(entry: SloEntry) -> Iterator[tuple[Role, Path_, str]]:
    sli = entry.sli
    if sli.events is not None:
        for role in (Role.TOTAL, Role.BAD, Role.GOOD):
            side = getattr(sli.events, role)
            if isinstance(side, str):
                yield role, ("events", role.value), side
    if sli.timeslice is not None:
        yield Role.SLICE, ("timeslice", "expr"), sli.timeslice.expr
    if sli.probe is not None and sli.probe.expr is not None:
        yield Role.PROBE, ("probe", "expr"), sli.probe.expr
    if sli.raw is not None:
        yield Role.RAW, ("raw", "errorRatio"), sli.raw.error_ratio


def _found(source: Source, texts: tuple[Text, ...]) -> Iterator[Read]:
    for text in texts:
        for found in text.expression.selectors if text.expression else ():
            name = found.place.name
            offset = name.start if name else found.start
            width = len(name.text) if name else 1
            place = inside(source.document, text.path, offset, width)
            conditions = tuple(_conditions_of(source, text, found, place))
            yield Read(found.selector.metric, place, conditions, found)


def _conditions_of(
    source: Source, text: Text, found: FoundSelector, place: Location
) -> Iterator[Condition]:
    """The matchers of a selector, placed by the tokens between its braces."""

    def at(token: Token) -> Location:
        return inside(source.document, text.path, token.start, len(token.text))

    written = [tokens for tokens in matchers_inside(found.place.inside or ()) if len(tokens) > 1]
    names = [tokens for tokens in written if found.place.name not in tokens]
    for index, one in enumerate(found.selector.matchers):
        tokens = names[index] if len(names) == len(found.selector.matchers) else ()
        yield (
            Condition(one, at(tokens[0]), at(tokens[-1]))
            if tokens
            else Condition(one, place, place)
        )


# --- names that are given as such -----------------------------------------------------------------
def _named(source: Source, entry: SloEntry, path: Path_) -> Iterator[Read]:
    sli = entry.sli
    if sli.events is not None and sli.events.metric is not None:
        yield from _of_events(source, sli.events, (*path, "events"))
    if sli.latency is not None:
        at = (*path, "latency")
        place = source.document.locate((*at, "histogram"))
        conditions = _conditions(source, sli.latency.select, (*at, "select"))
        yield Read(sli.latency.histogram, place, conditions)
    if sli.probe is not None and sli.probe.up is not None:
        place = source.document.locate((*path, "probe", "up"), key=True)
        yield Read("up", place, _conditions(source, sli.probe.up, (*path, "probe", "up")))


def _of_events(source: Source, sli: EventsSli, path: Path_) -> Iterator[Read]:
    shared = _conditions(source, sli.select, (*path, "select"))
    yield Read(sli.metric or "", source.document.locate((*path, "metric")), shared)
    for side, metric, key in (
        (sli.bad, sli.bad_metric, "bad"),
        (sli.good, sli.good_metric, "good"),
    ):
        own = side if isinstance(side, dict) else {}
        if metric is None and not own:
            continue
        at = "metric" if metric is None else f"{key}Metric"
        conditions = (*shared, *_conditions(source, own, (*path, key)))
        yield Read(metric or sli.metric or "", source.document.locate((*path, at)), conditions)


def _conditions(source: Source, select: dict[str, str], path: Path_) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            matcher(label, text),
            source.document.locate((*path, label), key=True),
            source.document.locate((*path, label)),
        )
        for label, text in select.items()
    )
