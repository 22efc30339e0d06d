"""The wheel alone, without extras, runs the library's tests; with the oldest SDK too."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import matrix
from tools.matrix import ROOT, RUNNERS, Workshop
from tools.pythons import Python

# What a service of the platform does not have; a test that needs one of them skips and says so.
ABSENT: Final = ("yaml", "pydantic", "polars", "rich", "fastapi", "gunicorn", "temporalio")
INSTALL_SECONDS: Final = 300
# Beside these, only tests of web servers, Temporal and contrib packages may be left out.
LEFT_OUT: Final = 30


def _blocks() -> dict[str, str]:
    """The lines of the lock, hashes included, by package."""
    text = (ROOT / "constraints.txt").read_text()
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    return {canonicalize_name(block.partition("==")[0]): block for block in blocks if block}


def _closure(wanted: set[str]) -> set[str]:
    """The packages and all that they need on this machine."""
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        found.add(name)
        for requirement in map(Requirement, requires(name) or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted |= {canonicalize_name(requirement.name)} - found
    return found


def _requirements(wheel: Path) -> str:
    """The wheel and everything that it needs, each with its hash."""
    blocks = _blocks()
    base = {Requirement(one).name for one in matrix.project()["dependencies"]}
    locked = "".join(blocks[name] for name in sorted(_closure(base | set(RUNNERS))))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{wheel} --hash=sha256:{digest}\n{locked}"


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel, its base dependencies and pytest."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "requirements.txt").write_text(_requirements(wheel))
    subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True, timeout=60)
    program = folder / "env/bin/python"
    install = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--require-hashes", "--requirement", str(folder / "requirements.txt")]
    subprocess.run(install, check=True, timeout=INSTALL_SECONDS, cwd=folder)
    return program


def test_the_base_install_holds_nothing_but_what_is_declared(base: Path, tmp_path: Path) -> None:
    """No extra came along, and the only rtobs is the installed one."""
    program = (
        "import importlib.util, rtobs;"
        f"print([name for name in {ABSENT!r} if importlib.util.find_spec(name)], rtobs.__file__)"
    )
    done = subprocess.run(
        [str(base), "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    absent, _, home = done.stdout.strip().partition(" ")
    assert absent == "[]"
    assert Path(home).is_relative_to(base.parents[1])


def test_the_base_install_runs_the_librarys_tests(base: Path, tmp_path: Path) -> None:
    """The wheel with base dependencies passes the library's tests, outside of the checkout."""
    matrix.copy_tests(tmp_path)
    done = matrix.run_tests(base, tmp_path)
    counts = matrix.counted(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert counts.keys() <= {"passed", "skipped"}
    assert counts["passed"] > 300
    assert counts.get("skipped", 0) <= LEFT_OUT


def test_the_oldest_sdk_that_is_allowed_runs_the_librarys_tests(tmp_path: Path) -> None:
    """The lower bound of pyproject.toml is one that works, not one that was never tried."""
    version = ".".join(map(str, sys.version_info[:3]))
    python = Python(version.rpartition(".")[0], version, Path(sys.executable), "this test")
    _, oldest = matrix.promised()
    outcome = Workshop.open(tmp_path).try_pair(python, str(oldest))
    assert outcome.good, outcome.text
    assert outcome.counts["passed"] > 300
