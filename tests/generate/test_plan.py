"""How artefacts are compared with a directory, and how the directory is brought to them."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from rtobs.errors import GenerationError
from rtobs.generate import Artefact, Kind, plan, write

SHOP: Final = Artefact("alerts/data/shop.yaml", "shop: é\n")
EDGE: Final = Artefact("alerts/network/edge.yaml", "edge\n")
BOTH: Final = (SHOP, EDGE)
MANIFEST: Final = ".rtobs-manifest.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory in which both artefacts were generated."""
    write(plan(BOTH, tmp_path, whole=True))
    return tmp_path


def kinds(root: Path, *made: Artefact, whole: bool = True) -> dict[str, Kind]:
    """How each file of a plan differs."""
    return {change.path: change.kind for change in plan(made, root, whole=whole).changes}


def files(root: Path) -> dict[str, str]:
    """Every file below a directory with its text, the manifest left out."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def listed(root: Path) -> dict[str, str]:
    """The digests of the manifest."""
    content: dict[str, dict[str, str]] = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return content["files"]


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """The system refuses to let a file grow beyond `size` bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_new(tmp_path: Path) -> None:
    """In an empty directory everything is new, and writing makes exactly those files."""
    planned = plan(BOTH, tmp_path, whole=True)
    write(planned)

    assert [(change.path, change.kind) for change in planned.drift] == [
        ("alerts/data/shop.yaml", Kind.NEW),
        ("alerts/network/edge.yaml", Kind.NEW),
    ]
    assert files(tmp_path) == {one.path: one.text for one in BOTH}


def test_unchanged(root: Path) -> None:
    """What was generated is as it should be."""
    assert kinds(root, *BOTH) == {SHOP.path: Kind.SAME, EDGE.path: Kind.SAME}
    assert plan(BOTH, root, whole=True).drift == ()


def test_changed(root: Path) -> None:
    """An artefact whose text is another is changed, and the plan has the text of before."""
    planned = plan((Artefact(SHOP.path, "more\n"), EDGE), root, whole=True)
    (change,) = planned.drift
    write(planned)

    assert (change.path, change.kind, change.before) == (SHOP.path, Kind.CHANGED, "shop: é\n")
    assert files(root)[SHOP.path] == "more\n"


def test_gone(root: Path) -> None:
    """What is no longer made is removed."""
    planned = plan((EDGE,), root, whole=True)
    write(planned)

    assert kinds(root, EDGE) == {EDGE.path: Kind.SAME}
    assert [(change.path, change.kind) for change in planned.drift] == [(SHOP.path, Kind.GONE)]
    assert files(root) == {EDGE.path: EDGE.text}
    assert list(listed(root)) == [EDGE.path]


def test_gone_but_still_listed(root: Path) -> None:
    """A file that was removed by hand stays a difference until the manifest forgets it."""
    (root / SHOP.path).unlink()

    planned = plan((EDGE,), root, whole=True)
    write(planned)

    assert [(change.path, change.kind) for change in planned.drift] == [(SHOP.path, Kind.GONE)]
    assert plan((EDGE,), root, whole=True).drift == ()


def test_removed_by_hand(root: Path) -> None:
    """A file that somebody removed comes back."""
    (root / SHOP.path).unlink()

    planned = plan(BOTH, root, whole=True)
    write(planned)

    assert [(change.path, change.kind) for change in planned.drift] == [(SHOP.path, Kind.DELETED)]
    assert files(root)[SHOP.path] == SHOP.text


@pytest.mark.parametrize(
    ("made", "path"),
    [
        ((SHOP, EDGE), SHOP.path),
        ((Artefact(SHOP.path, "more\n"), EDGE), SHOP.path),
        ((EDGE,), SHOP.path),
    ],
    ids=["unchanged", "changed", "gone"],
)
def test_edited_by_hand(root: Path, made: tuple[Artefact, ...], path: str) -> None:
    """A file that somebody edited blocks everything, and nothing is written."""
    (root / path).write_text("mine\n", encoding="utf-8")
    before, manifest = files(root), listed(root)

    planned = plan(made, root, whole=True)
    with pytest.raises(GenerationError) as caught:
        write(planned)

    assert [(change.path, change.kind) for change in planned.blocked] == [(path, Kind.EDITED)]
    assert str(caught.value) == (
        "nothing was written; in the way stands:\n"
        "  alerts/data/shop.yaml (edited by hand)\n"
        "move that work into slo/, or repeat with --force to lose it"
    )
    assert (files(root), listed(root)) == (before, manifest)


def test_blocked_before_the_first_file(root: Path) -> None:
    """Nothing is written when one file is in the way, not even what sorts before it."""
    (root / EDGE.path).write_text("mine\n", encoding="utf-8")

    with pytest.raises(GenerationError):
        write(plan((Artefact(SHOP.path, "more\n"), EDGE), root, whole=True))

    assert files(root) == {SHOP.path: SHOP.text, EDGE.path: "mine\n"}


@pytest.mark.parametrize("folder", ["alerts", "dashboards", "tests/rules"])
def test_foreign(root: Path, folder: str) -> None:
    """A file in a generated folder that nobody generated blocks, hidden ones do not count."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / "mine.txt").write_text("mine\n", encoding="utf-8")
    (root / folder / ".gitkeep").write_text("", encoding="utf-8")

    planned = plan(BOTH, root, whole=True)

    assert [(c.path, c.kind) for c in planned.blocked] == [(f"{folder}/mine.txt", Kind.FOREIGN)]


def test_elsewhere_is_nobodys_business(root: Path) -> None:
    """Files outside the generated folders are never looked at."""
    (root / "docs/runbooks/notes").mkdir(parents=True)
    (root / "docs/runbooks/notes/shop.md").write_text("mine\n", encoding="utf-8")

    assert plan(BOTH, root, whole=True).drift == ()


def test_foreign_in_the_place_of_an_artefact(tmp_path: Path) -> None:
    """A file of somebody else is not overwritten, even where an artefact belongs."""
    (tmp_path / "alerts/data").mkdir(parents=True)
    (tmp_path / SHOP.path).write_text("mine\n", encoding="utf-8")

    planned = plan((SHOP,), tmp_path, whole=True)
    with pytest.raises(GenerationError, match=r"shop\.yaml \(not generated by rtobs\)"):
        write(planned)

    assert files(tmp_path) == {SHOP.path: "mine\n"}


def test_force(root: Path) -> None:
    """When it is asked for, edited and foreign files are overwritten or removed."""
    (root / SHOP.path).write_text("mine\n", encoding="utf-8")
    (root / "alerts/mine.yaml").write_text("mine\n", encoding="utf-8")

    write(plan(BOTH, root, whole=True), force=True)

    assert files(root) == {one.path: one.text for one in BOTH}
    assert plan(BOTH, root, whole=True).drift == ()


def test_part(root: Path) -> None:
    """A part of the artefacts leaves the others alone, on disk and in the manifest."""
    (root / EDGE.path).write_text("mine\n", encoding="utf-8")
    (root / "alerts/mine.yaml").write_text("mine\n", encoding="utf-8")
    before = listed(root)[EDGE.path]
    more = Artefact(SHOP.path, "more\n")

    planned = plan((more,), root, whole=False)
    write(planned)

    assert [(change.path, change.kind) for change in planned.changes] == [(SHOP.path, Kind.CHANGED)]
    assert files(root) == {
        SHOP.path: "more\n",
        EDGE.path: "mine\n",
        "alerts/mine.yaml": "mine\n",
    }
    assert listed(root) == {SHOP.path: more.digest, EDGE.path: before}


def test_manifest(root: Path) -> None:
    """The manifest has each path with the SHA-256 of its bytes, sorted, and no time."""
    assert (root / MANIFEST).read_text(encoding="utf-8") == (
        '{\n "generatedBy": "rtobs",\n "files": {\n'
        '  "alerts/data/shop.yaml":'
        ' "d88090562d01fa5742d3137cae4be4b3ae6cd9727ee5e610349897452a422fd0",\n'
        '  "alerts/network/edge.yaml":'
        ' "a74f6ed27de902c1a137ae9c3c5f000fb50ca681833e29b983188bfce8e2f587"\n }\n}\n'
    )


def test_interrupted(root: Path) -> None:
    """A run that ended before its manifest was written is completed by the next one."""
    new = (Artefact(SHOP.path, "more\n"), Artefact("alerts/data/bank.yaml", "bank\n"))
    for artefact in new:
        (root / artefact.path).write_text(artefact.text, encoding="utf-8")
    (root / EDGE.path).unlink()

    planned = plan(new, root, whole=True)
    write(planned)

    assert planned.blocked == ()
    assert listed(root) == {one.path: one.digest for one in sorted(new, key=lambda a: a.path)}
    assert plan(new, root, whole=True).drift == ()


def test_interrupted_before_the_definition_changed(root: Path) -> None:
    """What a broken run wrote is not taken for a hand edit when the next one wants other text."""
    first = Artefact("alerts/data/bank.yaml", "half\n")
    impossible = Artefact(f"{SHOP.path}/below-a-file.yaml", "x\n")
    with pytest.raises(GenerationError, match="below-a-file"):
        write(plan((first, SHOP, EDGE, impossible), root, whole=True))

    planned = plan((Artefact(first.path, "other\n"), SHOP, EDGE), root, whole=True)

    assert planned.blocked == ()
    assert [(change.path, change.kind) for change in planned.drift] == [(first.path, Kind.CHANGED)]


def test_identical_twin(tmp_path: Path) -> None:
    """A file that is not listed but is the very same is taken over."""
    (tmp_path / "alerts/data").mkdir(parents=True)
    (tmp_path / SHOP.path).write_text(SHOP.text, encoding="utf-8")

    planned = plan((SHOP,), tmp_path, whole=True)
    write(planned)

    assert [(change.path, change.kind) for change in planned.drift] == [(SHOP.path, Kind.CHANGED)]
    assert listed(tmp_path) == {SHOP.path: SHOP.digest}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"files": []}',
        '{"files": {"a": 1}, "files": null}',
        '{"files": {"../outside": "0"}}',
        '{"files": {"/etc/passwd": "0"}}',
        '{"files": {"alerts/../../outside": "0"}}',
    ],
)
def test_broken_manifest(root: Path, text: str) -> None:
    """A manifest that cannot be believed is refused, for what it lists may be removed."""
    (root / MANIFEST).write_text(text, encoding="utf-8")

    with pytest.raises(GenerationError) as caught:
        plan(BOTH, root, whole=True)

    assert str(caught.value) == (
        f"{root / MANIFEST} is no manifest:"
        " restore it from version control, or remove it and run generate --force"
    )


def test_full_disk(root: Path) -> None:
    """A write that fails leaves the old file whole, no draft, and says which file it was."""
    more = Artefact(SHOP.path, "x" * 5000)
    planned = plan((more, EDGE), root, whole=True)
    before = files(root)

    with small_disk(1000), pytest.raises(GenerationError) as caught:
        write(planned)

    assert str(caught.value) == f"{root / SHOP.path} cannot be written: File too large"
    assert files(root) == before


def test_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    """A file where a folder must be is an error with its path, no traceback."""
    (tmp_path / "alerts").write_text("", encoding="utf-8")

    with pytest.raises(GenerationError, match=r"alerts/data/shop\.yaml cannot be written: "):
        write(plan((SHOP,), tmp_path, whole=True))


def test_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A folder where a file must be is an error with its path."""
    (tmp_path / SHOP.path).mkdir(parents=True)

    with pytest.raises(GenerationError, match=r"alerts/data/shop\.yaml cannot be read: "):
        plan((SHOP,), tmp_path, whole=True)


def test_files_are_readable_by_all(root: Path) -> None:
    """Generated files can be read by whoever serves them, and only written by their owner."""
    assert (root / SHOP.path).stat().st_mode & 0o777 == 0o644
