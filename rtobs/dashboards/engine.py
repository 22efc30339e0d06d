"""Evaluates jsonnet; the only module that imports the evaluator.

Imports are served from texts in memory, so a program can read no file. Jsonnet of ours runs in
this process. Jsonnet of a user's may loop for ever or eat all memory, and the evaluator cannot be
interrupted: a thread around it would go on burning a core after we stopped waiting. So it runs in
a child process that has a limit on CPU time and memory from the kernel and can be killed.
"""

from __future__ import annotations

import json
import posixpath
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Limits", "Program", "ProgramError", "evaluate", "evaluate_confined"]

_MEBIBYTE: Final = 1 << 20
# The default (1000) collects garbage all the time; this costs some 70 MiB and saves a tenth.
_OBJECTS_BEFORE_COLLECTION: Final = 1_000_000
# A busy machine may give the child little CPU time; only then does this limit count.
_WALL_FACTOR: Final = 6


class ProgramError(Exception):
    """A jsonnet program failed; the text is the evaluator's, with file and line."""


@dataclass(frozen=True, slots=True)
class Program:
    """A jsonnet program.

    Attributes:
        name: name for messages.
        source: the text.
        files: what it may import, by path with "/" separators.
        argument: text of its only top-level argument, `spec`.
    """

    name: str
    source: str
    files: Mapping[str, str]
    argument: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program of a user's may spend.

    Attributes:
        cpu_seconds: CPU time.
        memory_mebibytes: address space of the child process.
    """

    cpu_seconds: int = 10
    memory_mebibytes: int = 2048


def evaluate(program: Program) -> str:
    """The program's value as JSON text.

    Raises:
        ProgramError: the program is wrong.
    """
    from _jsonnet import evaluate_snippet  # noqa: PLC0415 - 28 MB that few commands need

    try:
        return str(
            evaluate_snippet(
                program.name,
                program.source,
                tla_vars={"spec": program.argument},
                import_callback=_importer(program.files),
                gc_min_objects=_OBJECTS_BEFORE_COLLECTION,
            )
        )
    except RuntimeError as error:
        raise ProgramError(str(error)) from None


def evaluate_confined(program: Program, limits: Limits | None = None) -> str:
    """Like `evaluate`, in a child process that cannot run away.

    Raises:
        ProgramError: the program is wrong, or it spent more than its limits.
    """
    limits = limits or Limits()
    job = {
        "program": [program.name, program.source, dict(program.files), program.argument],
        "limits": [limits.cpu_seconds, limits.memory_mebibytes],
    }
    wall = limits.cpu_seconds * _WALL_FACTOR
    try:
        child = subprocess.run(  # noqa: S603 - our own file under our own interpreter
            [sys.executable, "-P", __file__],
            input=json.dumps(job),
            capture_output=True,
            encoding="utf-8",
            timeout=wall,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProgramError(f"it did not end within {wall} seconds") from None
    if child.returncode == 0:
        return child.stdout
    if child.returncode == 1:
        raise ProgramError(child.stderr.strip())
    raise ProgramError(
        f"it needs more than {limits.cpu_seconds} seconds of CPU time"
        f" or {limits.memory_mebibytes} MiB of memory"
    )


def _importer(files: Mapping[str, str]) -> Callable[[str, str], tuple[str, bytes]]:
    def read(folder: str, name: str) -> tuple[str, bytes]:
        beside = posixpath.normpath(posixpath.join(folder, name))
        for path in (beside, name):
            if path in files:
                return path, files[path].encode()
        raise RuntimeError(f'there is no "{name}"; it can import: {", ".join(sorted(files))}')

    return read


def _main() -> int:
    job = json.load(sys.stdin)
    cpu_seconds, memory_mebibytes = job["limits"]
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        pass  # the wall clock of the parent still holds
    else:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
        memory = memory_mebibytes * _MEBIBYTE
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sys.stdout.write(evaluate(Program(*job["program"])))
    except ProgramError as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
