"""What the rules of SLOs cost a real Prometheus, with the rules of Sloth beside them.

    python -m benchmarks.rule_cost --slos 100 --minutes 5

One history, one page of raw series, one Prometheus after the other: without rules, with ours, with
Sloth's. The cost of rules is the CPU time of the process beyond that of the one without rules. Exit
status 1 when Sloth's rules cost less than four times ours: seconds depend on the machine, the ratio
hardly does. 2 when ours cost too little to be told from noise.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.history import fill
from benchmarks.load import SCRAPE_SECONDS, RequestsPage, past, slos
from benchmarks.sloth import error_ratio, sloth_groups
from rtobs.cli.tables import columns
from rtobs.model.site import Site
from rtobs.rules import rules_text, slo_groups
from rtobs.rules.groups import RuleGroup
from tests.servers import Prometheus, Release, ServerError

LEAST_RATIO: Final = 4.0
LEAST_CPU_SECONDS: Final = 0.5
WARM_UP_SECONDS: Final = 75.0
_DEAREST: Final = 5
_FLAGS: Final = (
    "--storage.tsdb.retention.time=40d",
    # Blocks stay as they are: a compaction that falls into one of the runs would be counted.
    "--storage.tsdb.min-block-duration=2h",
    "--storage.tsdb.max-block-duration=2h",
)
_HEADINGS: Final = (
    "shape", "rules", "series", "CPU s/min", "of rules", "ms/min", "ms a round", "MiB", "x ours",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """Rules to be measured.

    Attributes:
        name: for the table.
        groups: the rules.
        marker: label that all their series carry.
        last: series that is recorded every minute; there must be one below 1 for each SLO.
    """

    name: str
    groups: Sequence[RuleGroup]
    marker: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Evaluations:
    """How long the rules say that they took.

    Attributes:
        round_ms: milliseconds to evaluate every group once.
        minute_ms: milliseconds a minute of wall, each group at its interval.
        by_rule: mean milliseconds of an evaluation by the rule's name, dearest first.
    """

    round_ms: float
    minute_ms: float
    by_rule: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one Prometheus spent.

    Attributes:
        shape: its rules.
        cpu: CPU seconds a minute of wall.
        series: recorded series.
        rss: resident memory in MiB.
        evaluations: the server's own account.
    """

    shape: Shape
    cpu: float
    series: int
    rss: float
    evaluations: Evaluations


def evaluations(groups: Sequence[Mapping[str, Any]]) -> Evaluations:
    """Add up the newest evaluation of each group and rule, from /api/v1/rules."""
    taken = [(1000 * group["evaluationTime"], group["interval"]) for group in groups]
    times: defaultdict[str, list[float]] = defaultdict(list)
    for group in groups:
        for rule in group["rules"]:
            times[rule["name"]].append(1000 * rule["evaluationTime"])
    means = {name: sum(each) / len(each) for name, each in times.items()}
    return Evaluations(
        sum(ms for ms, _ in taken),
        sum(ms * 60 / interval for ms, interval in taken),
        dict(sorted(means.items(), key=lambda item: -item[1])),
    )


def measure(shape: Shape, page: RequestsPage, storage: Path, minutes: float, number: int) -> Cost:
    """Run a Prometheus with these rules; the storage keeps what it scrapes for the next one.

    Raises:
        ServerError: a rule failed, or recorded nothing.
    """
    scrape = page.http.scrape_config("load")
    # The counters of the past have the labels of the page, and no others.
    scrape["metric_relabel_configs"] = [{"action": "labeldrop", "regex": "instance|job"}]
    config = {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "1m"},
        "scrape_configs": [scrape],
    }
    rules = {"rules.yaml": rules_text(shape.groups)} if shape.groups else {}
    with Prometheus(
        config, rules=rules, flags=_FLAGS, release=Release.NEWEST, storage=storage
    ) as prometheus:
        time.sleep(WARM_UP_SECONDS)
        pid, started = prometheus.pid or 0, time.monotonic()
        before = cpu_seconds(pid)
        time.sleep(60 * minutes)
        cpu = 60 * (cpu_seconds(pid) - before) / (time.monotonic() - started)
        series = _recorded(prometheus, shape, number) if shape.groups else 0
        return Cost(shape, cpu, series, resident_mib(pid), evaluations(prometheus.groups()))


def _recorded(prometheus: Prometheus, shape: Shape, number: int) -> int:
    """Number of recorded series, after a look at whether the rules did their work."""
    if errors := prometheus.rule_errors():
        raise ServerError(f"{len(errors)} rules of {shape.name} failed, such as {errors[0]}")
    found = prometheus.value(f'count({shape.last}{{{shape.marker}!=""}} < 1)')
    if found != number:
        raise ServerError(f"{shape.name} has {found} series {shape.last}, expected {number}")
    firing = prometheus.alerts()
    if firing:
        raise ServerError(f"alerts of {shape.name} fire, such as {firing[0]['labels']}")
    return int(prometheus.value(f'count(last_over_time({{{shape.marker}!=""}}[10m]))') or 0)


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has spent."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    # The second field, the name, may hold blanks; user and system time are the 14th and 15th.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Resident memory of a process, the blocks that it has mapped included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def table(costs: Sequence[Cost]) -> str:
    """The costs, the first one being that of no rules and the second one ours."""
    idle, ours = costs[0].cpu, costs[1].cpu - costs[0].cpu
    rows = [
        (
            cost.shape.name,
            str(sum(len(group.rules) for group in cost.shape.groups)),
            str(cost.series),
            f"{cost.cpu:.2f}",
            f"{cost.cpu - idle:.2f}",
            f"{cost.evaluations.minute_ms:.0f}",
            f"{cost.evaluations.round_ms:.0f}",
            f"{cost.rss:.0f}",
            f"{(cost.cpu - idle) / ours:.1f}",
        )
        for cost in costs
    ]
    return columns(_HEADINGS, rows, right=set(range(1, len(_HEADINGS))))


def dearest(cost: Cost) -> str:
    """The rules that take longest, in words."""
    first = list(cost.evaluations.by_rule.items())[:_DEAREST]
    listed = ", ".join(f"{name} {ms:.2f}" for name, ms in first)
    return f"dearest of {cost.shape.name}, ms an evaluation: {listed}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; for the exit status see above."""
    parser = argparse.ArgumentParser(prog="benchmarks.rule_cost", description=__doc__)
    parser.add_argument("--slos", type=int, default=100, help="how many SLOs (default: 100)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=5.0,
        help="minutes a run; a multiple of 5 has every group in its share (default: 5)",
    )
    options = parser.parse_args(arguments)
    costs = _costs(options.slos, options.minutes)
    idle, ours, sloth = (cost.cpu for cost in costs)
    if (ours - idle) * options.minutes < LEAST_CPU_SECONDS:
        print("too little to measure: give more --slos or --minutes", file=sys.stderr)
        return 2
    print(table(costs))
    print("\n".join(dearest(cost) for cost in costs[1:]))
    scale = 100 / options.slos
    print(
        f"CPU s/min for 100 SLOs: {scale * (ours - idle):.2f}, Sloth {scale * (sloth - idle):.2f}"
    )
    return int((sloth - idle) < LEAST_RATIO * (ours - idle))


def _costs(number: int, minutes: float) -> list[Cost]:
    of = slos(number)
    shapes = (
        Shape("no rules", ()),
        Shape(
            "rtobs",
            [group for slo in of for group in slo_groups(slo, Site())],
            "slo_id",
            error_ratio("6h"),
        ),
        Shape("Sloth", [g for slo in of for g in sloth_groups(slo)], "sloth_id", error_ratio("3d")),
    )
    with tempfile.TemporaryDirectory(prefix="rtobs-rule-cost-") as folder, RequestsPage(of) as page:
        storage, started = Path(folder), time.monotonic()
        samples = fill(storage, past(of), int(time.time()))
        seconds = time.monotonic() - started
        print(f"{number} SLOs; {samples:,} samples of history written in {seconds:.0f} s")
        costs = []
        for shape in shapes:
            costs.append(measure(shape, page, storage, minutes, number))
            print(f"measured {shape.name}: {costs[-1].cpu:.2f} CPU s/min", file=sys.stderr)
        return costs


if __name__ == "__main__":
    sys.exit(main())
