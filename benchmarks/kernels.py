"""`increase` on frames against its peers: pandas, plain polars, and the server's own answers.

    python -m benchmarks.kernels
    python -m benchmarks.kernels --full

The error ratio of each SLO is computed at each minute of 30 days over eight windows from 5m to 30d,
from two counters. Every runner is a process of its own with one thread, in turns with the others
and with the servers, so that other load on the machine hits all; the median of the rounds counts.
The peers take the plain difference of the counter, only we and the server extrapolate; we read
Parquet on the way, pandas has its columns at hand.

Peers in this process' language are compared by processor time. A server uses all processors of the
machine: what counts is how long its answer takes by the clock, up to the last byte; its processor
time stands beside it. Our increases are compared to the server's, bit for bit. Exit status 1 when
a bar is missed. `--full` takes 250 SLOs, and 1,000 of them for memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.kernel_peers import (
    BEGIN,
    CHILDREN,
    Run,
    child,
    in_child,
    pandas_runner,
    write_counters,
)
from benchmarks.kernel_server import ASKED, Asked, start, write_blocks
from tests.servers import Release

_OURS = "ours, numba"  # what "auto" takes for work of this size


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
        return f"{self.text:58} {self.value:8.2f}  {word} {self.limit:g}  {verdict}"


def bars(
    runs: Mapping[str, Run],
    servers: Mapping[Release, Asked],
    differing: int,
    most: Mapping[int, float],
) -> list[Bar]:
    """All bars; they were set against the oldest release, the newest stands beside it."""
    ours = runs[_OURS]
    slower = runs["plain polars"].speed / ours.speed
    made = [Bar("time as a multiple of plain polars", slower, 1.3, at_least=False)]
    if "pandas" in runs:
        made.append(Bar("times as fast as pandas", ours.speed / runs["pandas"].speed, 3))
    for window, limit in (("5m", 15), ("1d", 40)):
        for release, asked in servers.items():
            run = runs[_asked(asked, window)]
            text = f"times as fast as {_asked(asked, window)}"
            print(f"{text + ', by processor time':58} {ours.speed / run.speed:8.2f}")
            if release is Release.OLDEST:
                made.append(Bar(f"{text}, by the clock", ours.pace / run.pace, limit))
            else:
                print(f"{text + ', by the clock':58} {ours.pace / run.pace:8.2f}")
    made.append(Bar("points that differ from the servers'", differing, 0, at_least=False))
    for slos, mib in most.items():
        limit = 3_584 if slos > 250 else 2_048
        made.append(Bar(f"most MiB with {slos} SLOs", mib, limit, at_least=False))
    return made


def _asked(asked: Asked, window: str) -> str:
    return f"Prometheus {asked.version.partition('+')[0]} at {window}"


def measure(arguments: argparse.Namespace, folder: Path) -> int:
    """Run everything and print it; 1 when a bar is missed."""
    data, days = folder / "data", arguments.days
    write_counters(data, arguments.slos, days)
    runners: dict[str, Callable[[], Run]] = {
        name: partial(in_child, name, data, days) for name in CHILDREN
    }
    if not arguments.without_pandas:
        runners["pandas"] = pandas_runner(folder, data)
    with ExitStack() as stack:
        end = BEGIN + timedelta(days=days)
        servers = {}
        for release in Release:
            write_blocks(data, arguments.slos, folder / release)
            server = start(stack, folder / release, release)
            servers[release] = Asked(server, arguments.slos, end)
        for window in ASKED:
            for asked in servers.values():
                runners[_asked(asked, window)] = partial(asked.ratio, window)
        rounds = _rounds(runners, arguments.rounds)
        runs = {name: _median(taken) for name, taken in rounds.items()}
        for name, run in runs.items():
            print(f"{name:24} {run}")
        compared = [asked.differing(data) for asked in servers.values()]
        print(f"{sum(points for points, _ in compared)} points compared with the servers'")
        most = {arguments.slos: max(run.mib for run in rounds[_OURS])}
        if arguments.big:
            write_counters(folder / "big", arguments.big, days)
            most[arguments.big] = in_child(_OURS, folder / "big", days).mib
        held = bars(runs, servers, sum(differ for _, differ in compared), most)
    print(*held, sep="\n")
    return int(not all(bar.held for bar in held))


def _rounds(runners: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    taken: dict[str, list[Run]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, runner in runners.items():
            taken[name].append(runner())
    return taken


def _median(runs: Sequence[Run]) -> Run:
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--slos", type=int, default=100)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
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
        arguments.slos, arguments.big = 250, 1_000
    with tempfile.TemporaryDirectory(prefix="rtobs-kernels-") as folder:
        return measure(arguments, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
