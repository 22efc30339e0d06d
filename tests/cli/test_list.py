"""`rtobs list` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from rtobs.cli.main import main
from tests.cli.conftest import SHOP

Out = pytest.CaptureFixture[str]

TABLE: Final = """\
SLO          domain   kind    objective  window  pages  tickets  owner
edge-up      network  probe         99%     30d  fast   ticket   network-team
shop-up      data     probe       99.5%     30d  fast   ticket   shop-team
shop-orders  data     events      99.9%     30d  fast   ticket   shop-team
"""


def test_table(folder: Path, capsys: Out) -> None:
    """The table stands on stdout, in the order of the domains; the count on stderr."""
    del folder

    assert main(["list"]) == 0
    assert capsys.readouterr() == (TABLE, "\n3 SLOs of 2 services\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--domain", "network"], ["edge-up"]),
        (["--service", "shop"], ["shop-up", "shop-orders"]),
        (["--service", "shop", "--domain", "data"], ["shop-up", "shop-orders"]),
        (["--domain", "security"], []),
    ],
)
def test_choice(folder: Path, words: list[str], expected: list[str], capsys: Out) -> None:
    """A domain and a service choose; a domain without services is an empty table."""
    del folder

    assert main(["list", *words]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--service", "shopp"], 'there is no service "shopp"; did you mean shop?'),
        (["--service", "zzz"], 'there is no service "zzz"; `rtobs list` shows them'),
        (
            ["--service", "shop", "--domain", "network"],
            'the service "shop" is in domain data, not in network',
        ),
    ],
)
def test_no_such_service(folder: Path, words: list[str], message: str, capsys: Out) -> None:
    """A name that no service of the domain has is a mistake of usage, not an empty table."""
    del folder

    assert main(["list", *words]) == 2
    assert capsys.readouterr() == ("", f"rtobs: {message}\n")


@pytest.mark.parametrize("verb", ["list", "generate", "prove"])
def test_no_such_domain(verb: str, capsys: Out) -> None:
    """The domains are named as they are typed."""
    with pytest.raises(SystemExit) as caught:
        main([verb, "--domain", "netwrk"])

    assert caught.value.code == 2
    assert "invalid choice: 'netwrk' (choose from 'network', 'security'" in capsys.readouterr().err


def test_environment(folder: Path, capsys: Out) -> None:
    """Objectives and tiers are those of the environment."""
    del folder

    assert main(["list", "--site", "dev", "--service", "shop"]) == 0
    assert capsys.readouterr().out.splitlines()[2] == (
        "shop-orders  data    events        90%     30d  -      ticket   shop-team"
    )


def test_kinds(folder: Path, capsys: Out) -> None:
    """Each kind of SLI has the word that definitions use for it."""
    head = SHOP.partition("  - name: orders")[0]
    others = {
        "empty": "{timeslice: {expr: 'sum(rate(orders_total[5m]))', goodWhen: '> 0'}}",
        "wrong": (
            '{raw: {errorRatio: "sum(rate(orders_total{status=\\"failed\\"}[{{window}}]))'
            ' / sum(rate(orders_total[{{window}}]))"}}'
        ),
    }
    entries = "".join(
        f"  - {{name: {name}, description: What it means to users, objective: 99%, sli: {sli}}}\n"
        for name, sli in others.items()
    )
    (folder / "slo/data/shop.yaml").write_text(head + entries)

    assert main(["list", "--service", "shop", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(slo["slo_id"], slo["kind"]) for slo in listed] == [
        ("shop-up", "probe"),
        ("shop-empty", "timeslice"),
        ("shop-wrong", "raw"),
    ]


def test_json(folder: Path, capsys: Out) -> None:
    """The JSON has all that identifies an SLO, and where it is defined."""
    del folder

    assert main(["list", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)[2], err) == (
        {
            "slo_id": "shop-orders",
            "service": "shop",
            "component": "shop",
            "domain": "data",
            "owner": "shop-team",
            "kind": "events",
            "group_by": [],
            "objective": "0.999",
            "window": "30d",
            "tiers": {"fast": "critical", "ticket": "warning"},
            "verified": True,
            "description": "Customers get what they order.",
            "source": "slo/data/shop.yaml:11",
        },
        "",
    )
