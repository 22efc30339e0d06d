"""Promtool as a process: finding it, running it, reading what it says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Failure", "Outcome", "find_promtool", "run_all", "unpacked_promtools"]

_VARIABLE: Final = "RTOBS_PROMTOOL"
_PARTS: Final = ".parts"
_TIMEOUT: Final = 600  # seconds for one file
_JOBS: Final = 2
_START: Final = re.compile(r" {4}(expr|alertname|rule): ")
_EXPRESSION: Final = re.compile(r' {4}expr: "(?P<expr>.*)", time: (?P<time>[0-9a-z]+), *')
_BETWEEN_SAMPLES: Final = re.compile(r"(?<=[0-9fN]), (?=[{a-zA-Z_])")
_DURATION: Final = re.compile(r"(\d+)(ms|[wdhms])")
_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that promtool found wrong.

    Attributes:
        expr: the query, "" when it is about an alert's text or a rule that failed.
        at: seconds since the start of the scenario.
        expected: the samples that the test wants.
        got: the samples that promtool found; its whole message where it names no query.
    """

    expr: str
    at: int
    expected: tuple[str, ...]
    got: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What promtool says about one test file.

    Attributes:
        file: the test file.
        passed: whether every check of it holds.
        failures: the checks that do not.
        output: everything that promtool wrote.
    """

    file: Path
    passed: bool
    failures: tuple[Failure, ...]
    output: str


def find_promtool(
    argument: str = "", environment: Mapping[str, str] | None = None, root: Path | None = None
) -> Path | None:
    """Promtool as named by the argument, else RTOBS_PROMTOOL, else in PATH, else under .parts/."""
    env = os.environ if environment is None else environment
    for named in (argument, env.get(_VARIABLE, "")):
        if named:
            found = shutil.which(named)
            return Path(found) if found else None
    in_path = shutil.which("promtool", path=env.get("PATH"))
    if in_path:
        return Path(in_path)
    return next(iter(unpacked_promtools(root or Path())), None)


def unpacked_promtools(root: Path) -> list[Path]:
    """Every promtool under `.parts/`, the one of the newest suite first."""
    found = (root / _PARTS).glob("*/*/usr/bin/promtool")
    return sorted((path for path in found if path.is_file()), reverse=True)


def run_all(
    promtool: Path, files: Sequence[Path], *, jobs: int = _JOBS, attempts: int = 1
) -> tuple[Outcome, ...]:
    """Run test files, `jobs` at a time, in the order given.

    Args:
        promtool: the program.
        files: the test files.
        jobs: how many run at a time.
        attempts: how often a file that fails is run before it counts as failed. Promtool 2.42 fails
            about one run in two hundred over weeks of supplied history, each time elsewhere, and
            passes the next; version 3.5 was not seen to.
    """

    def run(file: Path) -> Outcome:
        outcome = _run(promtool, file)
        for _ in range(attempts - 1):
            if outcome.passed:
                break
            outcome = _run(promtool, file)
        return outcome

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return tuple(pool.map(run, files))


def _run(promtool: Path, file: Path) -> Outcome:
    environment = {**os.environ, "GOGC": "400"}  # a lazy collector: the same answer for less CPU
    try:
        done = subprocess.run(  # noqa: S603  # a program that the user names
            [str(promtool), "test", "rules", str(file)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return Outcome(file, False, (), f"promtool took more than {_TIMEOUT} s")  # noqa: FBT003
    output = f"{done.stdout}\n{done.stderr}"
    return Outcome(file, done.returncode == 0, tuple(_failures(output)), output)


def _failures(output: str) -> Iterator[Failure]:
    """Every check and every rule that promtool names in its output."""
    pending: list[str] = []
    for line in output.splitlines():
        if _START.match(line):
            yield from _failure(pending)
            pending = [line]
        elif pending:
            pending.append(line)
    yield from _failure(pending)


def _failure(lines: list[str]) -> Iterator[Failure]:
    if not lines:
        return
    match = _EXPRESSION.match(lines[0])
    if match is None:
        yield Failure("", 0, (), tuple(line.strip() for line in lines if line.strip()))
        return
    said = {
        word: _samples(line.strip().removeprefix(f"{word}:").strip())
        for word in ("exp", "got")
        for line in lines[1:]
        if line.strip().startswith(f"{word}:")
    }
    expr = str(ast.literal_eval(f'"{match["expr"]}"'))
    yield Failure(expr, _seconds(match["time"]), said.get("exp", ()), said.get("got", ()))


def _samples(text: str) -> tuple[str, ...]:
    return () if text == "nil" else tuple(_BETWEEN_SAMPLES.split(text))


def _seconds(text: str) -> int:
    return int(sum(int(count) * _SECONDS[unit] for count, unit in _DURATION.findall(text)))
