"""Who computes error ratios of many SLOs: we, plain polars and pandas, each in its own process.

The peers take the plain difference of the counter; only we extrapolate as PromQL does.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES
from rtobs.analytics.promql import Engine, Query, increase, partitions
from rtobs.model.duration import Duration

__all__ = [
    "BEGIN",
    "CHILDREN",
    "METRICS",
    "MINUTE",
    "Run",
    "child",
    "in_child",
    "pandas_runner",
    "read",
    "write_counters",
]

BEGIN: Final = datetime(2025, 1, 1, tzinfo=UTC)
MINUTE: Final = Duration(60)
WINDOWS: Final = [Duration.parse(w) for w in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")]
METRICS: Final = ("events_total", "bad_total")
PANDAS_SLOS: Final = 50  # at most: its speed does not depend on them, its memory does
WARM_UP: Final = "warm-up"
_A_PART: Final = 5  # series, half of what a file holds
# One thread for everybody, so that processor time and time by the clock mean the same work.
_THREADS: Final = ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
# Their time goes to pandas, not to reading: the columns come as numpy stored them. Both counters
# roll together and SLOs are numbers: two rolls take 1.6 times as long, names a quarter more.
_PANDAS: Final = """
import json, resource, sys, time, numpy, pandas
data = numpy.load(sys.argv[1])
frame = pandas.DataFrame({"slo": data["slo"], "bad": data["bad"], "total": data["total"]},
                         index=pandas.to_datetime(data["ts"], unit="ms"))
begin, clock, evaluations = time.process_time(), time.perf_counter(), 0
counters = ["bad", "total"]
frame[counters] = frame.groupby("slo")[counters].diff().clip(lower=0)
for window in sys.argv[2:]:
    sums = frame.groupby("slo")[counters].rolling(window + "s").sum()
    ratio = sums["bad"] / sums["total"]
    evaluations += len(ratio)
print(json.dumps({"seconds": time.process_time() - begin, "clock": time.perf_counter() - clock,
                  "evaluations": evaluations,
                  "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a runner took.

    Attributes:
        seconds: of processors: they count alike on a busy machine and on a quiet one.
        clock: seconds from begin to end, waiting for a processor included.
        evaluations: ratios that were computed.
        mib: the most memory that its process held.
    """

    seconds: float
    clock: float
    evaluations: int
    mib: float

    @property
    def speed(self) -> float:
        """Evaluations a second of a processor."""
        return self.evaluations / self.seconds

    @property
    def pace(self) -> float:
        """Evaluations a second by the clock."""
        return self.evaluations / self.clock

    def __str__(self) -> str:
        processor = f"processor {self.seconds:6.2f} s {self.speed / 1e6:7.3f} M/s"
        clock = f"clock {self.clock:6.2f} s {self.pace / 1e6:7.3f} M/s"
        return f"{processor}   {clock}   {self.mib:5.0f} MiB"


def write_counters(path: Path, slos: int, days: int) -> None:
    """SAMPLES of two metrics, all events and bad ones, with the number of the SLO as series_id."""
    if path.name != WARM_UP:
        write_counters(path / WARM_UP, 1, 1)
    random = np.random.default_rng(11)
    for metric in METRICS:
        (path / metric).mkdir(parents=True)
    for first in range(0, slos, 10):
        made = [_slo(random, slo, days * 1_440) for slo in range(first, min(first + 10, slos))]
        for metric, frames in zip(METRICS, zip(*made, strict=True), strict=True):
            pl.concat(frames).write_parquet(path / metric / f"{first:05}.parquet")


def _slo(random: np.random.Generator, slo: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    begin = round(BEGIN.timestamp()) * 1_000
    ts = begin + np.arange(count) * 60_000 + random.integers(0, 20_000, count)
    events = random.poisson(300, count)
    total, bad = np.cumsum(events), np.cumsum(random.binomial(events, 0.001))
    for reset in random.integers(1, count, 3):
        total[reset:] -= total[reset] - events[reset]
        bad[reset:] -= bad[reset]
    ids = np.full(count, slo, dtype=np.uint32)
    total_frame, bad_frame = (
        pl.DataFrame({"series_id": ids, "ts": ts, "value": values.astype(np.float64)})
        for values in (total, bad)
    )
    time_type = pl.col("ts").cast(SAMPLES.columns["ts"])
    return total_frame.with_columns(time_type), bad_frame.with_columns(time_type)


def read(data: Path, metric: str) -> pl.LazyFrame:
    """SAMPLES of a metric."""
    return pl.scan_parquet(data / metric)


def ours(data: Path, days: int, engine: Engine) -> int:
    """The ratios by parts, reading included; as many as were there."""
    query: Query = {
        "step": MINUTE,
        "start": BEGIN + timedelta(minutes=2),
        "end": BEGIN + timedelta(days=days),
        "dialect": Dialect.V3,
        "engine": engine,
    }
    done = 0
    keys = ["series_id", "window_s", "ts"]
    parts = (partitions(read(data, metric), _A_PART) for metric in METRICS)
    for total_part, bad_part in zip(*parts, strict=True):
        total = increase(total_part, WINDOWS, **query)
        bad = increase(bad_part, WINDOWS, **query)
        if bad.select(keys).equals(total.select(keys)):
            ratio = bad["value"] / total["value"]
        else:
            both = bad.join(total, on=keys)
            ratio = both["value"] / both["value_right"]
        done += len(ratio)
    return done


def plain_polars(data: Path, days: int) -> int:
    """The ratios of plain differences by rolling sums over the whole frame."""
    del days
    step = pl.col("value").diff().clip(lower_bound=0).over("series_id")
    steps = [
        read(data, metric).select(
            "series_id",
            minute=pl.col("ts").dt.truncate("1m"),
            **{name: step if name == metric else pl.lit(0.0) for name in METRICS},
        )
        for metric in METRICS
    ]
    by_minute = pl.concat(steps).group_by("series_id", "minute").agg(pl.col(*METRICS).sum())
    minutes = by_minute.sort("series_id", "minute").collect()
    done = 0
    for window in WINDOWS:
        total, bad = (
            pl.col(name).rolling_sum_by("minute", f"{window.seconds}s").over("series_id")
            for name in METRICS
        )
        done += minutes.lazy().select(bad / total).collect().height
    return done


CHILDREN: Final[Mapping[str, Callable[[Path, int], int]]] = {
    "ours, numpy": lambda data, days: ours(data, days, "numpy"),
    "ours, numba": lambda data, days: ours(data, days, "numba"),
    "plain polars": plain_polars,
}


def child(name: str, data: Path, days: int) -> None:
    """Run a runner here and print what it took."""
    CHILDREN[name](data / WARM_UP, 1)  # imports, and what numba compiles, are no part of it
    begin, clock = time.process_time(), time.perf_counter()
    evaluations = CHILDREN[name](data, days)
    took = {"seconds": time.process_time() - begin, "clock": time.perf_counter() - clock}
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**took, "evaluations": evaluations, "mib": mib}))


def in_child(name: str, data: Path, days: int) -> Run:
    """Run a runner in a process of its own."""
    words = ["--child", name, "--data", str(data), "--days", str(days)]
    return _run([sys.executable, "-m", "benchmarks.kernels", *words])


def _run(command: Sequence[str]) -> Run:
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return Run(**json.loads(done.stdout))


def pandas_runner(folder: Path, data: Path) -> Callable[[], Run]:
    """Pandas in an environment of its own: rtobs has nothing to do with it."""
    environment = folder / "pandas"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pandas"], check=True)
    few = pl.col("series_id") < PANDAS_SLOS
    total, bad = (read(data, metric).filter(few).collect() for metric in METRICS)
    columns = folder / "few.npz"
    np.savez(
        columns,
        slo=total["series_id"].to_numpy(),
        ts=total["ts"].to_physical().to_numpy(),
        total=total["value"].to_numpy(),
        bad=bad["value"].to_numpy(),
    )
    windows = [str(window.seconds) for window in WINDOWS]
    return lambda: _run([python, "-c", _PANDAS, str(columns), *windows])
