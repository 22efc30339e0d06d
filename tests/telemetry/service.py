"""Runs a small service in a process of its own, with a time limit."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIME_LIMIT = 40
# From 3.12 on Python warns of every fork of a process with threads, also of those of a service
# that never heard of rtobs.
_QUIET = "ignore:This process:DeprecationWarning"


@dataclass(frozen=True)
class Ended:
    """How a service ended."""

    code: int
    out: str
    err: str


def run(body: str, *, environ: dict[str, str] | None = None, limit: float = TIME_LIMIT) -> Ended:
    """Run the body of a script to its end."""
    return finish(start(body, environ=environ), limit=limit)


def finish(process: subprocess.Popen[str], *, limit: float = TIME_LIMIT) -> Ended:
    """Wait for the end of a service."""
    try:
        out, err = process.communicate(timeout=limit)
    finally:
        process.kill()
    return Ended(process.returncode, out, err)


def tell(process: subprocess.Popen[str], line: str = "") -> None:
    """Write a line to the standard input of a service."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    """The next line of the standard output of a service."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def start(body: str, *, environ: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the body of a script."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OTEL_", "RTOBS_", "K8S_", "POD_"))
    }
    script = "import rtobs\n" + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-W", _QUIET, "-c", script],
        cwd=ROOT,
        env=clean | (environ or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
