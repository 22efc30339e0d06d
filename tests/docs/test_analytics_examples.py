"""The Python on the pages about analytics runs as it is printed, on an export of the sample."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from rtobs.analytics.simulation import sample_export
from rtobs.analytics.slo import slo_named

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (
    *(
        f"reference/{name}.md"
        for name in (
            "slo-analytics", "statistics", "inference-analytics", "promql-functions",
            "export-format",
        )
    ),
    "tutorials/analyse-an-export.md",
)  # fmt: skip
WITHOUT: Final = {"reference/export-format.md"}  # may have no Python
# What the pages call their exports, and the SLOs whose recorded series they read.
EXPORTS: Final = ("october", "sample", "export")
RECORDED: Final = ("vllm-http-availability",)
DAYS: Final = 9
# The only reason not to run an example; it stands in the line above the block.
NEEDS_A_SERVER: Final = "<!-- needs a server -->"
# Where the functions of a page are.
PACKAGES: Final = {
    "slo-analytics": "slo",
    "statistics": "statistics",
    "inference-analytics": "inference",
}
_CALL: Final = re.compile(r"`(\w+\.)?(\w+)\(")
_ELSEWHERE: Final = {
    "load_fleet",
    "sample_export",
    "fit",
    "statistic",
}  # of other packages, classes, arguments
_FENCE: Final = re.compile(r"^( *)```(\w*) *$")


@dataclass(frozen=True, slots=True)
class Example:
    """A block of Python.

    Attributes:
        line: number of its first line on the page.
        code: its text, without the indentation of the block.
        needs_a_server: whether the page says so.
    """

    line: int
    code: str
    needs_a_server: bool


def examples(page: str) -> Iterator[Example]:
    """The blocks of Python of a page, in order."""
    above, language, indent, started = "", None, 0, 0
    body: list[str] = []
    for number, line in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(line)
        if fence is None:
            body.append(line[indent:])
            above = line.strip() if language is None and line.strip() else above
        elif language is None:
            language, indent, started, body = fence[2], len(fence[1]), number + 1, []
        else:
            if language == "python":
                yield Example(started, "\n".join(body), above == NEEDS_A_SERVER)
            above, language, indent = "", None, 0


def run(example: Example, path: Path, names: dict[str, Any]) -> None:
    """Run an example; tracebacks show the line of the page."""
    placed = "\n" * (example.line - 1) + example.code
    try:
        exec(compile(placed, str(path), "exec"), names)  # noqa: S102  # our own pages
    except Exception as error:
        raise AssertionError(f"{path}:{_line(error, path)}: {error!r}") from error


def _line(error: Exception, path: Path) -> int:
    """The line of the page that an error comes from."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exports and definitions that the pages speak of."""
    place = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "slo", place / "slo")
    slos = [slo_named(place / "slo", slo_id) for slo_id in RECORDED]
    made, *others = (place / name for name in EXPORTS)
    sample_export(made, slos, days=DAYS)
    for other in others:
        shutil.copytree(made, other)
    return place


@pytest.mark.parametrize("page", PAGES)
def test_examples_run_as_printed(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, and what one block defines the next ones know."""
    monkeypatch.chdir(folder)
    path, names = ROOT / "docs" / page, {"__name__": "example"}
    for example in examples(path.read_text(encoding="utf-8")):
        if not example.needs_a_server:
            run(example, path, names)


def test_pages_have_examples() -> None:
    """So that none of this passes because nothing was found."""
    found = {
        page: [*examples((ROOT / "docs" / page).read_text(encoding="utf-8"))] for page in PAGES
    }
    assert {page for page, blocks in found.items() if not blocks} <= WITHOUT


@pytest.mark.parametrize("page", PACKAGES)
def test_calls_are_names_of_the_package(page: str) -> None:
    """`tiles(...)`, not `tiles.tiles(...)`: functions hide the modules of their name."""
    text = (ROOT / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    package = import_module(f"rtobs.analytics.{PACKAGES[page]}")
    calls = [(owner, name) for owner, name in _CALL.findall(text) if name not in _ELSEWHERE]
    wrong = [f"{owner}{name}" for owner, name in calls if owner or not hasattr(package, name)]
    assert calls
    assert wrong == []


def test_only_a_mark_above_a_block_leaves_it_out() -> None:
    """A mark counts for the next block only; other languages are not run."""
    page = "```sh\nls\n```\n" + "".join(
        f"{above}\n\n```python\n{code}\n```\n"
        for above, code in ((NEEDS_A_SERVER, "a"), ("text", "b"), (NEEDS_A_SERVER + "\ntext", "c"))
    )
    assert list(examples(page)) == [
        Example(7, "a", needs_a_server=True),
        Example(12, "b", needs_a_server=False),
        Example(18, "c", needs_a_server=False),
    ]


def test_a_failure_names_page_and_line() -> None:
    """The line of the page, whichever block it is in."""
    example = Example(5, "fine = 1\n\nmissing", needs_a_server=False)
    with pytest.raises(AssertionError, match=r"page\.md:7: NameError"):
        run(example, Path("page.md"), {})
    broken = Example(5, "fine = 1\n1 +", needs_a_server=False)
    with pytest.raises(AssertionError, match=r"page\.md:6: SyntaxError"):
        run(broken, Path("page.md"), {})
