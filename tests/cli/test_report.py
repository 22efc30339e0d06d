"""`rtobs report` on the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from rtobs.analytics.report import SCHEMA
from rtobs.cli.main import main
from tests.analytics.backtest.simulated import export_of, minutes_of

Out = pytest.CaptureFixture[str]

_JUNE_20: Final = datetime(2026, 6, 20, tzinfo=UTC)
_DAYS: Final = 20 * 1_440  # from Wednesday 1 to Tuesday 21 July 2026


@pytest.fixture
def export(folder: Path) -> Path:
    """Twenty days of orders with half an hour in which all of them failed."""
    total, bad = np.full(_DAYS, 100.0), np.zeros(_DAYS)
    begin = 14 * 1_440 + 600
    bad[begin : begin + 30] = 100
    export_of(folder / "export", minutes_of("shop-orders", total, bad))
    return folder / "export"


def _report(*words: str) -> int:
    return main(["report", "--export", "export", "--out", "report", *words])


def _written(export: Path) -> str:
    return (export.parent / "report").read_text(encoding="utf-8")


def test_a_week_as_a_page(export: Path, capsys: Out) -> None:
    """One file; what is not in it is said in it."""
    assert _report("--period", "week") == 0
    assert capsys.readouterr() == ("", "report: 1 SLO, week 29, 13 to 19 July 2026\n")
    page = _written(export)
    assert page.startswith("<!DOCTYPE html>")
    assert "1 of 1 SLO missed its objective." in page
    assert "The export does not hold shop-up, edge-up" in page or "edge-up, shop-up" in page
    assert "Incidents are stretches of time that spent at least 2" in page


def test_a_stretch_of_days_as_json(export: Path, capsys: Out) -> None:
    """In the time zone that was asked for, and as its schema says."""
    words = ["--slo", "shop-orders", "--zone", "Europe/Berlin", "--format", "json"]
    assert _report("--period", "2026-07-14/2026-07-17", *words) == 0
    document = json.loads(_written(export))
    assert Draft202012Validator(SCHEMA).is_valid(document)
    assert document["period"]["start"] == "2026-07-13T22:00:00Z"
    (slo,) = document["slos"]
    assert slo["verdict"] == "missed"
    # 30 of 4,320 minutes were bad, a thousandth may be; the data end before three days were over.
    assert slo["groups"][0]["budgetSpent"] == pytest.approx(30 / 4_320 / 0.001, rel=0.01)
    assert [one["tier"] for one in slo["alerts"]] == ["fast", "ticket"]
    assert len(slo["incidents"]) == 1
    assert capsys.readouterr().out == ""


def test_known_incidents_as_markdown(export: Path) -> None:
    """Pages are judged by the incidents of a file."""
    known = export.parent / "known.csv"
    known.write_text(
        "slo_id,start,end,label\n"
        "shop-orders,2026-07-15T10:00Z,2026-07-15T10:30Z,the payment provider | was down\n"
        "shop-orders,2026-07-16T10:00Z,2026-07-16T10:30Z,nobody noticed\n"
        "shop-orders,2025-07-16T10:00Z,2025-07-16T10:30Z,last year\n"
    )
    assert _report("--period", "2026-W29", "--incidents", "known.csv", "--format", "markdown") == 0
    text = _written(export)
    assert r"the payment provider \| was down" in text
    assert "1 of 2 incidents had a page (recall 50" in text
    assert "shop-orders: 1 incident was left out: outside the time of the history" in text


def test_half_a_month_does_not_look_like_a_month(export: Path) -> None:
    """A verdict of 20 of 31 days says so, above and in its row, and so does the budget."""
    assert _report("--period", "2026-07") == 0
    page = _written(export)
    assert "Partial data: 1 SLO of 1 has data for only 6" in page
    assert "missed so far" in page
    assert "verdict missed partly" in page
    assert "seen)" in page
    assert "spent of 30-day budget" in page
    assert _report("--period", "2026-07", "--format", "markdown") == 0
    text = _written(export)
    assert "> **Partial data: 1 SLO of 1" in text
    assert "missed so far (6" in text
    assert "so far (6" in text
    assert _report("--period", "week") == 0
    assert "Partial data" not in _written(export)
    assert "so far" not in _written(export).split("How to read this")[0]


def test_an_slo_without_an_incident_in_the_file_has_found_ones(export: Path) -> None:
    """The file of another team takes nothing away, and its own are left out with a note."""
    known = export.parent / "known.csv"
    known.write_text("slo_id,start,end\nedge-up,2026-07-15T10:00Z,2026-07-15T10:30Z\n")
    words = ["--slo", "shop-orders", "--period", "2026-W29", "--format", "markdown"]
    assert _report("--incidents", "known.csv", *words) == 0
    text = _written(export)
    assert "| found |" in text
    assert "1 of 1 incident had a page" in text
    assert "1 incident of other SLOs left out" in text


def test_a_second_run_writes_the_same_bytes(export: Path) -> None:
    """So a report can be committed and compared."""
    assert _report("--period", "week") == 0
    first = _written(export)
    assert _report("--period", "week") == 0
    assert _written(export) == first
    assert list(export.parent.glob(".report*")) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slo", "shop-order"], 'no SLO "shop-order"; did you mean shop-orders'),
        (["--slo", "shop-up"], "the export has no slo:sli_total:rate5m of shop-up"),
        (["--period", "2026-05"], "the export holds 2026-07-01 00:00 to"),
        (["--period", "2026-09"], "and nothing of September 2026; name a period within it"),
        (["--period", "month"], "and nothing of June 2026; name a period within it, such as"),
        (["--period", "yesterday"], '"yesterday" is no period: write week, month,'),
        (["--zone", "Berlin"], '"Berlin" is no time zone known here'),
        (["--export", "nothing"], "there is no folder nothing; `rtobs export"),
        (["--incidents", "odd.csv"], 'line 2: there is no SLO "shop-order"; did you mean shop-ord'),
        (
            ["--incidents", "group.csv"],
            'one of the group shop="x", of which the history has nothing',
        ),
        (["--incidents", "absent.csv"], "absent.csv cannot be read as incidents"),
    ],
)
def test_refusals(export: Path, capsys: Out, words: Sequence[str], message: str) -> None:
    """One sentence that says what to do, exit code 2, and no file."""
    (export.parent / "odd.csv").write_text("slo_id,start,end\nshop-order,2026-07-01,2026-07-02\n")
    (export.parent / "group.csv").write_text(
        'slo_id,group,start,end\nshop-orders,"shop=""x""",2026-07-15,2026-07-16\n'
    )
    chosen = words if "--period" in words else [*words, "--period", "week"]
    assert _report(*chosen) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert not (export.parent / "report").exists()


def test_a_place_that_cannot_be_written(export: Path, capsys: Out) -> None:
    """The old file stays as it was."""
    (export.parent / "report").mkdir()
    assert _report("--period", "week") == 1
    assert "report cannot be written" in capsys.readouterr().err


def test_a_few_days_are_no_month(folder: Path, capsys: Out) -> None:
    """Less than half of the default period is refused with the words that do."""
    minutes = minutes_of("shop-orders", np.full(_DAYS, 100.0), np.zeros(_DAYS), start=_JUNE_20)
    export_of(folder / "export", minutes)
    assert _report() == 2
    err = capsys.readouterr().err
    assert "less than half of June 2026: add --period week, or name the days" in err
    assert _report("--period", "week") == 0


def test_an_early_week_says_that_its_window_is_not_full(export: Path) -> None:
    """The budget of its end is told as of then, not as of the end of the export."""
    assert _report("--period", "2026-07-06/2026-07-09", "--format", "markdown") == 0
    text = _written(export)
    assert "the budget is that of 8 days, not yet of 30 days" in text


def test_a_forecast_of_a_window_that_is_not_full_says_so(export: Path) -> None:
    """Its budget is that of a full window, and the one in the table is of what was seen."""
    assert _report("--period", "week", "--format", "markdown") == 0
    assert "of a full window, where the" in _written(export)


def test_the_days_of_a_short_export_are_a_period(folder: Path, capsys: Out) -> None:
    """What the message proposes for an export of some hours can be used."""
    minutes = minutes_of("shop-orders", np.full(720, 100.0), np.zeros(720))
    export_of(folder / "export", minutes)
    assert _report() == 2
    assert "--period 2026-07-01/2026-07-02" in capsys.readouterr().err
    assert _report("--period", "2026-07-01/2026-07-02") == 0


def test_a_damaged_export_says_what_to_do(export: Path, capsys: Out) -> None:
    """A file that is gone is no SLO that is not held."""
    (file, *_) = sorted(export.glob("samples/*/*/*.parquet"))
    file.unlink()
    assert _report("--period", "week") == 2
    err = capsys.readouterr().err
    assert "export is damaged: samples/" in err
    assert "export again into another folder" in err
