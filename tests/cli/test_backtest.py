"""`rtobs backtest` on the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from rtobs.analytics.backtest.written import policy_yaml
from rtobs.cli.main import main
from rtobs.slo.settings import read_policies
from tests.analytics.backtest.simulated import START, export_of, minutes_of
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
    assert "| shop-orders | - | 2026-07-04 09:59 | 30m | found | 69% |" in lines
    assert "- not in the export: edge-up, shop-up" in lines


def test_markdown_shows_labels_as_text(export: Path, capsys: Out) -> None:
    """A label is a text of others: no markup of it is carried out, and an escape is seen."""
    words = "<img src=x> [l](y) | \x1b[31m"
    rows = ["slo_id,start,end,label", f"shop-orders,2026-07-04T10:00Z,2026-07-04T10:30Z,{words}"]
    (export.parent / "known.csv").write_text("\n".join(rows))
    given = ["backtest", "--export", "export", "--incidents", "known.csv"]
    assert main([*given, "--format", "markdown"]) == 0
    assert r"| \<img src=x\> \[l\](y) \| ␛\[31m |" in capsys.readouterr().out
    assert main(given) == 0
    assert "<img src=x> [l](y) | ␛[31m" in capsys.readouterr().out


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


def test_nothing_is_recommended_without_an_incident(export: Path, capsys: Out) -> None:
    """What is shipped stays, nothing is written, and the reason is said."""
    known = export.parent / "known.csv"
    known.write_text("slo_id,start,end\nshop-orders,2025-07-02T00:00Z,2025-07-02T01:00Z\n")
    words = ["backtest", "--export", "export", "--incidents", "known.csv", "--sweep"]

    assert main([*words, "--write-policy", "best.yaml"]) == 2
    out, err = capsys.readouterr()
    reason = "There is no incident to judge by, so what is shipped stays."
    assert reason in out
    assert "1 incident was left out: outside the time of the history" in out
    assert f"best.yaml is not written: {reason}" in err
    assert not Path(export.parent, "best.yaml").exists()


def test_a_young_service_does_not_stop_the_others(folder: Path, capsys: Out) -> None:
    """Half an hour of history is a note, and an error only for who asked for it."""
    total = np.full(_DAYS, 100.0)
    late = START + timedelta(minutes=_DAYS - 30)
    young = minutes_of("edge-up", total[:30], np.zeros(30), start=late)
    old = minutes_of("shop-orders", total, np.zeros(_DAYS))
    export_of(folder / "export", old.vstack(young))
    said = "30 minutes of edge-up, which is shorter than every window"

    assert main(["backtest", "--export", "export"]) == 0
    assert said in capsys.readouterr().out.replace("\n", " ")
    assert main(["backtest", "--export", "export", "--slo", "edge-up"]) == 2
    assert said in capsys.readouterr().err


def test_known_incidents(export: Path, capsys: Out) -> None:
    """Alerts are judged by the incidents of a file."""
    known = export.parent / "known.csv"
    known.write_text("slo_id,start,end\nshop-orders,2026-07-02T00:00Z,2026-07-02T01:00Z\n")

    assert main(["backtest", "--export", "export", "--incidents", "known.csv"]) == 0
    out = capsys.readouterr().out
    assert "Incidents (as given)" in out
    assert "shipped  0 of 1  0 of 2" in out
    assert "guess" not in out


def test_incidents_of_other_slos(export: Path, capsys: Out) -> None:
    """They are left out with a note, and an SLO that the file does not name has found ones."""
    known = export.parent / "known.csv"
    known.write_text("slo_id,start,end\nedge-up,2026-07-02T00:00Z,2026-07-02T01:00Z\n")
    words = ["backtest", "--export", "export", "--slo", "shop-orders"]

    assert main([*words, "--incidents", "known.csv"]) == 0
    out = capsys.readouterr().out
    assert "edge-up" not in out
    assert "1 incident was left out: of other SLOs" in out
    assert "the file has no incident of 1 SLO; incidents of these are found" in out
    assert "detection is from the guessed start" in out
    assert "shipped  1 of 1  2 of 2" in out


def test_an_incident_of_no_slo_is_a_mistake(export: Path, capsys: Out) -> None:
    """The sentence names the line and what is called alike."""
    known = export.parent / "known.csv"
    known.write_text("slo_id,start,end\nshop-order,2026-07-02T00:00Z,2026-07-02T01:00Z\n")

    assert main(["backtest", "--export", "export", "--incidents", "known.csv"]) == 2
    err = capsys.readouterr().err
    assert 'line 2: there is no SLO "shop-order"; did you mean shop-orders' in err


def test_the_recommended_policy_can_be_used(export: Path, capsys: Out) -> None:
    """It is a table and a file, and the file read back gives the same tiers and scores."""
    words = ["backtest", "--export", "export", "--slo", "shop-orders"]
    Path(export.parent, "calm.yaml").write_text(POLICY.replace("30d: 2%", "30d: 12.5%"))

    assert main([*words, "--policy", "calm.yaml", "--sweep", "--write-policy", "best.yaml"]) == 0
    first = capsys.readouterr().out
    assert "Caution: 1 incident to judge by, fewer than 10." in first
    assert "tier    severity  windows  budget share  factor" in first
    policies, default = read_policies(export.parent / "best.yaml")
    assert default == "default"
    assert policy_yaml(policies, default) == Path(export.parent, "best.yaml").read_text()
    for tier in policies[default].tiers:
        assert f"{tier.name}  " in first.split("Recommended")[1]
    best = first.split("Recommended\n")[1].split(":")[0]
    assert main([*words, "--policy", "best.yaml"]) == 0
    again = capsys.readouterr().out.splitlines()
    (mine,) = (line for line in again if line.startswith("best.yaml default  "))
    (theirs,) = (line for line in first.splitlines() if line.startswith(f"{best}  "))
    assert mine.removeprefix("best.yaml default").split() == theirs.removeprefix(best).split()


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


def test_a_chart_that_cannot_be_written(export: Path, capsys: Out) -> None:
    """What lies there stays as it is, and no draft is left."""
    Path(export.parent, "trade.svg").mkdir()

    assert main(["backtest", "--export", "export", "--sweep", "--chart", "trade.svg"]) == 1
    assert "trade.svg cannot be written" in capsys.readouterr().err
    assert list(export.parent.glob(".trade*")) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slo", "shop-order"], 'no SLO "shop-order"; did you mean shop-orders'),
        (["--slo", "zzz"], 'no SLO "zzz"; `rtobs list` shows them'),
        (["--slo", "shop-up"], "the export has no slo:sli_total:rate5m of shop-up"),
        (["--export", "nothing"], "there is no folder nothing; `rtobs export"),
        (["--incidents", "absent.csv"], "absent.csv cannot be read as incidents"),
        (["--write-policy", "best.yaml"], "add --sweep or --policy"),
        (["--policy", "absent.yaml"], "absent.yaml is no file"),
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
