"""Values of a series in promtool's notation: `a+bxn`, and `_xn` where there is no sample."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rtobs.model.number import decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rtobs.proof.flows import Flow
    from rtobs.proof.incidents import Episode

__all__ = ["flow_values", "held_values"]

_GRAIN: Final = 1024  # parts of an event


def flow_values(flow: Flow, episodes: Sequence[Episode], per_minute: int) -> str:
    """Samples of a raw series through a story, the first one at minute 0.

    Args:
        flow: the series.
        episodes: the story.
        per_minute: samples a minute.
    """
    course = _Course(flow.good, flow.bad, flow.role)
    write = _counter if flow.counter else _gauge
    return write(course, tuple(episodes), per_minute)


@dataclass(frozen=True, slots=True)
class _Course:
    """What the values of a series depend on; replicas and groups share them."""

    good: Fraction
    bad: Fraction
    role: str


@lru_cache(maxsize=4096)
def _counter(flow: _Course, episodes: tuple[Episode, ...], per_minute: int) -> str:
    parts: list[str] = []
    level = Fraction(0)
    born = flow.role not in ("bad", "good")
    first = True
    for episode in episodes:
        count = episode.minutes * per_minute
        born = born or (episode.bad if flow.role == "bad" else episode.total - episode.bad) > 0
        if _gone(flow, episode) or not born:
            parts.append(f"_x{count + first}")
            first, level = False, Fraction(0)
            continue
        good = episode.total - episode.bad
        increase = _dyadic((flow.good * good + flow.bad * episode.bad) / per_minute)
        if first:
            parts.append(f"0+{_text(increase)}x{count}")
            level, first = increase * count, False
            continue
        start = increase if episode.restart else level + increase
        parts.append(f"{_text(start)}+{_text(increase)}x{count - 1}")
        level = start + increase * (count - 1)
    return " ".join(parts)


def _dyadic(increase: Fraction) -> Fraction:
    """An increase that floats add up exactly: a sum that rounds down reads as a counter reset."""
    return Fraction(round(increase * _GRAIN), _GRAIN)


@lru_cache(maxsize=4096)
def _gauge(flow: _Course, episodes: tuple[Episode, ...], per_minute: int) -> str:
    parts: list[str] = []
    for index, episode in enumerate(episodes):
        count = episode.minutes * per_minute + (index == 0)
        if _gone(flow, episode):
            parts.append(f"_x{count}")
        else:
            parts.append(f"{_text(flow.bad if episode.bad else flow.good)}+0x{count - 1}")
    return " ".join(parts)


def _gone(flow: _Course, episode: Episode) -> bool:
    return flow.role != "alien" and episode.gone in ("all", flow.role)


def held_values(runs: Iterable[tuple[int, int, Fraction]]) -> str:
    """Samples of a recorded series from (first grid index, length, value), ascending.

    Neighbouring runs of one value are folded; between runs there is nothing, nor at index 0.
    """
    parts: list[str] = []
    position = 0
    for start, length, value in _folded(runs):
        if start > position:
            parts.append(f"_x{start - position}")
        text = _text(value)
        parts.append(text if length == 1 else f"{text}+0x{length - 1}")
        position = start + length
    return " ".join(parts)


def _folded(runs: Iterable[tuple[int, int, Fraction]]) -> Iterator[tuple[int, int, Fraction]]:
    pending: tuple[int, int, Fraction] | None = None
    for start, length, value in runs:
        if pending and start == pending[0] + pending[1] and value == pending[2]:
            pending = (pending[0], pending[1] + length, value)
            continue
        if pending:
            yield pending
        pending = (start, length, value)
    if pending:
        yield pending


def _text(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else decimal_text(value)
