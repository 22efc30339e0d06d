"""What a program puts on its page of metrics: the text formats of Prometheus and OpenMetrics.

Both formats are read by one grammar. They differ in names: OpenMetrics declares a counter without
its `_total` and ends with `# EOF`. Families get the names that the catalogue uses, which are those
that queries use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

__all__ = ["UNTYPED", "Exposition", "Family", "joined", "read_exposition"]

UNTYPED: Final = "unknown"

_BOUND: Final = "le"
_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?[Ii]nf|[Nn]a[Nn]"
_TYPE: Final = re.compile(rf"#[ \t]+TYPE[ \t]+({_NAME}|{_QUOTED})[ \t]+([a-z]+)[ \t]*")
_START: Final = re.compile(rf"({_NAME})?[ \t]*(\{{)?")
_ITEM: Final = re.compile(
    rf"[ \t]*(?P<name>{_NAME}|{_QUOTED})[ \t]*(?:=[ \t]*(?P<value>{_QUOTED})[ \t]*)?(?:,|(?=\}}))"
)
_CLOSE: Final = re.compile(r"[ \t]*\}")
_REST: Final = re.compile(rf"[ \t]*(?:{_NUMBER})(?:[ \t]+{_NUMBER})?[ \t]*(?:#[ \t]*\{{.*)?")
_ESCAPE: Final = re.compile(r"\\(.)")
_UNESCAPED: Final = {"n": "\n"}
_WORDS: Final = {"untyped": UNTYPED}
# Endings of series, and the types whose families have such series.
_ENDINGS: Final = {
    "_bucket": ("histogram",),
    "_sum": ("histogram", "summary"),
    "_count": ("histogram", "summary"),
    "_created": ("histogram", "summary", "counter"),
    "_total": ("counter",),
    "_info": ("info",),
}
_IN_NAME: Final = {"counter": "_total", "info": "_info"}

Labels = list[tuple[str, str]]


@dataclass(slots=True)
class Family:
    """One metric family of a page.

    Attributes:
        name: as in the catalogue: with `_total` for counters that have it, without the endings
            of a histogram's or summary's series.
        type: word of the format, `UNTYPED` when none is declared.
        labels: values seen, by label, empty ones included; without the `le` of buckets.
        bounds: bucket bounds as on the wire, in the order of the page, +Inf included.
        samples: number of samples.
    """

    name: str
    type: str
    labels: dict[str, set[str]] = field(default_factory=dict)
    bounds: dict[str, None] = field(default_factory=dict)
    samples: int = 0

    def add(self, series: str, labels: Labels) -> None:
        """Count one sample of a series of the family."""
        self.samples += 1
        for name, value in labels:
            if name == _BOUND and series.endswith("_bucket"):
                self.bounds[value] = None
            else:
                self.labels.setdefault(name, set()).add(value)

    def absorb(self, other: Family) -> None:
        """Add what another family has seen."""
        self.samples += other.samples
        self.bounds |= other.bounds
        for name, values in other.labels.items():
            self.labels.setdefault(name, set()).update(values)


@dataclass(frozen=True, slots=True)
class Exposition:
    """The families of one or more pages, by name."""

    families: Mapping[str, Family]

    @property
    def typed(self) -> bool:
        """Whether the page declares types; one of federation does not."""
        return any(family.type != UNTYPED for family in self.families.values())


def read_exposition(text: str) -> Exposition:
    """The families of a page.

    Args:
        text: the page, in the text format of Prometheus or of OpenMetrics.

    Raises:
        ValueError: a line is neither; with its number.
    """
    page = _Page()
    for number, line in enumerate(text.split("\n"), start=1):
        if line == "# EOF":
            return page.exposition(open_metrics=True)
        try:
            page.read(line.strip(" \t\r"))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    return page.exposition(open_metrics=False)


def joined(pages: Iterable[Exposition]) -> Exposition:
    """All pages as one: several processes or paths that together are a component."""
    return reduce(_join, pages, Exposition({}))


def _join(first: Exposition, second: Exposition) -> Exposition:
    families: dict[str, Family] = {}
    for family in (*first.families.values(), *second.families.values()):
        families.setdefault(family.name, Family(family.name, family.type)).absorb(family)
    return Exposition(families)


class _Page:
    """Collects the families of one page line by line."""

    def __init__(self) -> None:
        self._types: dict[str, str] = {}
        self._families: dict[str, Family] = {}

    def read(self, line: str) -> None:
        if line.startswith("#"):
            declared = _TYPE.fullmatch(line)
            if declared:
                kind = declared[2]
                self._types[_plain(declared[1])] = _WORDS.get(kind, kind)
        elif line:
            series, labels = _sample(line)
            name, kind = self._family_of(series)
            self._families.setdefault(name, Family(name, kind)).add(series, labels)

    def _family_of(self, series: str) -> tuple[str, str]:
        """Name and type of the family that a series belongs to."""
        if series in self._types:
            return series, self._types[series]
        for ending, kinds in _ENDINGS.items():
            base = series.removesuffix(ending)
            kind = self._types.get(base, "") if base != series else ""
            if kind in kinds:
                return f"{base}{_IN_NAME.get(kind, '')}", kind
        return series, UNTYPED

    def exposition(self, *, open_metrics: bool) -> Exposition:
        """The families, those that are declared and have no samples included."""
        for base, kind in self._types.items():
            named = f"{base}{_IN_NAME.get(kind, '')}"
            if named not in self._families:
                name = named if open_metrics else base
                self._families.setdefault(name, Family(name, kind))
        return Exposition(_folded(self._families))


def _folded(families: Mapping[str, Family]) -> dict[str, Family]:
    """Families with the series of undeclared histograms put together, as federation leaves them."""
    folded = dict(families)
    for name, family in families.items():
        base = name.removesuffix("_bucket")
        if base == name or not family.bounds or family.type != UNTYPED:
            continue
        whole = folded.setdefault(base, Family(base, UNTYPED))
        for ending in ("_bucket", "_sum", "_count"):
            part = folded.pop(f"{base}{ending}", None)
            if part is not None:
                whole.absorb(part)
    return folded


def _sample(line: str) -> tuple[str, Labels]:
    """Series name and labels of a sample.

    Raises:
        ValueError: it is no sample.
    """
    start = _START.match(line)
    name = start[1] if start else None
    at = start.end() if start else 0
    labels: Labels = []
    if start and start[2]:
        quoted, labels, at = _labels(line, at)
        name = name or quoted
    if not name or not _REST.fullmatch(line, at):
        raise ValueError(f'"{line[:60]}" is no sample')
    return name, labels


def _labels(line: str, at: int) -> tuple[str | None, Labels, int]:
    """The quoted name of the metric if it stands in the braces, the labels, where they end."""
    name = None
    labels: Labels = []
    while item := _ITEM.match(line, at):
        at = item.end()
        word, value = _plain(item["name"]), item["value"]
        if value is not None:
            labels.append((word, _plain(value)))
        elif name is None and item["name"].startswith('"'):
            name = word
        else:
            raise ValueError(f'the label "{word}" has no value')
    close = _CLOSE.match(line, at)
    if close is None:
        raise ValueError(f'the labels of "{line[:60]}" do not end')
    return name, labels, close.end()


def _plain(text: str) -> str:
    """A name or value without quotes and escapes."""
    if not text.startswith('"'):
        return text
    inner = text[1:-1]
    return _ESCAPE.sub(lambda m: _UNESCAPED.get(m[1], m[1]), inner) if "\\" in inner else inner
