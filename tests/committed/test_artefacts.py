"""What is committed is what is generated, and its parts agree with each other."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from rtobs import conventions as names
from rtobs.generate import Inputs, Kind, artefacts, plan
from rtobs.proof.runner import run_all
from rtobs.slo.fleet import Fleet, load_fleet
from tests.proof.engine import every_promtool

ROOT: Final = Path(__file__).parents[2]
RULE_FILES: Final = sorted(ROOT.glob("alerts/**/*.yaml"))
TEST_FILES: Final = sorted(ROOT.glob("tests/rules/**/*.test.yaml"))
BOARDS: Final = sorted(ROOT.glob("dashboards/**/*.json"))
PROMETHEUS_OWN: Final = frozenset({"ALERTS", "up"})

Rule = dict[str, Any]


@cache
def fleet() -> Fleet:
    """The definitions of the repository."""
    return load_fleet(ROOT / "slo")


def rules() -> Iterator[Rule]:
    """Every committed rule."""
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def metrics_of(text: str) -> set[str]:
    """Metrics that a query reads."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.add(node.name)

    promql_parser.walk(promql_parser.parse(text), visit)
    return found


def test_committed_files_are_as_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of a definition or of the generator shows in the committed files."""
    monkeypatch.chdir(ROOT)
    notes = {path.stem: path.read_text() for path in Path(names.RUNBOOK_NOTES_DIR).glob("*.md")}
    made = artefacts(Inputs(load_fleet(Path("slo")), notes))

    drift = plan(made, Path(), whole=True).drift

    assert [(change.path, change.kind) for change in drift] == []
    assert Kind.SAME in {change.kind for change in plan(made, Path(), whole=True).changes}


@every_promtool()
def test_rules_load(promtool: Path) -> None:
    """Both versions accept every rule file and find no duplicate rule."""
    assert RULE_FILES
    done = subprocess.run(
        [promtool, "check", "rules", *RULE_FILES],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "duplicate" not in done.stdout


def test_recorded_or_catalogued() -> None:
    """Every series that a rule or a dashboard reads is recorded or is in the catalogue."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    catalogued = {
        series
        for component in fleet().setting.catalogue.components.values()
        for metric in component.metrics.values()
        for series in metric.series
    }
    read = {name for rule in rules() for name in metrics_of(rule["expr"])}
    read |= {name for board in BOARDS for name in board_metrics(board)}

    assert read - recorded - catalogued - PROMETHEUS_OWN == set()


def board_metrics(path: Path) -> set[str]:
    """Recorded series that a dashboard names; its queries hold Grafana's variables."""
    text = path.read_text(encoding="utf-8")
    queries = re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', text)
    joined = " ".join(json.loads(f'"{query}"') for query in queries)
    return set(re.findall(r"\bslo:[a-z_]+:[a-z_0-9]+|\bslo_info\b|\bdomain:[a-z_:]+", joined))


def test_every_alert_has_a_runbook() -> None:
    """The runbook page of every alert is there, and the heading that it points to."""
    for rule in rules():
        if "alert" not in rule:
            continue
        url = rule["annotations"]["runbook_url"]
        page, _, anchor = url.rpartition("/")[2].partition("#")
        text = (ROOT / names.RUNBOOKS_DIR / page).read_text(encoding="utf-8")
        assert not anchor or re.search(rf"(?im)^## {re.escape(anchor)}$", text), url


def test_every_alert_has_a_test() -> None:
    """Every alert of every SLO, each tier and each cause, has a test in which it fires and not."""
    alerts = {alert_key(rule["labels"], rule["alert"]) for rule in rules() if "alert" in rule}
    asked = {True: set(), False: set()}  # type: dict[bool, set[Key]]
    for check in checks():
        for key in asked_for(check["expr"]):
            asked[bool(check.get("exp_samples"))].add(key)

    watchdog = ("", names.WATCHDOG, "")
    assert alerts - asked[True] == {watchdog}
    assert alerts - asked[False] == {watchdog}


Key = tuple[str, str, str]


def alert_key(labels: dict[str, str], alert: str) -> Key:
    """SLO, name and tier of an alert."""
    return labels.get(names.SLO_ID, ""), alert, labels.get(names.TIER, "")


def checks() -> Iterator[Rule]:
    """Every query of the committed tests."""
    for path in TEST_FILES:
        for test in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)["tests"]:
            yield from test["promql_expr_test"]


def asked_for(query: str) -> Iterator[Key]:
    """The alerts that a query asks for by their names."""
    for matchers in re.findall(r"ALERTS\{([^}]*)\}", query):
        labels = dict(re.findall(r'([a-z_]+)="([^"]*)"', matchers))
        yield alert_key(labels, labels.get("alertname", ""))


@every_promtool()
def test_committed_tests_pass(promtool: Path) -> None:
    """Both versions run every committed test of the rules without a failure."""
    assert TEST_FILES
    outcomes = run_all(promtool, TEST_FILES, attempts=2)

    assert [(str(o.file), o.output[:2000]) for o in outcomes if not o.passed] == []
