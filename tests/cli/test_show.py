"""`rtobs show` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from rtobs.cli.main import main
from tests.cli.conftest import SHOP, SHOP_COMPONENT

Out = pytest.CaptureFixture[str]

ORDERS: Final = """\
shop-orders: Customers get what they order.

defined in    slo/data/shop.yaml:11 (events, owner shop-team)
objective     99.9% over 30 days
error budget  0.1% of all events: 1000 of a million, or 43 min 12 s of total outage in 30 days
without data  ignore, presence optional
reason        One order in a thousand is what the competition loses.

tier    asks for  windows  burn rate  bad above  budget spent  sees an outage of  a 10% fault after  fewest bad
fast    critical  1h/5m    14.4       1.44%      2%            51 s               8 min 38 s         3
ticket  warning   1d/2h    3          0.3%       10%           4 min 19 s         43 min 12 s        3

group slo-shop-orders, every 1m
  slo:sli_total:rate5m
    sum(rate(orders_total[5m]))
  slo:sli_bad:rate5m
    sum(rate(orders_total{status="failed"}[5m])) or 0 * max(slo:sli_total:rate5m{slo_id="shop-orders"})
"""  # noqa: E501  # as it is printed
UP: Final = """\
shop-up: The shop opens when it is asked from outside.

defined in    slo/data/shop.yaml:6 (probe, owner shop-team)
objective     99.5% over 30 days
error budget  0.5% of all minutes: 3 h 36 min in 30 days
without data  bad, presence required

tier    asks for  windows  burn rate  bad above  budget spent  sees an outage of  a 10% fault after  fewest bad
fast    critical  1h/5m    14.4       7.2%       2%            5 min              -                  3
ticket  warning   1d/2h    3          1.5%       10%           22 min             -                  3

group slo-shop-up, every 1m
  slo:sli_slice:seen
    1 - (((max(probe_success{probe="shop"})) >= -Inf) >= bool 1)
"""  # noqa: E501  # as it is printed


@pytest.mark.parametrize(("slo", "text"), [("shop-orders", ORDERS), ("shop-up", UP)])
def test_meaning_tiers_and_expressions(folder: Path, slo: str, text: str, capsys: Out) -> None:
    """An SLO is told in minutes and events, then its tiers, then its rules in their order."""
    del folder

    assert main(["show", slo]) == 0
    out, err = capsys.readouterr()
    assert out[: len(text)] == text
    assert out.count("  SLOBudgetBurn fast\n") == 1
    assert f"\ngroup slo-{slo}-long, every 5m\n  slo:sli_total:increase5m\n" in out
    assert err == ""


def test_dropped_tier(folder: Path, capsys: Out) -> None:
    """A tier that the SLO cannot have is named with its reason."""
    del folder

    assert main(["show", "shop-orders", "--site", "dev"]) == 0
    assert (
        "\nno fast: a burn rate of 14.4 needs 144% bad, more than everything: it could never fire\n"
    ) in capsys.readouterr().out


def test_groups_and_unverified(folder: Path, capsys: Out) -> None:
    """Groups are named, and so is a metric that nobody has seen."""
    grouped = SHOP + "    groupBy: [status]\n"
    unseen = SHOP_COMPONENT.replace("unit: orders\n", "unit: orders\n    verified: false\n")
    (folder / "slo/data/shop.yaml").write_text(grouped.replace("status: failed", "status: ok"))
    (folder / "slo/catalogue/shop.yaml").write_text(unseen)

    assert main(["show", "shop-orders"]) == 0
    out = capsys.readouterr().out
    assert "objective     99.9% over 30 days, for each status\n" in out
    assert (
        "unverified    it reads a metric that was never seen on the wire, so it never pages\n"
    ) in out
    assert "\nfast    warning   1h/5m" in out


def test_json(folder: Path, capsys: Out) -> None:
    """The JSON has exact numbers as text, and the rules as Prometheus reads them."""
    del folder

    assert main(["show", "shop-orders", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    groups = shown.pop("groups")
    fast = shown["tiers"][0]
    outage = fast.pop("smallest_outage_seconds")
    assert [group["name"] for group in groups] == ["slo-shop-orders", "slo-shop-orders-long"]
    assert groups[0]["rules"][0]["record"] == "slo:sli_total:rate5m"
    assert outage == pytest.approx(51.84)
    assert fast == {
        "name": "fast",
        "severity": "critical",
        "long": "1h",
        "short": "5m",
        "factor": "14.4",
        "threshold": "0.0144",
        "budget_share": "0.02",
        "min_bad": 3,
    }
    del shown["tiers"]
    assert shown == {
        "slo_id": "shop-orders",
        "description": "Customers get what they order.",
        "kind": "events",
        "objective": "0.999",
        "error_budget": "0.001",
        "window": "30d",
        "group_by": [],
        "missing_data": "ignore",
        "presence": "optional",
        "verified": True,
        "dropped_tiers": {},
    }


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("shop-order", "did you mean shop-orders, shop-up?"),
        ("zzz", "`rtobs list` shows them"),
    ],
)
def test_unknown(folder: Path, name: str, hint: str, capsys: Out) -> None:
    """An SLO that there is not is a mistake of usage, and close names are offered."""
    del folder

    assert main(["show", name]) == 2
    assert capsys.readouterr() == ("", f'rtobs: there is no SLO "{name}"; {hint}\n')
