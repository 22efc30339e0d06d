"""A random past, as SAMPLES and SERIES and as blocks that a real Prometheus reads.

Scrapes that come late or not at all, counters that start, end and fall, values that are no numbers:
what the functions must agree on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rtobs.analytics.frames import SAMPLES, SERIES
from tests.servers.parts import Release
from tests.servers.prometheus import promtool

BEGIN: Final = datetime(2025, 3, 1, tzinfo=UTC)
_BEGIN_MS: Final = int(BEGIN.timestamp()) * 1000
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series.

    Attributes:
        metric: its name.
        labels: the others.
        ts: milliseconds since 1970.
        values: the samples.
    """

    metric: str
    labels: Mapping[str, str]
    ts: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Past:
    """All series, in the order of their series_id."""

    lines: Sequence[Line]

    def samples(self, metric: str) -> pl.DataFrame:
        """SAMPLES of a metric."""
        frames = [
            pl.DataFrame(
                {"series_id": [nth] * len(line.ts), "ts": line.ts, "value": line.values},
                schema_overrides={"series_id": pl.UInt32},
            ).with_columns(pl.col("ts").cast(SAMPLES.columns["ts"]))
            for nth, line in enumerate(self.lines)
            if line.metric == metric
        ]
        return pl.concat(frames)

    @property
    def series(self) -> pl.DataFrame:
        """SERIES of everything."""
        rows = {
            "series_id": range(len(self.lines)),
            "fingerprint": [""] * len(self.lines),
            "metric": [line.metric for line in self.lines],
            "labels": [
                [{"name": n, "value": v} for n, v in sorted(line.labels.items())]
                for line in self.lines
            ],
        }
        return pl.DataFrame(rows, schema=dict(SERIES.columns))

    def write_blocks(self, storage: Path) -> None:
        """Blocks of a Prometheus, in a folder that none has used."""
        storage.mkdir(parents=True)
        text = storage.parent / "past.txt"
        with text.open("w") as file:
            for line in self.lines:
                labels = ",".join(f'{name}="{value}"' for name, value in line.labels.items())
                name = f"{line.metric}{{{labels}}}"
                file.writelines(
                    f"{name} {_number(value)} {ts // 1000}.{ts % 1000:03}\n"
                    for ts, value in zip(line.ts.tolist(), line.values.tolist(), strict=True)
                )
            file.write("# EOF\n")
        # A hidden flag; without it each two hours are one more pass over the file.
        length = "--max-block-duration=744h"
        command = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", length, text, storage)
        done = promtool(*command, release=Release.OLDEST)
        assert done.returncode == 0, done.stderr
        text.unlink()


def _number(value: float) -> str:
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(repr(value), repr(value))


def random_past(seed: int) -> Past:
    """Counters of two days at 30 s and of 36 days at 5 min, gauges and histograms of a day."""
    random = np.random.default_rng(seed)
    lines: list[Line] = []
    for nth in range(10):
        ts = _scrapes(random, 2 * _DAY, 30_000, exact=nth % 3 == 0)
        lines.append(Line("fast_total", {"nth": str(nth)}, ts, _counter(random, ts, whole=True)))
        lines.append(Line("float_total", {"nth": str(nth)}, ts, _counter(random, ts, whole=False)))
    for nth in range(4):
        ts = _scrapes(random, 36 * _DAY, 300_000, exact=nth == 0)
        lines.append(Line("slow_total", {"nth": str(nth)}, ts, _counter(random, ts, whole=True)))
    for nth in range(6):
        ts = _scrapes(random, _DAY, 30_000, exact=nth % 2 == 0)
        lines.append(Line("level", {"nth": str(nth)}, ts, _gauge(random, len(ts), nth)))
    for nth in range(4):
        lines += _histogram(random, str(nth))
    return Past([*lines, *_extremes(random)])


def _scrapes(
    random: np.random.Generator, length: int, interval: int, *, exact: bool
) -> NDArray[np.int64]:
    """Times of scrapes: with jitter unless exact, with some missing, some gaps, a start and end."""
    count = length // interval
    ts = np.arange(count, dtype=np.int64) * interval
    if not exact:
        ts += random.integers(0, interval // 2, count)
    kept = random.random(count) > 0.02
    for _ in range(4):
        gap = int(random.integers(0, count))
        kept[gap : gap + int(random.integers(2, count // 40))] = False
    begin = int(random.integers(0, count // 10))
    kept[:begin] = False
    kept[count - int(random.integers(1, count // 20)) :] = False
    times: Ints = _BEGIN_MS + ts[kept]
    return times


def _counter(random: np.random.Generator, ts: Ints, *, whole: bool) -> Floats:
    steps = random.poisson(3, len(ts)).astype(np.float64)
    if not whole:
        steps *= random.random(len(ts)) * 0.1
    steps[random.random(len(ts)) < 0.2] = 0
    steps[0] = random.choice([0.0, 1.0, 40.0])  # close to zero: extrapolation meets it
    values = np.cumsum(steps)
    for reset in sorted(random.integers(1, len(ts), int(random.integers(0, 12)))):
        values[reset:] -= values[reset] - steps[reset]
    return values


def _gauge(random: np.random.Generator, count: int, nth: int) -> Floats:
    values = random.normal(0, 1, count) * 10.0 ** int(random.integers(-3, 6)) + 1e4 * (nth % 2)
    values = np.where(random.random(count) < 0.3, np.round(values), values)
    if nth >= 4:
        odd = random.random(count) < 0.002
        values[odd] = random.choice([np.nan, np.inf, -np.inf], int(odd.sum()))
    return values


def _extremes(random: np.random.Generator) -> list[Line]:
    """Gauges that cancel each other, overflow together, and are at times no numbers."""
    odd = [1e308, -1e308, 1.5e308, 1e100, -1e100, 1.0, 0.1, 3e-9, np.inf, -np.inf, np.nan]
    weights = np.array([8, 8, 4, 8, 8, 20, 20, 20, 2, 1, 0.3])
    lines = []
    for nth in range(9):
        ts = _scrapes(random, _DAY, 30_000, exact=True)
        values = random.choice(odd, len(ts), p=weights / weights.sum())
        lines.append(Line("odd", {"nth": str(nth)}, ts, values))
    return lines


def _histogram(random: np.random.Generator, nth: str) -> list[Line]:
    bounds = ["0.1", "0.25", "0.5", "1.0", "2.5", "+Inf"] if nth != "3" else ["-1.0", "0.5", "+Inf"]
    ts = _scrapes(random, _DAY, 30_000, exact=nth == "0")
    each = random.poisson(random.random(len(bounds)) * 2, (len(ts), len(bounds)))
    counts = np.cumsum(np.cumsum(each, axis=1), axis=0).astype(np.float64)
    if nth == "1":  # a target that lies: a bucket above holds less
        counts[:, 2] = np.floor(counts[:, 2] * 0.7)
    return [
        Line("wait_bucket", {"nth": nth, "le": bound}, ts, counts[:, column])
        for column, bound in enumerate(bounds)
    ]
