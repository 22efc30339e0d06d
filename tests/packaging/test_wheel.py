"""The wheel, as a service or a CI job installs it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

EXTRAS: Final = ("yaml", "pydantic", "promql_parser", "rich", "_jsonnet", "polars", "requests")
# Runs with the wheel first on the path, and as if no extra were installed.
WITHOUT_EXTRAS: Final = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv.pop(1))
"""


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program over the installed wheel without any extra."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS + program, str(installed)],
        capture_output=True, text=True, timeout=60, check=False, cwd=installed,
    )  # fmt: skip


def test_facts_and_looks_are_in_the_wheel(wheel: Path) -> None:
    """The catalogue, the jsonnet library and the type marker ship; tests and policy do not."""
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.partition("/")[0] for name in names}
    assert tops == {"rtobs", f"rtobs-{wheel.name.split('-')[1]}.dist-info"}
    assert "rtobs/py.typed" in names
    assert "rtobs/catalogue/data/vllm.yaml" in names
    assert "rtobs/dashboards/jsonnet/main.libsonnet" in names


def test_importing_rtobs_needs_no_extra(installed: Path) -> None:
    """A service that imports rtobs loads nothing of the generator, from the wheel itself."""
    done = run(
        installed,
        "import rtobs; print(rtobs.__file__);"
        "print([m for m in sys.modules if m.startswith('rtobs.')"
        " and not m.startswith(('rtobs.telemetry', 'rtobs.conventions', 'rtobs.errors'))])",
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [str(installed / "rtobs/__init__.py"), "[]"]


def test_a_verb_without_its_extra_says_what_to_install(installed: Path) -> None:
    """The message is a command that can be pasted."""
    done = run(installed, "from rtobs.cli.main import main; sys.exit(main(['validate']))")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "rtobs: rtobs validate needs the extra 'definitions';"
        " install it with: pip install 'rtobs[definitions]'\n"
    )
