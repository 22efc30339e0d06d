"""Every bar of analytics in one run: speed, memory and size as ratios, exactness as counts.

python -m benchmarks.analytics [--full]

Ratios come from `benchmarks.export` and `benchmarks.kernels`, each against named peers that take
turns with ours on this machine. What must be exact is a test against the real thing, so those bars
are the tests themselves, run here again. Ends with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtobs.cli.tables import columns

ROOT: Final = Path(__file__).resolve().parents[1]
LONGEST: Final = 3600
_CLOSING: Final = re.compile(r"\d+ (?:passed|failed).* in [\d.]+s")


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the result.

    Attributes:
        says: what must hold.
        module: benchmark that measures it, or "".
        larger: its arguments for the largest sizes.
        tests: tests that prove it, where it is not a ratio.
    """

    says: str
    module: str = ""
    larger: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


BARS: Final = (
    Bar("an export: rows a second, memory, size against the usual client", "benchmarks.export"),
    Bar(
        "windows: evaluations a second and memory against peers", "benchmarks.kernels", ("--full",)
    ),
    Bar(
        "PromQL functions give the server's numbers",
        tests=("tests/analytics/promql/test_servers_agree.py",),
    ),
    Bar("cases in the format of PromQL's own tests", tests=("tests/analytics/promql",)),
    Bar(
        "a replay fires when Prometheus fires; one budget everywhere",
        tests=("tests/analytics/backtest/test_replay_is_prometheus.py", "tests/one_number"),
    ),
    Bar(
        "both engines of polars give the same frames",
        tests=("tests/analytics/test_public_functions.py",),
    ),
    Bar("notebooks run alone and in time", tests=("tests/notebooks",)),
)


def measured(bar: Bar, *, full: bool) -> tuple[bool, str]:
    """Run one bar; whether it is met, and its last line."""
    if bar.module:
        print(f"\n== {bar.says}", flush=True)
        command = [sys.executable, "-m", bar.module, *(bar.larger if full else ())]
        done = subprocess.run(command, cwd=ROOT, check=False, timeout=LONGEST)
        return done.returncode == 0, "see above"
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *bar.tests]
    told = subprocess.run(
        command, cwd=ROOT, check=False, timeout=LONGEST, capture_output=True, text=True
    )
    closing = _CLOSING.search(told.stdout)
    return told.returncode == 0, closing.group() if closing else told.stdout[-200:]


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="the largest sizes; half an hour")
    arguments = parser.parse_args()
    rows, met = [], True
    for bar in BARS:
        good, line = measured(bar, full=arguments.full)
        rows.append((bar.says, "met" if good else "MISSED", line))
        met = met and good
    print("\n" + columns(("bar", "", "seen"), rows))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
