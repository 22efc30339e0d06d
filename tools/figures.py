"""Figures of the code's shape, and a failure when a module or a function has grown too long.

python tools/figures.py
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = "rtobs"
TESTS: Final = "tests"
MODULE_LIMIT: Final = 500
FUNCTION_LIMIT: Final = 60


@dataclass(frozen=True, slots=True)
class Shape:
    """Length of a module or function in lines, and where it starts."""

    place: str
    lines: int


def modules(folder: Path) -> list[Shape]:
    """Every Python module below a folder, by path."""
    return [Shape(str(path.relative_to(ROOT)), _count(path)) for path in _files(folder)]


def functions(folder: Path) -> Iterator[Shape]:
    """Every function below a folder, without its docstring."""
    for path in _files(folder):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                yield Shape(place, _body_lines(node))


def too_long(shapes: Iterable[Shape], limit: int) -> list[str]:
    """What is longer than its limit, in words."""
    return [f"{s.place}: {s.lines} lines, at most {limit}" for s in shapes if s.lines > limit]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    end = node.end_lineno or node.lineno
    text = ast.get_docstring(node, clean=False)
    return end - node.lineno + 1 - (len(text.splitlines()) if text else 0)


def main() -> int:
    """Print the figures; 1 when something is too long."""
    sources, tests = modules(ROOT / SOURCE), modules(ROOT / TESTS)
    parts = sorted(shape.lines for shape in functions(ROOT / SOURCE))
    if not sources or not parts:
        print("there is no source to measure", file=sys.stderr)
        return 1
    total, tested = (sum(shape.lines for shape in shapes) for shapes in (sources, tests))
    print(
        f"modules {len(sources)}, median {statistics.median(s.lines for s in sources):.0f} lines;"
        f" functions {len(parts)}, median {statistics.median(parts):.0f},"
        f" p90 {parts[len(parts) * 9 // 10]}; tests per line of source {tested / total:.2f}"
    )
    found = too_long(sources + tests, MODULE_LIMIT)
    found += too_long(functions(ROOT / SOURCE), FUNCTION_LIMIT)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
