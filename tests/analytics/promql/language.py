"""The language in which Prometheus' own tests of PromQL are written.

    load 5m
      requests{path="/foo"} 0+10x5 _ stale

    eval instant at 50m increase(requests[50m])
      {path="/foo"} 100

    eval range from 0 to 10m step 5m rate(requests[10m])
      {path="/foo"} _ 1 3

    clear

A comment `# only v2 v3` before an evaluation, which Prometheus does not read, says in which
dialects it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rtobs.analytics.dialect import Dialect

__all__ = ["Evaluation", "Labels", "Loaded", "read_cases", "seconds"]

Labels = tuple[tuple[str, str], ...]  # sorted, without the name of the metric

_LOAD: Final = re.compile(r"load (\w+)")
_INSTANT: Final = re.compile(r"eval instant at (\w+) (.+)")
_RANGE: Final = re.compile(r"eval range from (\w+) to (\w+) step (\w+) (.+)")
_SERIES: Final = re.compile(r"(?P<name>[a-z_:]\w*)?(?:\{(?P<labels>.*)\})?\s+(?P<values>.*)")
_LABEL: Final = re.compile(r'\s*(\w+)="((?:[^"\\]|\\.)*)"\s*,?')
_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|Inf)"
_ITEM: Final = re.compile(rf"(_|stale|{_NUMBER})(?:([+-]\d+(?:\.\d+)?))?(?:x(\d+))?")
_DURATION: Final = re.compile(r"(\d+)(d|h|m|s)")
_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DIALECTS: Final = frozenset(Dialect)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A series.

    Attributes:
        name: of the metric.
        labels: the others.
        step: seconds between its values.
        values: from time 0 on; None: missing, "stale": the marker.
        text: as it was written, for promtool.
    """

    name: str
    labels: Labels
    step: int
    values: Sequence[float | str | None]
    text: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An expression and what it must give.

    Attributes:
        where: file and line.
        expression: PromQL.
        start: first time, in seconds.
        end: last time.
        step: seconds.
        loaded: the series that there are.
        dialects: in which it holds.
        expected: values by labels, one for each time; None: no point.
    """

    where: str
    expression: str
    start: int
    end: int
    step: int
    loaded: tuple[Loaded, ...]
    dialects: frozenset[Dialect]
    expected: dict[Labels, list[float | None]]

    @property
    def times(self) -> range:
        """Seconds of the points."""
        return range(self.start, self.end + 1, self.step)


def seconds(text: str) -> int:
    """Length of "1h30m" or "0" in seconds."""
    return sum(int(count) * _UNITS[unit] for count, unit in _DURATION.findall(text))


def read_cases(path: Path) -> Iterator[Evaluation]:
    """The evaluations of a file, each with what was loaded before it."""
    loaded: tuple[Loaded, ...] = ()
    step = 0
    current: Evaluation | None = None
    only = _DIALECTS
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip()
        if text.startswith("# only "):
            only = frozenset(map(Dialect, text.removeprefix("# only ").split()))
        elif line.startswith(" ") and text and not text.startswith("#"):
            if current is None:
                loaded = (*loaded, _loaded(text, step))
            else:
                _, labels, values = _series(text)
                current.expected[labels] = [_plain(value) for value in values]
        elif text and not text.startswith("#"):
            if current is not None:
                yield current
            current = None
            if load := _LOAD.fullmatch(text):
                step = seconds(load[1])
            elif text == "clear":
                loaded = ()
            else:
                begun = _evaluation(text, f"{path.name}:{number}")
                current = replace(begun, loaded=loaded, dialects=only)
                only = _DIALECTS
    if current is not None:
        yield current


def _evaluation(text: str, where: str) -> Evaluation:
    if instant := _INSTANT.fullmatch(text):
        at = seconds(instant[1])
        return Evaluation(where, instant[2], at, at, 1, (), _DIALECTS, {})
    ranged = _RANGE.fullmatch(text)
    assert ranged is not None, f"{where}: {text}"
    start, end, step = (seconds(ranged[nth]) for nth in (1, 2, 3))
    return Evaluation(where, ranged[4], start, end, step, (), _DIALECTS, {})


def _loaded(text: str, step: int) -> Loaded:
    name, labels, values = _series(text)
    series, _, numbers = text.rpartition("}") if "}" in text else text.partition(" ")
    series += "}" if "}" in text else ""
    return Loaded(name, labels, step, values, (series, numbers.strip()))


def _series(text: str) -> tuple[str, Labels, list[float | str | None]]:
    match = _SERIES.fullmatch(text)
    assert match is not None, text
    labels = tuple(sorted(_LABEL.findall(match["labels"] or "")))
    values = [value for item in match["values"].split() for value in _values(item)]
    return match["name"] or "", labels, values


def _values(item: str) -> list[float | str | None]:
    match = _ITEM.fullmatch(item)
    assert match is not None, item
    first, slope, times = match.groups()
    count = int(times or 0)
    if first == "_":
        return [None] * max(count, 1)
    if first == "stale":
        return ["stale"] * max(count, 1)
    return [float(first) + nth * float(slope or 0) for nth in range(count + 1)]


def _plain(value: float | str | None) -> float | None:
    assert value != "stale"
    return None if value is None else float(value)
