"""`rtobs prove` on the command line."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtobs.catalogue.facts import Catalogue
from rtobs.cli.prove import configure, run
from rtobs.errors import ConfigurationError
from rtobs.model.site import Site
from rtobs.proof.promtool import rule_tests
from rtobs.slo.fleet import Fleet
from rtobs.slo.reading import Setting
from tests.proof.engine import every_promtool, rules_text
from tests.proof.slos import BAD_FORM, PROBE, service

SHOP = service(BAD_FORM, PROBE)
TABLE = """\
SLO            tier     fires after     seen  resets after     seen
shop-requests  fast           9 min    9 min        15 min   15 min  ok
shop-requests  slow          25 min   25 min        31 min   31 min  ok
shop-requests  ticket        95 min   95 min       115 min  115 min  ok
shop-requests  trickle      275 min  275 min       340 min  340 min  ok
"""


FLEET = Fleet(Setting(Catalogue({}), Site(), {}, ""), (SHOP,), {"shop": ()}, {})


def load(folder: Path, environment: str) -> Fleet:
    """The fleet of the tests, in the place of definitions on disk."""
    del folder, environment
    return FLEET


def prove(*arguments: str) -> int:
    """The exit code of the verb with these options."""
    parser = ArgumentParser()
    configure(parser)
    return run(parser.parse_args(arguments, Namespace(slo_dir=Path("slo"), site="")), load)


@pytest.fixture
def generated(tmp_path: Path) -> Iterator[Path]:
    """A working directory with the rules and tests of the shop."""
    (tmp_path / "alerts/data").mkdir(parents=True)
    (tmp_path / "alerts/data/shop.yaml").write_text(rules_text(SHOP.slos), encoding="utf-8")
    for file in rule_tests(SHOP, (), Site()):
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@every_promtool(newest=True)
def test_table(promtool: Path, generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table shows what was predicted and what was seen, and one SLO can be picked."""
    del generated

    status = prove("--promtool", str(promtool), "--slo", "shop-requests")

    assert status == 0
    table, _, summary = capsys.readouterr().out.partition("\n\n")
    assert f"{table}\n" == TABLE
    assert summary.startswith("4 tiers of 1 SLOs; ")
    assert summary.endswith(" checks, all hold\n")


@every_promtool(newest=True)
def test_findings(promtool: Path, generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that does something else is named with its query, and the exit status is 1."""
    rules = generated / "alerts/data/shop.yaml"
    wrong = rules.read_text(encoding="utf-8").replace("> 0.072", "> 0.09")
    rules.write_text(wrong, encoding="utf-8")

    status = prove("--promtool", str(promtool))

    out = capsys.readouterr().out
    assert status == 1
    assert "shop-requests  fast           9 min   11 min" in out
    assert "tests/rules/data/shop.fine.test.yaml: fast: fires 9 min after the onset" in out
    assert "   at:       1h9m\n" in out
    assert "   got:      nothing\n" in out


@every_promtool(newest=True)
def test_json(promtool: Path, generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the same content."""
    del generated

    status = prove("--promtool", str(promtool), "--format", "json", "--domain", "data")

    content = json.loads(capsys.readouterr().out)
    assert status == 0
    assert content["findings"] == []
    assert content["proofs"][0] == {
        "slo_id": "shop-requests",
        "tier": "fast",
        "fires": 9,
        "fires_seen": "9",
        "resets": 15,
        "resets_seen": "15",
        "passed": True,
    }
    assert len(content["proofs"]) == len(BAD_FORM.tiers) + len(PROBE.tiers)


def test_no_promtool(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a promtool the verb says how to get one."""
    status = prove("--promtool", "/nowhere/promtool")

    assert status == 2
    assert capsys.readouterr().err == (
        'rtobs prove: "/nowhere/promtool" is no program; '
        "name one with --promtool or $RTOBS_PROMTOOL, or run `make parts`\n"
    )


@every_promtool(newest=True)
def test_several(promtool: Path, generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several SLOs can be picked, as in the other verbs."""
    del generated
    names = [slo.slo_id for slo in SHOP.slos]

    status = prove("--promtool", str(promtool), "--slo", *names)

    assert status == 0
    table = capsys.readouterr().out.partition("\n\n")[0]
    assert list(dict.fromkeys(row.split()[0] for row in table.splitlines()[1:])) == names


def test_no_such_slo() -> None:
    """A name that no SLO has is refused with those that are called alike."""
    with pytest.raises(ConfigurationError, match='no SLO "shop-request"; did you mean shop-req'):
        prove("--promtool", "true", "--slo", "shop-requests", "shop-request")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--domain", "network"), "there is no SLO in domain network"),
        (
            ("--domain", "network", "--slo", "shop-requests"),
            "none of these SLOs is in domain network",
        ),
    ],
)
def test_nothing_selected(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words that select nothing are a mistake of usage."""
    status = prove("--promtool", "true", *arguments)

    assert status == 2
    assert capsys.readouterr().err == f"rtobs prove: {message}\n"
