"""The past of a Prometheus: blocks of samples, cut as after a month of running.

A block is written by `promtool tsdb create-blocks-from openmetrics`, which reads its whole input
once a block; so each block gets a file of its own, and only one file is there at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers import Release, ServerError, promtool

__all__ = ["HOUR", "Past", "fill", "lines", "spans"]

HOUR: Final = 3600
# Levels of Prometheus's own compaction; its blocks begin at multiples of their length.
_YOUNG: Final = 18 * HOUR
_OLD: Final = 54 * HOUR
_SECONDS_A_BLOCK: Final = 300.0


@dataclass(frozen=True, slots=True)
class Past:
    """Series that share their values, sampled until now.

    Attributes:
        series: each with its labels, as PromQL writes it.
        step: seconds between samples.
        seconds: how far back they reach.
        value: the sample at a Unix time.
    """

    series: Sequence[str]
    step: int
    seconds: int
    value: Callable[[int], float]


def fill(storage: Path, pasts: Sequence[Past], now: int) -> int:
    """Write the blocks of all series up to now.

    Args:
        storage: folder of the blocks, not yet used by a server.
        pasts: the series.
        now: Unix time in seconds.

    Returns:
        How many samples there are.

    Raises:
        ServerError: promtool refuses them.
    """
    samples = 0
    start = now - max(past.seconds for past in pasts)
    text = storage / "block.om"
    for begin, end in spans(start, now, now - 3 * 24 * HOUR):
        with text.open("w", encoding="utf-8") as file:
            for past in pasts:
                for block in lines(past, max(begin, now - past.seconds), end):
                    file.write(block)
                    samples += block.count("\n")
            file.write("# EOF\n")
        _create_block(text, storage)
    text.unlink()
    return samples


def spans(start: int, end: int, young_from: int) -> Iterator[tuple[int, int]]:
    """Time ranges [begin, end) of blocks, in order: long while they are old, short afterwards.

    Args:
        start: Unix time in seconds that the first one holds.
        end: where the last one is cut off.
        young_from: no long one reaches beyond this time.
    """
    at = start // _OLD * _OLD
    while at < end:
        length = _OLD if at % _OLD == 0 and at + _OLD <= young_from else _YOUNG
        if at + length > start:
            yield max(at, start), min(at + length, end)
        at += length


def lines(past: Past, begin: int, end: int) -> Iterator[str]:
    """OpenMetrics lines of the samples within [begin, end), one text a series."""
    first = -(-begin // past.step) * past.step
    tails = [f" {past.value(at)!r} {at}\n" for at in range(first, end, past.step)]
    if tails:
        # Joined at once, since a Python loop over all samples would take minutes.
        yield from (series + series.join(tails) for series in past.series)


def _create_block(text: Path, storage: Path) -> None:
    length = f"--max-block-duration={_OLD // HOUR}h"
    done = promtool(
        *("tsdb", "create-blocks-from", "openmetrics", "--quiet", length, text, storage),
        release=Release.NEWEST,
        seconds=_SECONDS_A_BLOCK,
    )
    if done.returncode != 0:
        raise ServerError(f"promtool refused the samples: {done.stderr.strip()}")
