"""`rtobs backtest` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from rtobs.cli.main import main
from tests.analytics.backtest.simulated import export_of, minutes_of
from tests.cli.conftest import POLICY

Out = pytest.CaptureFixture[str]

_DAYS: Final = 10 * 1440
TEXT: Final = Path(__file__).with_name("backtest.txt")


@pytest.fixture
def export(folder: Path) -> Path:
    """Ten days of orders with half an hour in which all of them failed."""
    total, bad = np.full(_DAYS, 100.0), np.zeros(_DAYS)
    bad[4920:4950] = 100
    export_of(folder / "export", minutes_of("shop-orders", total, bad))
    return folder / "export"


def test_text(export: Path, capsys: Out) -> None:
    """Alerts, incidents and scores are tables; what is missing is said."""
    del export

    assert main(["backtest", "--export", "export"]) == 0
    assert capsys.readouterr() == (TEXT.read_text(encoding="utf-8"), "")


def test_markdown(export: Path, capsys: Out) -> None:
    """The same tables as Markdown."""
    del export

    assert main(["backtest", "--export", "export", "--format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("## ")] == [
        "## Alerts (shipped)",
        "## Incidents (stretches that spend 2% of a budget or more)",
        "## Scores",
        "## Notes",
    ]
    assert "| shop-orders | - | 2026-07-04 09:59 | 30m | 69.4% of the budget |" in lines
    assert "- not in the export: edge-up, shop-up" in lines


def test_json(export: Path, capsys: Out) -> None:
    """Numbers are not rounded, times have a zone, and a sweep says what it recommends."""
    del export

    words = ["backtest", "--export", "export", "--slo", "shop-orders", "--sweep"]
    assert main([*words, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["start"] == "2026-07-01T00:00:00+00:00"
    assert [alert["tier"] for alert in found["alerts"]] == ["fast", "ticket"]
    assert found["alerts"][0]["start"] == "2026-07-04T10:00:00+00:00"
    assert len(found["scores"]) == 18
    assert found["recommended"] in {row["policy"] for row in found["scores"] if row["pareto"]}
    assert found["why"][-1].startswith(("shipped:", f"{found['recommended']} is better"))


def test_known_incidents(export: Path, capsys: Out) -> None:
    """Alerts are judged by the incidents of a file."""
    known = export.parent / "known.csv"
    known.write_text("slo_id,start,end\nshop-orders,2026-07-02T00:00Z,2026-07-02T01:00Z\n")

    assert main(["backtest", "--export", "export", "--incidents", "known.csv"]) == 0
    out = capsys.readouterr().out
    assert "Incidents (as given)" in out
    assert "shipped  0 of 1  0 of 2" in out


def test_another_policy(export: Path, capsys: Out) -> None:
    """Alerts are those of the policy of the file; its scores stand beside what is shipped."""
    Path(export.parent, "calm.yaml").write_text(POLICY.replace("30d: 2%", "30d: 80%"))

    assert main(["backtest", "--export", "export", "--policy", "calm.yaml"]) == 0
    out = capsys.readouterr().out
    assert "Alerts (calm.yaml default)" in out
    assert "calm.yaml default" in out.split("Scores\n")[1]
    assert "The rule: Most incidents found" in out


def test_chart(export: Path, capsys: Out) -> None:
    """The picture is an SVG with a title and words."""
    assert main(["backtest", "--export", "export", "--sweep", "--chart", "trade.svg"]) == 0
    drawn = Path(export.parent, "trade.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "<desc" in drawn
    assert "shipped (chosen) 1 min" in drawn
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slo", "shop-order"], 'no SLO "shop-order"; did you mean shop-orders'),
        (["--slo", "zzz"], 'no SLO "zzz"; `rtobs list` shows them'),
        (["--slo", "shop-up"], "the export has no slo:sli_total:rate5m of shop-up"),
        (["--export", "nothing"], "nothing has no manifest.json"),
        (["--incidents", "absent.csv"], "absent.csv cannot be read as incidents"),
        (["--policy", "absent.yaml"], "absent.yaml is no file"),
        (["--chart", "nowhere/trade.svg"], "nowhere/trade.svg cannot be written"),
    ],
)
def test_mistakes(export: Path, words: list[str], message: str, capsys: Out) -> None:
    """One sentence on stderr, and 2."""
    del export

    assert main(["backtest", "--export", "export", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_faulty_policy_is_shown_with_its_place(export: Path, capsys: Out) -> None:
    """The problems name the file that was given."""
    Path(export.parent, "odd.yaml").write_text(POLICY.replace("short: 5m", "short: 5h"))

    assert main(["backtest", "--export", "export", "--policy", "odd.yaml"]) == 1
    assert "odd.yaml:10" in capsys.readouterr().err
