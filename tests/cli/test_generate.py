"""`rtobs generate` on the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import pytest

from rtobs.cli.main import main
from tests.cli.conftest import EDGE, SHOP, SHOP_COMPONENT

Out = pytest.CaptureFixture[str]

COUNT: Final = 17
FIRST_RUN: Final = f"""\
domain   service  SLOs  pages  tickets  causes  rules  source
network  edge        1      1        1       0     24  slo/network/edge.yaml
data     shop        2      2        2       1     48  slo/data/shop.yaml

{COUNT} files: {COUNT} new
"""
RULES: Final = "alerts/data/shop.yaml"


@pytest.fixture
def generated(folder: Path, capsys: Out) -> Path:
    """The team's folder after a first run."""
    assert main(["generate"]) == 0
    capsys.readouterr()
    return folder


def files(root: Path) -> dict[str, bytes]:
    """Every generated file with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "slo" not in path.relative_to(root).parts[:1]
    }


def test_first_run(folder: Path, capsys: Out) -> None:
    """The first run writes everything, says what, and lists each file with its digest."""
    assert main(["generate"]) == 0

    assert capsys.readouterr() == (FIRST_RUN, "")
    made = files(folder)
    manifest = json.loads(made.pop(".rtobs-manifest.json"))
    assert manifest["files"] == {
        path: hashlib.sha256(content).hexdigest() for path, content in made.items()
    }
    assert set(made) == {
        *("alerts/platform.yaml", "alerts/data/shop.yaml", "alerts/network/edge.yaml"),
        *(f"tests/rules/data/shop.{part}.test.yaml" for part in ("edges", "fine", "history")),
        *(f"tests/rules/network/edge.{part}.test.yaml" for part in ("edges", "fine", "history")),
        *("dashboards/slo/rtobs-fleet.json", "dashboards/slo/rtobs-slo.json"),
        *("docs/runbooks/README.md", "docs/runbooks/causes-shop.md", "docs/reference/slos.md"),
        *("docs/runbooks/edge-up.md", "docs/runbooks/shop-orders.md", "docs/runbooks/shop-up.md"),
    }


def test_same_input_same_bytes(generated: Path, capsys: Out) -> None:
    """A second run, and one into another directory, make the very same bytes."""
    before = files(generated)

    again = main(["generate"])
    said = capsys.readouterr().out
    elsewhere = main(["generate", "--out", "other"])

    assert (again, elsewhere) == (0, 0)
    assert said.endswith(f"\n{COUNT} files: {COUNT} unchanged\n")
    assert files(generated / "other") == before
    assert {p: c for p, c in files(generated).items() if not p.startswith("other/")} == before


def test_check_of_fresh_output(generated: Path, capsys: Out) -> None:
    """Fresh output has no drift."""
    before = files(generated)

    assert main(["generate", "--check"]) == 0
    assert capsys.readouterr() == (f"{COUNT} files are as generated\n", "")
    assert files(generated) == before


def test_check_of_another_meaning(generated: Path, capsys: Out) -> None:
    """A definition that means something else is drift, the lines are shown, nothing is written."""
    before = files(generated)
    (generated / "slo/data/shop.yaml").write_text(SHOP.replace("99.9%", "99.8%"))

    assert main(["generate", "--check"]) == 1
    out = capsys.readouterr().out
    assert "alerts/data/shop.yaml: changed\n" in out
    assert "   -    expr: vector(0.999)\n   +    expr: vector(0.998)\n" in out
    assert out.endswith(f" of {COUNT} files differ; run `rtobs generate`\n")
    assert files(generated) == before


def test_check_of_another_spelling(generated: Path) -> None:
    """A comment, an order of keys or another spelling of a number changes no artefact."""
    text = "# The shop\n" + SHOP.replace("99.9%", '"99.90 %"').replace(
        "        metric: orders_total\n        bad: {status: failed}\n",
        "        bad: {status: failed}\n        metric: orders_total\n",
    )
    rules = (generated / RULES).read_bytes()
    (generated / "slo/data/shop.yaml").write_text(text)

    assert main(["generate", "--only", "shop"]) == 0
    assert (generated / RULES).read_bytes() == rules


def test_check_of_an_edit(generated: Path, capsys: Out) -> None:
    """A rule that somebody turned down by hand is drift, and is shown."""
    rules = generated / RULES
    rules.write_text(rules.read_text().replace("> 0.0144", "> 0.9"))

    assert main(["generate", "--check"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("alerts/data/shop.yaml: edited by hand\n")
    assert out.endswith(
        f"\n1 of {COUNT} files differ; move that work into slo/, or run `rtobs generate --force`\n"
    )


def test_check_of_a_deletion(generated: Path, capsys: Out) -> None:
    """A generated file that is not there is drift."""
    (generated / RULES).unlink()

    assert main(["generate", "--check"]) == 1
    assert capsys.readouterr().out == (
        "alerts/data/shop.yaml: deleted, but still generated\n"
        f"1 of {COUNT} files differ; run `rtobs generate`\n"
    )


def test_check_of_an_orphan(generated: Path, capsys: Out) -> None:
    """The files of a service that is no longer defined are drift."""
    (generated / "slo/network/edge.yaml").unlink()

    assert main(["generate", "--check"]) == 1
    assert "alerts/network/edge.yaml: no longer generated\n" in capsys.readouterr().out


def test_check_of_a_stranger(generated: Path, capsys: Out) -> None:
    """A rule file that nobody generated would be loaded all the same, so it is drift."""
    (generated / "alerts/data/mine.yaml").write_text("groups: []\n")

    assert main(["generate", "--check"]) == 1
    assert capsys.readouterr().out == (
        "alerts/data/mine.yaml: not generated by rtobs\n"
        f"1 of {COUNT + 1} files differ;"
        " move that work into slo/, or run `rtobs generate --force`\n"
    )


def test_edit_blocks_and_force_does_not(generated: Path, capsys: Out) -> None:
    """Somebody's work is not overwritten unless that is asked for."""
    before = files(generated)
    (generated / RULES).write_text("mine\n")

    blocked = main(["generate"])
    out, err = capsys.readouterr()
    kept = (generated / RULES).read_text()
    forced = main(["generate", "--force"])

    assert (blocked, out, kept, forced) == (1, "", "mine\n", 0)
    assert err == (
        "rtobs: nothing was written; in the way stands:\n"
        "  alerts/data/shop.yaml (edited by hand)\n"
        "move that work into slo/, or repeat with --force to lose it\n"
    )
    assert files(generated) == before


def test_removed_service(generated: Path, capsys: Out) -> None:
    """The files of a service that is no longer defined are removed."""
    (generated / "slo/network/edge.yaml").unlink()

    assert main(["generate"]) == 0
    assert "no longer generated" in capsys.readouterr().out
    assert [path for path in files(generated) if "/edge" in path] == []
    assert main(["generate", "--check"]) == 0


@pytest.mark.parametrize("words", [["--only", "shop"], ["--domain", "data"]])
def test_one_service(generated: Path, words: list[str], capsys: Out) -> None:
    """One service, or one domain, is written alone; the drift of others is left as it is."""
    (generated / "slo/data/shop.yaml").write_text(SHOP.replace("99.9%", "99.8%"))
    (generated / "slo/network/edge.yaml").write_text(EDGE.replace("99%", "98%"))
    before = files(generated)

    assert main(["generate", *words]) == 0
    after = files(generated)
    changed = {path for path, content in after.items() if content != before[path]}
    assert changed == {
        ".rtobs-manifest.json",
        RULES,
        "docs/runbooks/shop-orders.md",
        *(f"tests/rules/data/shop.{part}.test.yaml" for part in ("edges", "fine", "history")),
    }
    assert capsys.readouterr().out.endswith("\n7 files: 2 unchanged, 5 changed\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "shopp"], 'rtobs: there is no service "shopp"; did you mean shop?'),
        (["--domain", "security"], "rtobs generate: there is no service in domain security"),
    ],
)
def test_no_such_service(folder: Path, words: list[str], said: str, capsys: Out) -> None:
    """A service or a domain that has nothing is a mistake of usage."""
    del folder

    assert main(["generate", *words]) == 2
    assert capsys.readouterr() == ("", f"{said}\n")


def test_problems_stop_it(folder: Path, capsys: Out) -> None:
    """Nothing is written from definitions with errors."""
    (folder / "slo/data/shop.yaml").write_text(SHOP.replace("orders_total", "order_total"))

    assert main(["generate"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("slo/data/shop.yaml:15:17: error[unknown-metric]: ")
    assert files(folder) == {}


def test_environment(generated: Path) -> None:
    """Another environment makes other numbers, and says which tier it cannot have."""
    assert main(["generate", "--site", "dev"]) == 0

    rules = (generated / RULES).read_text()
    assert "expr: vector(0.9)\n" in rules
    assert rules.splitlines()[2] == (
        "# shop-orders has no tier fast: a burn rate of 14.4 needs 144% bad,"
        " more than everything: it could never fire"
    )


def test_notes_of_the_team(generated: Path) -> None:
    """Notes of the team become part of the page of their SLO, and are never touched."""
    notes = generated / "docs/runbooks/notes"
    notes.mkdir()
    (notes / "shop-orders.md").write_text("Call the warehouse first.\n")

    assert main(["generate", "--check"]) == 1
    assert main(["generate"]) == 0
    assert "Call the warehouse first." in (generated / "docs/runbooks/shop-orders.md").read_text()
    assert (notes / "shop-orders.md").read_text() == "Call the warehouse first.\n"
    assert main(["generate", "--check"]) == 0


def test_muted_cause(generated: Path) -> None:
    """A cause alert that the service does not want is not there."""
    assert "ShopIdle" in (generated / RULES).read_text()
    assert "ShopIdle" in SHOP_COMPONENT
    muted = SHOP.replace("slos:\n", "causes: {mute: [ShopIdle]}\nslos:\n", 1)
    (generated / "slo/data/shop.yaml").write_text(muted)

    assert main(["generate"]) == 0
    assert "ShopIdle" not in (generated / RULES).read_text()


def test_broken_manifest(generated: Path, capsys: Out) -> None:
    """A manifest that cannot be read stops everything, and the way out is said."""
    (generated / ".rtobs-manifest.json").write_text("<<<<<<< HEAD\n")

    assert main(["generate"]) == 1
    assert capsys.readouterr().err == (
        "rtobs: .rtobs-manifest.json is no manifest:"
        " restore it from version control, or remove it and run generate --force\n"
    )
