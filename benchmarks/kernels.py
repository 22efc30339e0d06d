"""`increase` on frames against its peers: pandas, plain polars, and the server's own answers.

    python -m benchmarks.kernels
    python -m benchmarks.kernels --full

The error ratio of each SLO is computed at each minute of 30 days over eight windows from 5m to 30d,
from two counters. Every runner is a process of its own, in turns, so that other load on the machine
hits all; the median of the rounds counts, as evaluations of a ratio a second of processor time. The
peers take the plain difference of the counter, only we and the server extrapolate. Our increases
are compared to the server's, bit for bit. Exit status 1 when a bar is missed. `--full` takes 250
SLOs, and 1,000 of them for memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.kernel_peers import (
    BEGIN,
    CHILDREN,
    METRICS,
    MINUTE,
    Run,
    child,
    in_child,
    pandas_runner,
    read,
    write_counters,
)
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.promql import increase
from rtobs.model.duration import Duration
from tests.servers import Prometheus, Release, promtool

_ASKED_TIMES: Final = 5  # since the kernel counts processor time by hundredths
ASKED: Final = (("5m", 10_080), ("1h", 4_320), ("6h", 2_160), ("1d", 2_000), ("30d", 20))


def write_blocks(data: Path, slos: int, storage: Path) -> None:
    """The samples of the first SLOs as blocks of a Prometheus."""
    text = storage.with_suffix(".txt")
    with text.open("w") as file:
        for metric in METRICS:
            few = read(data, metric).filter(pl.col("series_id") < slos).collect()
            for slo, ts, value in few.with_columns(pl.col("ts").to_physical()).iter_rows():
                file.write(f'{metric}{{slo="{slo}"}} {value:.0f} {ts / 1000:.3f}\n')
        file.write("# EOF\n")
    length = "--max-block-duration=744h"
    command = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", length, text, storage)
    promtool(*command, seconds=600.0).check_returncode()
    text.unlink()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server gave for a window.

    Attributes:
        run: how long it took for the ratio.
        points: of the increase of all events that it or we have.
        differing: of them that do not have the same bits.
    """

    run: Run
    points: int
    differing: int

    def __str__(self) -> str:
        return f"{self.run}; {self.points} points compared, {self.differing} differ"


def ask_server(
    release: Release, blocks: Path, data: Path, slos: int, days: int
) -> dict[str, Answer]:
    """The answers of a Prometheus, by window."""
    samples = read(data, METRICS[0]).filter(pl.col("series_id") < slos).collect()
    kept = "--storage.tsdb.retention.time=10y"
    end = BEGIN + timedelta(days=days)
    with Prometheus(storage=blocks, flags=[kept], release=release) as server:
        return {
            window: _answer(server, samples, window, (end - timedelta(minutes=steps), end))
            for window, steps in ASKED
        }


def _answer(
    server: Prometheus, samples: pl.DataFrame, window: str, times: tuple[datetime, datetime]
) -> Answer:
    start, end = times
    dialect = Dialect.of_version(server.api("status/buildinfo")["version"])
    total, bad = METRICS
    text = f"increase({bad}[{window}]) / increase({total}[{window}])"
    terms = {"start": start.timestamp(), "end": end.timestamp(), "step": MINUTE.seconds}
    before = _processor_seconds(server)
    for _ in range(_ASKED_TIMES):
        asked = server.api("query_range", query=text, **terms)
    seconds = (_processor_seconds(server) - before) / _ASKED_TIMES
    run = Run(seconds, sum(len(line["values"]) for line in asked["result"]), 0)
    theirs = {
        (int(line.labels["slo"]), round(ts * 1000)): value
        for line in server.query_range(f"increase({total}[{window}])", **terms)
        for ts, value in line.points
    }
    made = increase(
        samples, [Duration.parse(window)], step=MINUTE, start=start, end=end, dialect=dialect
    ).with_columns(pl.col("ts").to_physical())
    mine = {(slo, ts): v for slo, ts, v in made.select("series_id", "ts", "value").iter_rows()}
    keys = theirs.keys() | mine.keys()
    return Answer(run, len(keys), sum(theirs.get(key) != mine.get(key) for key in keys))


def _processor_seconds(server: Prometheus) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Bar:
    """A value and how much or little it may be.

    Attributes:
        text: what it is.
        value: as measured.
        limit: the bar.
        at_least: whether the value must reach the limit, or must not exceed it.
    """

    text: str
    value: float
    limit: float
    at_least: bool = True

    @property
    def held(self) -> bool:
        """Whether the bar is held."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        word = "at least" if self.at_least else "at most"
        verdict = "ok" if self.held else "MISSED"
        return f"{self.text:44} {self.value:10.2f}  {word} {self.limit:g}  {verdict}"


def bars(
    runs: Mapping[str, Run],
    servers: Mapping[Release, Mapping[str, Answer]],
    most: Mapping[int, Run],
) -> list[Bar]:
    """All bars; speeds are those of the engine that "auto" takes for work of this size.

    The server is the oldest release, against which the bars were set.
    """
    server = servers[Release.OLDEST]
    differing = sum(answer.differing for all_ in servers.values() for answer in all_.values())
    speed = runs["ours, numba"].speed
    made = [
        Bar("time as a multiple of plain polars", runs["plain polars"].speed / speed, 1.3, False),  # noqa: FBT003
        Bar("times as fast as the server at 5m", speed / server["5m"].run.speed, 15),
        Bar("times as fast as the server at 1d", speed / server["1d"].run.speed, 40),
        Bar("points that differ from the server's", differing, 0, False),  # noqa: FBT003
    ]
    if "pandas" in runs:
        made.append(Bar("times as fast as pandas", speed / runs["pandas"].speed, 3))
    for slos, run in most.items():
        limit = 3_584 if slos > 250 else 2_048
        made.append(Bar(f"most MiB with {slos} SLOs", run.mib, limit, False))  # noqa: FBT003
    return made


def measure(arguments: argparse.Namespace, folder: Path) -> int:
    """Run everything and print it; 1 when a bar is missed."""
    data, days = folder / "data", arguments.days
    write_counters(data, arguments.slos, days)
    runners: dict[str, Callable[[], Run]] = {
        name: partial(in_child, name, data, days) for name in CHILDREN
    }
    if not arguments.without_pandas:
        runners["pandas"] = pandas_runner(folder, data)
    rounds: dict[str, list[Run]] = {name: [] for name in runners}
    for _ in range(arguments.rounds):
        for name, runner in runners.items():
            rounds[name].append(runner())
    runs = {name: _median(taken) for name, taken in rounds.items()}
    for name, run in runs.items():
        print(f"{name:14} {run}")
    write_blocks(data, arguments.server_slos, folder / "blocks")
    servers = {
        release: ask_server(release, folder / "blocks", data, arguments.server_slos, days)
        for release in Release
    }
    for release, answers in servers.items():
        for window, answer in answers.items():
            print(f"Prometheus of {release}, {window:3} {answer}")
    most = {arguments.slos: max(rounds["ours, numba"], key=lambda run: run.mib)}
    if arguments.big:
        write_counters(folder / "big", arguments.big, days)
        most[arguments.big] = in_child("ours, numba", folder / "big", days)
        print(f"{arguments.big} SLOs  {most[arguments.big]}")
    held = bars(runs, servers, most)
    print(*held, sep="\n")
    return int(not all(bar.held for bar in held))


def _median(runs: Sequence[Run]) -> Run:
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slos", type=int, default=30)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--server-slos", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--big", type=int, default=0)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--without-pandas", action="store_true")
    parser.add_argument("--child", choices=list(CHILDREN))
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.data, arguments.days)
        return 0
    if arguments.full:
        arguments.slos, arguments.server_slos, arguments.big = 250, 25, 1_000
    with tempfile.TemporaryDirectory(prefix="rtobs-kernels-") as folder:
        return measure(arguments, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
