"""The page about the library's tests names tests that exist, for every promise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/library-tests.md"
PROMISES = [*map(str, range(1, 11)), *(f"T{number}" for number in (*range(1, 14), 15, 16))]
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")

if not PAGE.exists():
    pytest.skip("the pages are in the checkout", allow_module_level=True)


def _rows() -> dict[str, list[tuple[str, str]]]:
    """By promise, the file and the function of each test."""
    rows = {}
    for line in PAGE.read_text().splitlines():
        cells = line.split("|")
        if len(cells) == 5 and (promise := cells[1].strip()):  # three columns
            rows[promise] = _NAMED.findall(cells[3])
    return rows


def test_every_promise_has_a_row_with_tests() -> None:
    """The ten that must never happen and the bars are all there, each with a test."""
    rows = {promise: tests for promise, tests in _rows().items() if tests}
    assert sorted(rows) == sorted(PROMISES)


@pytest.mark.parametrize("promise", PROMISES)
def test_the_tests_of_a_promise_exist(promise: str) -> None:
    """Each named function stands in the named file."""
    missing = []
    for name, function in _rows()[promise]:
        file = ROOT / name if "/" in name else Path(__file__).with_name(name)
        tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        if function not in defined:
            missing.append(f"{name}::{function}")
    assert missing == []
