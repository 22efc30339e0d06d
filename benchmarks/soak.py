"""A service under steady load for a long time, while its receiver goes away and comes back.

Asserts what rtobs promises of a long run: memory, threads and descriptors stay where they are,
nothing is lost while the receiver is there, and what is lost otherwise is counted exactly, item by
item, forked children included. The load is spans with logs and counts, streams, and forks.

    python -m benchmarks.soak                    30 minutes, 1,000 spans a second
    python -m benchmarks.soak --seconds 20 --rate 300

Exit status: 0 every promise was kept, 1 not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.soak_collector import MODES, Collector, Tally

ROOT: Final = Path(__file__).resolve().parent.parent
MEBIBYTE: Final = 2**20
# Beside the queues, which may be empty at the first look and full at the last.
SLACK: Final = 6 * MEBIBYTE
WAITING_ITEM: Final = 2048
# The library leaves a receiver alone for at most so long after it failed.
LONGEST_PAUSE: Final = 30.0
SIGNALS: Final = ("traces", "logs")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how much, and when the receiver is away.

    Attributes:
        seconds: length of the run.
        rate: spans a second.
        healthy: seconds that the receiver is there in each round, before it goes away.
        away: seconds that it is away in each round.
    """

    seconds: float
    rate: float
    healthy: float
    away: float

    @property
    def queue(self) -> int:
        """Items that may wait: less than an outage makes, so that something is lost."""
        return int(self.rate * self.away / 2)

    @property
    def grace(self) -> float:
        """Seconds after an outage in which the library may still wait with its next try.

        The pauses double, so the last one is not longer than the outage and a second.
        """
        return min(self.away + 1, LONGEST_PAUSE) + 1


@dataclass
class Watched:
    """What was seen.

    Attributes:
        samples: facts of the service, each with the time of its arrival.
        children: the accounts of forked children.
        end: the account of the service itself.
        outages: when each began and ended.
        errors: what the service wrote to standard error.
    """

    samples: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    children: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    outages: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take a line of the service."""
        facts = json.loads(line)
        match facts.pop("kind"):
            case "sample":
                self.samples.append((time.monotonic(), facts))
            case "child":
                self.children.append(facts)
            case _:
                self.end = facts

    def accounts(self) -> list[dict[str, Any]]:
        """Of the service and of its children."""
        return [self.end, *self.children]


def run(plan: Plan, tally: Tally) -> Watched:
    """Let the service work through the plan."""
    watched = Watched()
    collector = Collector(tally).__enter__()
    command = [sys.executable, "-m", "benchmarks.soak_service", "--endpoint", collector.endpoint]
    command += ["--seconds", str(plan.seconds), "--rate", str(plan.rate)]
    command += ["--queue", str(plan.queue), "--fork-every", str(plan.healthy / 3)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as service:
        readers = [
            threading.Thread(target=lambda: list(map(watched.hear, service.stdout or ()))),
            threading.Thread(target=lambda: watched.errors.extend(service.stderr or ())),
        ]
        try:
            for reader in readers:
                reader.start()
            collector = _disturb(plan, collector, service, watched)
            service.wait(plan.seconds + 60)
        finally:
            service.kill()
            for reader in readers:
                reader.join()
            collector.__exit__()
    return watched


def _disturb(
    plan: Plan, collector: Collector, service: subprocess.Popen[str], watched: Watched
) -> Collector:
    """Let the receiver go away in turns, each time in another way; it is there at the end."""
    last = time.monotonic() + plan.seconds - plan.away - plan.grace - 1
    for mode in itertools.cycle(MODES):
        time.sleep(plan.healthy)
        if time.monotonic() > last or service.poll() is not None:
            return collector
        began = time.monotonic()
        if mode == "refused":
            collector.break_down("cut")  # for connections that are open
            collector.__exit__()
            time.sleep(plan.away)
            collector = collector.restarted().__enter__()
        else:
            collector.break_down(mode)
            time.sleep(plan.away)
            collector.recover()
        watched.outages.append((began, time.monotonic()))
    return collector


def broken(plan: Plan, tally: Tally, watched: Watched) -> Iterator[str]:
    """What was promised and not kept, in words."""
    if not watched.end:
        yield "the service did not reach its end: " + "".join(watched.errors)[-2000:]
        return
    yield from _accounts(tally, watched)
    yield from _losses(plan, watched)
    yield from _growth(plan, watched)
    minutes = plan.seconds / 60 + 1
    if len(watched.errors) > 5 * minutes:
        yield f"{len(watched.errors)} lines were logged in {minutes:.0f} minutes"
    if any(child["code"] for child in watched.children):
        yield "a forked child did not end well"


def _accounts(tally: Tally, watched: Watched) -> Iterator[str]:
    """Emitted is received and lost, exactly."""
    done: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for account in watched.accounts():
        done.update(account["done"])
        lost.update(account["dropped"])
    came = tally.count()
    emitted = {"traces": done["ticks"] + done["streams"], "logs": done["ticks"]}
    received = {"traces": came["traces"] + came["streams"], "logs": came["logs"]}
    for signal in SIGNALS:
        if emitted[signal] != received[signal] + lost[signal]:
            yield (
                f"{signal}: {emitted[signal]} were emitted, {received[signal]} came"
                f" and {lost[signal]} were counted as lost"
            )
    # Counters are cumulative: an outage loses nothing of a process that outlives it.
    outlived = [one for one in watched.accounts() if not one["dropped"]["metrics"]]
    counted = sorted(value for value in tally.items.values() if value)
    if not {one["done"]["ticks"] for one in outlived} <= set(counted):
        yield f"counters: {counted[-3:]} came, {watched.end['done']['ticks']} were counted"
    if len(counted) < len(outlived):
        yield f"{len(counted)} processes sent metrics, {len(outlived)} say that they did"
    shown = sum(value for (_, signal, _), value in tally.lost.items() if signal in SIGNALS)
    own = sum(watched.end["dropped"][signal] for signal in SIGNALS)
    if shown < own:
        yield f"{own} losses were counted and only {shown:.0f} were visible as metrics"


def _losses(plan: Plan, watched: Watched) -> Iterator[str]:
    """While the receiver is there, and has been for long enough, nothing is lost."""
    for (before, first), (after, second) in itertools.pairwise(watched.samples):
        lost = second["lost"] - first["lost"]
        away = any(
            began <= after and before <= ended + plan.grace for began, ended in watched.outages
        )
        if lost and not away:
            yield f"{lost} items were lost while the receiver was there"
    if not watched.outages or not watched.end["dropped"]["traces"]:
        yield "nothing was ever lost, so nothing was tried"


def _growth(plan: Plan, watched: Watched) -> Iterator[str]:
    """Memory, threads and descriptors end where they were after the warm-up."""
    start = len(watched.samples) // 4
    samples = [facts for _, facts in watched.samples][start:]
    allowed = {
        "resident": SLACK + 2 * plan.queue * WAITING_ITEM,
        "threads": 0,
        "descriptors": len(MODES),
    }
    for name, most in allowed.items():
        grown = max(one[name] for one in samples) - samples[0][name]
        if grown > most:
            yield f"{name} grew by {grown}, {most} are allowed"


def summary(tally: Tally, watched: Watched, seconds: float) -> str:
    """The run in a few lines."""
    came, samples = tally.count(), [facts for _, facts in watched.samples]
    peak = {name: max(one[name] for one in samples) for name in samples[0]}
    after = samples[len(samples) // 4]
    return (
        f"{seconds:.0f} s, {len(watched.outages)} outages, {len(watched.children)} forks,"
        f" {watched.end['done']['ticks']} spans and log records,"
        f" {watched.end['done']['streams']} streams\n"
        f"received {dict(came)}, twice {tally.twice}; lost {watched.end['dropped']}\n"
        f"memory {after['resident'] / MEBIBYTE:.1f} MiB after the warm-up,"
        f" at most {peak['resident'] / MEBIBYTE:.1f}, at the end"
        f" {samples[-1]['resident'] / MEBIBYTE:.1f}; threads {after['threads']} to"
        f" {peak['threads']}; descriptors {after['descriptors']} to {peak['descriptors']};"
        f" {len(watched.errors)} lines on standard error"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the account, and 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--healthy", type=float, help="seconds between outages")
    parser.add_argument("--away", type=float, help="seconds of an outage")
    asked = parser.parse_args(arguments)
    short = asked.seconds <= 60  # a minute
    plan = Plan(
        asked.seconds,
        asked.rate,
        asked.healthy or (3.0 if short else 60.0),
        asked.away or (1.5 if short else 15.0),
    )
    tally = Tally()
    watched = run(plan, tally)
    faults = list(broken(plan, tally, watched))
    if watched.end:
        print(summary(tally, watched, plan.seconds))
    for fault in faults:
        print(f"BROKEN: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
