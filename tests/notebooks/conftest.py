"""Programs that run notebooks, with one sample for all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_MAKE_SAMPLE = """
from pathlib import Path
from rtobs.analytics.notebook.sample import cached_sample
from rtobs.slo.fleet import load_fleet
cached_sample(load_fleet(Path("slo")).slos, Path("slo"))
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where notebooks run: a home of its own, and the sample in its folder for temporary files.

    Attributes:
        temporary: the folder for temporary files, with the sample.
        variables: of the environment.
    """

    temporary: Path
    variables: Mapping[str, str] = field(repr=False)

    def run(
        self, *words: str | Path, before: Sequence[str] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with these words; `before` stands in front of it."""
        return subprocess.run(
            [*before, sys.executable, *map(str, words)],
            cwd=ROOT,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The desk; the sample is made here, once for all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    temporary = shared / "notebooks"
    temporary.mkdir(exist_ok=True)
    home = temporary / "home"
    home.mkdir(exist_ok=True)
    variables = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "error::DeprecationWarning:rtobs",
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
    }
    made = Desk(temporary, variables)
    done = made.run("-c", _MAKE_SAMPLE)
    assert done.returncode == 0, done.stderr
    return made
