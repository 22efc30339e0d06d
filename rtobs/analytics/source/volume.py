"""How much a question will bring, from a few counts that the server makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rtobs.analytics.source.chunks import with_matcher
from rtobs.analytics.source.questions import Question
from rtobs.model.selector import Matcher
from rtobs.prometheus import Client

__all__ = ["Volume", "measure"]

_LOOKS: Final = 4  # instants, evenly spread, the end among them
_LONGEST_LOOK: Final = timedelta(hours=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Volume:
    """Estimated amount of data.

    Attributes:
        series: the most at one of the instants that were looked at; where there were none, and
            it is a selector, those of the whole time.
        rows: samples of the whole time.
        rate: samples a millisecond where they are densest.
    """

    series: int
    rows: int
    rate: float


def measure(
    client: Client, question: Question, start: datetime, end: datetime, step: timedelta | None
) -> Volume:
    """Count series and samples at a few instants.

    Raises:
        ServerError: the server refuses the question.
    """
    length = max(end - start, _MILLISECOND)
    instants = [end - length * look / _LOOKS for look in range(_LOOKS)]
    if step is not None:
        counts = [_count(client, f"count({question.query})", at) for at in instants]
        points = length / step + 1
        most = max(counts)
        return Volume(most, int(sum(counts) / _LOOKS * points), most / (step / _MILLISECOND))
    look = max(min(_LONGEST_LOOK, length / _LOOKS), timedelta(seconds=1))
    named = [_by_name(client, question, at) for at in instants]
    series = max(sum(count.values()) for count in named)
    if not series:  # data of a part of the time may lie between the looks
        series = len(client.series([question.query], start, end).value)
    rates = [
        _rate(client, question, (at, look), count)
        for at, count in zip(instants, named, strict=True)
    ]
    rows = sum(rates) / _LOOKS * (length / _MILLISECOND)
    return Volume(series, int(rows), max(rates))


def _by_name(client: Client, question: Question, at: datetime) -> dict[str, int]:
    """How many series of each metric there are."""
    found = client.query(f"count by (__name__) ({question.query})", at).value
    return {row.metric.get("__name__", ""): int(float(row.value[1])) for row in found}


def _rate(
    client: Client,
    question: Question,
    when: tuple[datetime, timedelta],
    count: Mapping[str, int],
) -> float:
    """Samples a millisecond, from the samples of the metric with the most series.

    Counting all at once is no way: `count_over_time` drops the name, and then two metrics with the
    same labels are one series twice, which is an error.
    """
    if not count:
        return 0.0
    at, look = when
    name = max(sorted(count), key=lambda name: count[name])
    selector = with_matcher(question.expression, Matcher("__name__", "=", name))
    window = f"{selector}[{look // _MILLISECOND}ms]"
    samples = _count(client, f"sum(count_over_time({window}))", at)
    return samples / (look / _MILLISECOND) * sum(count.values()) / count[name]


def _count(client: Client, expression: str, at: datetime) -> int:
    found = client.query(expression, at).value
    return int(float(found[0].value[1])) if found else 0
