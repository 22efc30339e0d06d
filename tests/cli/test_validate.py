"""`rtobs validate` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtobs.cli.main import main
from tests.cli.conftest import POLICY, SHOP

Out = pytest.CaptureFixture[str]

MISSPELT = """\
slo/data/shop.yaml:15:17: error[unknown-metric]: "order_total" is not in the shop catalogue
   |         metric: order_total
   |                 ^^^^^^^^^^^
   hint: did you mean "orders_total"?
"""


@pytest.fixture
def misspelt(folder: Path) -> Path:
    """The team's folder with a metric that does not exist."""
    (folder / "slo/data/shop.yaml").write_text(SHOP.replace("orders_total", "order_total"))
    return folder


def test_fine(folder: Path, capsys: Out) -> None:
    """Sound definitions are counted on stderr, and stdout stays empty."""
    del folder

    assert main(["validate"]) == 0
    assert capsys.readouterr() == ("", "3 SLOs: no problems\n")


def test_problem(misspelt: Path, capsys: Out) -> None:
    """A problem stands on stdout with its line, a caret and what to do; the exit status is 1."""
    del misspelt

    assert main(["validate"]) == 1
    assert capsys.readouterr() == (MISSPELT, "1 error\n")


def test_all_problems_of_all_files(misspelt: Path, capsys: Out) -> None:
    """One run reports every file, sorted by place, whatever kind of problem it is."""
    (misspelt / "slo/network/edge.yaml").write_text("[")
    (misspelt / "slo/till.yaml").write_text(SHOP)

    assert main(["validate"]) == 1
    out, err = capsys.readouterr()
    heads = [line for line in out.splitlines() if line.startswith("slo/")]
    assert heads[0] == MISSPELT.splitlines()[0]
    assert heads[1].startswith("slo/network/edge.yaml:2:1: error[yaml-syntax]: ")
    assert heads[2].startswith('slo/till.yaml: error[misplaced-file]: "till.yaml" is not read')
    assert (len(heads), err) == (3, "3 errors\n")


def test_broken_settings_and_definitions(misspelt: Path, capsys: Out) -> None:
    """A broken policy does not hide a definition that is no YAML."""
    (misspelt / "slo/network/edge.yaml").write_text("[")
    (misspelt / "slo/policy.yaml").write_text(POLICY.replace("short: 5m", "short: 2h"))

    assert main(["validate"]) == 1
    out = capsys.readouterr().out
    assert [line.split(" ")[1] for line in out.splitlines() if line.startswith("slo/")] == [
        "error[yaml-syntax]:",
        "error[tier-windows]:",
    ]


def test_json(misspelt: Path, capsys: Out) -> None:
    """The JSON has every part of a problem."""
    del misspelt

    assert main(["validate", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "id": "unknown-metric",
            "level": "error",
            "message": '"order_total" is not in the shop catalogue',
            "hint": 'did you mean "orders_total"?',
            "file": "slo/data/shop.yaml",
            "line": 15,
            "column": 17,
        }
    ]


def test_json_of_nothing(folder: Path, capsys: Out) -> None:
    """Without problems the JSON is an empty list, so that a program need not think."""
    del folder

    assert [main(["validate", "--format", form]) for form in ("json", "gitlab")] == [0, 0]
    assert capsys.readouterr().out == "[]\n[]\n"


def test_gitlab(misspelt: Path, capsys: Out) -> None:
    """GitLab's report has the fields that its widget needs."""
    del misspelt

    assert main(["validate", "--format", "gitlab"]) == 1
    (entry,) = json.loads(capsys.readouterr().out)
    assert len(entry.pop("fingerprint")) == 64
    assert entry == {
        "description": (
            '"order_total" is not in the shop catalogue (did you mean "orders_total"?)'
        ),
        "check_name": "unknown-metric",
        "severity": "major",
        "location": {"path": "slo/data/shop.yaml", "lines": {"begin": 15}},
    }


def test_fingerprint_survives_moved_lines(misspelt: Path, capsys: Out) -> None:
    """A problem that moved down is the same problem, one in another file is another."""
    path = misspelt / "slo/data/shop.yaml"

    main(["validate", "--format", "gitlab"])
    (before,) = json.loads(capsys.readouterr().out)
    path.write_text("# more\n\n" + path.read_text())
    main(["validate", "--format", "gitlab"])
    (after,) = json.loads(capsys.readouterr().out)

    assert (before["location"]["lines"], after["location"]["lines"]) == (
        {"begin": 15},
        {"begin": 17},
    )
    assert before["fingerprint"] == after["fingerprint"]


def test_problem_of_a_whole_file(folder: Path, capsys: Out) -> None:
    """GitLab wants a line; a problem of a whole file stands at its first."""
    (folder / "slo/data/shop.yml").write_text(SHOP)

    assert main(["validate", "--format", "gitlab"]) == 1
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["location"] == {"path": "slo/data/shop.yml", "lines": {"begin": 1}}


def test_warnings_fail_when_strict(folder: Path, capsys: Out) -> None:
    """A warning is shown and passes, and fails only where that is asked for."""
    alone = SHOP.replace("presence: required", "presence: optional").replace(
        "sli: {probe: {target: shop}}", "sli: {probe: {up: {job: shop}}}"
    )
    (folder / "slo/data/shop.yaml").write_text(alone.partition("  - name: up")[0] + ORDERS)

    relaxed, strict = main(["validate"]), main(["validate", "--strict"])

    out, err = capsys.readouterr()
    assert (relaxed, strict) == (0, 1)
    assert "warning[" in out
    assert err == "2 SLOs: 1 warning\n" * 2


ORDERS = SHOP[SHOP.index("  - name: orders") :]


def test_explain(capsys: Out) -> None:
    """Each kind of problem can be explained without any definitions."""
    assert main(["validate", "--explain", "duplicate-key"]) == 0
    assert capsys.readouterr().out == (
        "A YAML mapping has a key twice; most readers would silently keep the last one.\n"
    )


def test_explain_unknown(capsys: Out) -> None:
    """An id that no problem has is a mistake of usage."""
    assert main(["validate", "--explain", "nonsense"]) == 2
    assert capsys.readouterr() == ("", 'rtobs validate: no problem has the id "nonsense"\n')


def test_other_folder_and_site(folder: Path, capsys: Out) -> None:
    """The folder and the environment are options; an environment that is not there is named."""
    (folder / "slo").rename(folder / "promises")

    fine = main(["validate", "--slo-dir", "promises", "--site", "dev"])
    wrong = main(["validate", "--slo-dir", "promises", "--site", "test"])

    assert (fine, wrong) == (0, 1)
    assert 'promises/site.yaml:4:1: error[unknown-environment]: there is no environment "test"' in (
        capsys.readouterr().out
    )
