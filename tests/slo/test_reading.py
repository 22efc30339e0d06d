"""Which files of `slo/` are read, and which of them nobody would ever read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtobs.errors import ConfigurationError
from rtobs.problems import Problem
from rtobs.slo.reading import read_definitions
from tests.slo.definitions import definition_text

SLO = "sli: {probe: {target: shop}}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `slo` with two domains, named as a user would type it."""
    monkeypatch.chdir(tmp_path)
    for path in ("slo/data/shop.yaml", "slo/network/edge.yaml", "slo/data/bank.yaml"):
        put(path, definition_text(SLO, head=f"service: {Path(path).stem}"))
    put("slo/policy.yaml", "")
    put("slo/site.yaml", "")
    put("slo/pipeline.yaml", "")
    put("slo/catalogue/shop.yaml", "")
    put("slo/dashboards/extra.libsonnet", "")
    return Path("slo")


def put(path: str, text: str) -> None:
    """Write a file and the folders above it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def brief(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """Place and kind of problems."""
    return [(str(problem.location), problem.id) for problem in problems]


def test_definitions(folder: Path) -> None:
    """Definitions come by domain and name, with paths as they were typed; settings are none."""
    sources, problems = read_definitions(folder)

    assert problems == ()
    assert [(source.path, source.definition.service) for source in sources] == [
        ("slo/network/edge.yaml", "edge"),
        ("slo/data/bank.yaml", "bank"),
        ("slo/data/shop.yaml", "shop"),
    ]


def test_files_of_no_interest(folder: Path) -> None:
    """Hidden files, and files that are no YAML, may lie beside definitions."""
    put("slo/data/.shop.yaml.swp", "x")
    put("slo/data/.hidden.yaml", "x")
    put("slo/data/README.md", "x")
    put("slo/.git/config.yaml", "x")
    put("slo/README.md", "x")

    sources, problems = read_definitions(folder)

    assert problems == ()
    assert len(sources) == 3


@pytest.mark.parametrize(
    ("path", "place", "id_"),
    [
        ("slo/databases/shop.yaml", "slo/databases", "unknown-domain"),
        ("slo/data/shop.yml", "slo/data/shop.yml", "misplaced-file"),
        ("slo/data/more/shop.yaml", "slo/data/more", "misplaced-file"),
        ("slo/chat.yaml", "slo/chat.yaml", "misplaced-file"),
        ("slo/site.yml", "slo/site.yml", "misplaced-file"),
    ],
)
def test_files_that_nobody_reads(folder: Path, path: str, place: str, id_: str) -> None:
    """A file in a place where it would be overlooked is a problem, and the others are read."""
    put(path, definition_text(SLO))

    sources, problems = read_definitions(folder)

    assert brief(problems) == [(place, id_)]
    assert len(sources) == 3


def test_every_broken_file_is_reported(folder: Path) -> None:
    """Each broken file has its problems with line and column, and the sound ones are read."""
    put("slo/data/bank.yaml", "a: b: c\n")
    put("slo/network/edge.yaml", definition_text(SLO).replace("objective: 99%", "objektive: 99%"))
    Path("slo/security").mkdir()
    Path("slo/security/wall.yaml").write_bytes(b"\xff\xfe")

    sources, problems = read_definitions(folder)

    assert [source.path for source in sources] == ["slo/data/shop.yaml"]
    assert brief(problems) == [
        ("slo/network/edge.yaml:7:5", "missing-key"),
        ("slo/network/edge.yaml:9:5", "unknown-key"),
        ("slo/security/wall.yaml", "not-text"),
        ("slo/data/bank.yaml:1:5", "yaml-syntax"),
    ]


def test_no_folder(tmp_path: Path) -> None:
    """A folder that is not there is a wrong argument, and the sentence says what to do."""
    with pytest.raises(ConfigurationError, match=r"there is no folder .*nowhere; run it where slo"):
        read_definitions(tmp_path / "nowhere")
