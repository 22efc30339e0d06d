"""What a dashboard says, as values: queries, units, thresholds, words. Not how it looks.

Python fills these values; the jsonnet library turns them into Grafana's JSON. Every text is
finished here, numbers in texts included, because jsonnet prints floats with noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from rtobs.errors import GenerationError

__all__ = [
    "Annotation",
    "Column",
    "DashboardSpec",
    "Kind",
    "Link",
    "Look",
    "Panel",
    "Query",
    "Row",
    "SeriesStyle",
    "Size",
    "Source",
    "Threshold",
    "Tone",
    "ValueText",
    "Variable",
    "explain",
    "panel_id",
    "plain",
]

_ID_BITS: Final = 0x7FFF_FFFF


class Kind(StrEnum):
    """Kinds of panel that the jsonnet library draws."""

    STAT = "stat"
    TIME_SERIES = "timeSeries"
    TABLE = "table"
    STATE_TIMELINE = "stateTimeline"
    TEXT = "text"
    LOGS = "logs"
    TRACES = "traces"


class Size(StrEnum):
    """Room that a panel asks for; the jsonnet library knows what it means in columns."""

    TILE = "tile"
    BAND = "band"
    HALF = "half"
    WIDE = "wide"
    FULL = "full"
    STRIP = "strip"
    THIRD = "third"


class Source(StrEnum):
    """Kinds of data source; each has one variable of the name `<kind>_datasource`."""

    PROMETHEUS = "prometheus"
    LOKI = "loki"
    TEMPO = "tempo"


class Look(StrEnum):
    """How a series is drawn; all but the last two are dashed lines."""

    IDEAL = "ideal"
    BUDGET = "budget"
    PAGE_LIMIT = "pageLimit"
    TICKET_LIMIT = "ticketLimit"
    GOOD = "good"
    BAD = "bad"


class Tone(StrEnum):
    """What a value means; the jsonnet library gives each tone one colour everywhere."""

    GOOD = "good"
    NOTICE = "notice"
    WARNING = "warning"
    BAD = "bad"
    NEUTRAL = "neutral"
    MUTED = "muted"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Threshold:
    """From this value on the tone holds; None is the start of the scale."""

    tone: Tone
    at: float | None = None


@dataclass(frozen=True, slots=True)
class ValueText:
    """Words that replace a value.

    Attributes:
        text: the words.
        tone: their tone.
        start: first value that is replaced, None for no lower end.
        end: last value that is replaced, None for no upper end.
        missing: replaces null and NaN; `start` and `end` are then ignored.
    """

    text: str
    tone: Tone
    start: float | None = None
    end: float | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a panel, a cell or a dashboard; the URL may hold Grafana's variables."""

    title: str
    url: str
    new_tab: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel.

    Attributes:
        ref: short name, unique in the panel; table columns refer to it.
        text: PromQL, LogQL or TraceQL with Grafana's variables.
        legend: name of each series with `{{label}}` places.
        instant: one value at the end of the time range instead of a series.
        source: kind of data source.
    """

    ref: str
    text: str
    legend: str = ""
    instant: bool = False
    source: Source = Source.PROMETHEUS


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        field: a label, or the `ref` of the query whose value it shows.
        title: heading.
        value: whether `field` is a query's ref.
        unit: Grafana unit id.
        decimals: digits after the point.
        thresholds: tones by value.
        texts: words instead of values.
        link: where a click leads.
        cell: text, coloured-text, coloured (ground) or gauge.
        width: pixels, 0 for what is left.
        minimum: start of a gauge.
        maximum: end of a gauge.
    """

    field: str
    title: str
    value: bool = True
    unit: str = "none"
    decimals: int | None = None
    thresholds: tuple[Threshold, ...] = ()
    texts: tuple[ValueText, ...] = ()
    link: Link | None = None
    cell: str = "text"
    width: int = 0
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """How the series of one query is drawn."""

    ref: str
    look: Look


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        key: name within its dashboard; the panel's id is made of it, so it never changes.
        kind: kind of panel.
        size: room that it asks for.
        title: heading, unique in the dashboard.
        description: what it shows, what good looks like, what to do.
        queries: its queries, in drawing order.
        unit: Grafana unit id.
        decimals: digits after the point, None for Grafana's choice.
        minimum: lower end of the scale.
        maximum: upper end of the scale.
        no_value: words for no data.
        thresholds: tones by value.
        texts: words instead of values.
        columns: columns of a table, in order.
        sort_by: title of the column that a table is sorted by.
        descending: whether the largest value comes first.
        link: where a click on a value leads.
        period: time range of its own, such as "30d" or "$window".
        stacked: whether series are stacked.
        styles: looks of single series.
        content: Markdown of a text panel.
    """

    key: str
    kind: Kind
    size: Size
    title: str
    description: str
    queries: tuple[Query, ...] = ()
    unit: str = "none"
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    no_value: str = "no data"
    thresholds: tuple[Threshold, ...] = ()
    texts: tuple[ValueText, ...] = ()
    columns: tuple[Column, ...] = ()
    sort_by: str = ""
    descending: bool = False
    link: Link | None = None
    period: str = ""
    stacked: bool = False
    styles: tuple[SeriesStyle, ...] = ()
    content: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that stand together; without a title they stand without a heading."""

    key: str
    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a dashboard.

    Attributes:
        name: as queries and links use it.
        label: as people see it.
        source: for a variable that chooses a data source, its kind; else None.
        query: for a variable with values from Prometheus, where they come from.
        regex: what of each value is kept.
        current: value before anybody chose one; ignored when `everything` is given.
        everything: what "All" stands for, "" when one value must be chosen.
        several: whether more than one value can be chosen.
        hidden: whether people see it.
    """

    name: str
    label: str
    source: Source | None = None
    query: str = ""
    regex: str = ""
    current: str = ""
    everything: str = ""
    several: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """Events drawn over every graph: the PromQL is 1 while the event lasts."""

    name: str
    text: str
    title: str
    tone: Tone
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DashboardSpec:
    """A dashboard.

    Attributes:
        uid: identity in Grafana; links and bookmarks use it, so it never changes.
        folder: folder in Grafana and below `dashboards/`.
        title: heading, unique in the folder.
        description: the question that it answers.
        tags: the first is common to all our dashboards and makes the drop-down link.
        variables: in the order of the top bar.
        rows: from top to bottom.
        annotations: events drawn over graphs.
        links: links beside the drop-down.
        span: time range before anybody chose one.
        refresh: how often it reloads, "" for never.
    """

    uid: str
    folder: str
    title: str
    description: str
    tags: tuple[str, ...]
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Link, ...] = ()
    span: str = "6h"
    refresh: str = "1m"

    def panels(self) -> Iterator[Panel]:
        """All panels, from top to bottom."""
        for row in self.rows:
            yield from row.panels


def explain(shows: str, good: str, act: str) -> str:
    """The three sentences that every panel owes its reader."""
    return f"{shows}\n\n**Good:** {good}\n\n**If not:** {act}"


def panel_id(uid: str, key: str) -> int:
    """A number in 1..2^31-1 that depends on the panel's key only, never on its place."""
    digest = hashlib.sha256(f"{uid}/{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & _ID_BITS or 1


def plain(spec: DashboardSpec) -> dict[str, Any]:
    """The value that the jsonnet library reads: the spec with the ids of its panels.

    Raises:
        GenerationError: two panels or rows share a key, a title or an id.
    """
    _refuse_twins(spec)
    document = asdict(spec)
    for row in document["rows"]:
        row["id"] = panel_id(spec.uid, f"row:{row['key']}")
        for panel in row["panels"]:
            panel["id"] = panel_id(spec.uid, panel["key"])
    return document


def _refuse_twins(spec: DashboardSpec) -> None:
    keys = [panel.key for panel in spec.panels()]
    titles = [panel.title for panel in spec.panels()]
    names = [*keys, *(f"row:{row.key}" for row in spec.rows)]
    ids = [str(panel_id(spec.uid, name)) for name in names]
    for what, values in (("key", names), ("title", titles), ("id", ids)):
        twins = sorted({value for value in values if values.count(value) > 1})
        if twins:
            raise GenerationError(f"dashboard {spec.uid}: two panels share the {what} {twins[0]!r}")
