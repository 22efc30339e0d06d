"""What `rtobs generate` costs for fleets of up to 5,000 SLOs.

    python -m benchmarks.generate --slos 500 1000 2000 5000

Each line is the true command as a process of its own, from YAML to rules, tests, dashboards and
runbooks in an empty folder. The first fleet is generated twice, which must give the same bytes.
Exit status 1 when that differs, or when 500 SLOs need more than 10 CPU seconds or 400 MiB.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.fleets import SLOS_A_SERVICE, write_definitions
from rtobs import conventions as names
from rtobs.cli.tables import columns

BAR_SLOS: Final = 500
BAR_CPU_SECONDS: Final = 10.0
BAR_MIB: Final = 400.0
_COMMAND: Final = "import sys; from rtobs.cli.main import main; sys.exit(main())"
_HEADINGS: Final = ("SLOs", "files", "MB", "CPU s", "ms a SLO", "max MiB", "manifest")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command.

    Attributes:
        slos: size of the fleet.
        files: generated files.
        size: their size in bytes.
        cpu: user and system seconds.
        mib: most memory that it held at once.
        digest: SHA-256 of the manifest, which holds the digest of every file.
    """

    slos: int
    files: int
    size: int
    cpu: float
    mib: float
    digest: str

    @property
    def within_bars(self) -> bool:
        """Whether it took no more than it may; there is no bar for more than 500 SLOs."""
        return self.slos > BAR_SLOS or (self.cpu <= BAR_CPU_SECONDS and self.mib <= BAR_MIB)


def generate(slos: int) -> Run:
    """Generate a fleet from scratch.

    Raises:
        RuntimeError: the command failed; it has said why.
    """
    with tempfile.TemporaryDirectory(prefix="rtobs-generate-") as folder:
        work = Path(folder)
        write_definitions(work / "slo", slos // SLOS_A_SERVICE)
        # Relative paths, since the generated files name their source.
        cpu, mib = _spend(work, "generate", "--slo-dir", "slo", "--out", "out")
        out = work / "out"
        sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
        digest = hashlib.sha256((out / names.MANIFEST).read_bytes()).hexdigest()
        return Run(slos, len(sizes), sum(sizes), cpu, mib, digest)


def _spend(folder: Path, *words: str) -> tuple[float, float]:
    """CPU seconds and most MiB of one call of rtobs in a folder."""
    command = [sys.executable, "-c", _COMMAND, *words]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"rtobs {words[0]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def table(runs: Sequence[Run]) -> str:
    """A line for each run."""
    rows = [
        (
            f"{run.slos:,}",
            f"{run.files:,}",
            f"{run.size / 1e6:.1f}",
            f"{run.cpu:.2f}",
            f"{1000 * run.cpu / run.slos:.2f}",
            f"{run.mib:.0f}",
            run.digest[:12],
        )
        for run in runs
    ]
    return columns(_HEADINGS, rows, right=set(range(len(_HEADINGS) - 1)))


def findings(runs: Sequence[Run]) -> list[str]:
    """What is not as it must be, in words."""
    first = {run.slos: run.digest for run in reversed(runs)}
    over = [
        f"{run.slos} SLOs took {run.cpu:.1f} CPU s and {run.mib:.0f} MiB;"
        f" the bars are {BAR_CPU_SECONDS:g} s and {BAR_MIB:g} MiB"
        for run in runs
        if not run.within_bars
    ]
    different = sorted({run.slos for run in runs if run.digest != first[run.slos]})
    return over + [f"two runs of {slos} SLOs gave different files" for slos in different]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a bar is not met."""
    parser = argparse.ArgumentParser(prog="benchmarks.generate", description=__doc__)
    parser.add_argument(
        "--slos", type=int, nargs="+", default=[500, 1000, 2000, 5000], help="sizes of the fleets"
    )
    sizes: list[int] = parser.parse_args(arguments).slos
    runs = [generate(slos) for slos in (sizes[0], *sizes)]
    print(table(runs))
    found = findings(runs)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
