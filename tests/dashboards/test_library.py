"""The jsonnet library: what it may not use, and that it is all there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import rtobs.dashboards

FOLDER: Final = Path(rtobs.dashboards.__file__).parent / "jsonnet"
FILES: Final = sorted(FOLDER.glob("*.libsonnet"))
# Each makes the evaluation slower by an order of magnitude, or prints floats with noise.
BANNED: Final = {
    "%": r"%",
    "std.format": r"std\.format",
    "std.mergePatch": r"std\.mergePatch",
    "std.sort": r"std\.sort",
    "std.manifest": r"std\.manifest",
    "std.toString": r"std\.toString",
    "a number in a text": r"'' ?\+ ?(?!\s*')[a-z]+\.(?:w|h|x|y|at|id)\b",
}


def code(path: Path) -> str:
    """A file without its comments."""
    return re.sub(r"//.*", "", path.read_text(encoding="utf-8"))


def test_the_library_is_where_the_package_looks_for_it() -> None:
    """Five files, each imported by its name under rtobs/."""
    assert [path.name for path in FILES] == [
        "boards.libsonnet",
        "grid.libsonnet",
        "main.libsonnet",
        "panels.libsonnet",
        "theme.libsonnet",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("pattern", BANNED.values(), ids=BANNED)
def test_slow_and_noisy_functions_are_not_used(path: Path, pattern: str) -> None:
    """Texts and numbers in texts come from Python."""
    assert re.findall(pattern, code(path)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_library_writes_no_promql(path: Path) -> None:
    """Queries are Python's; the library only places them."""
    assert re.findall(r"slo:|ALERTS|\bby \(|last_over_time|rate\(", code(path)) == []
