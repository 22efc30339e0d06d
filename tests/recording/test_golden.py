"""One complete rule file for each kind of SLI, as it is written; read the diff when it changes.

`RTOBS_GOLDEN=write pytest tests/recording/test_golden.py` writes the files anew.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from rtobs.model.indicator import EventsIndicator
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedSlo
from rtobs.rules import rules_text, slo_groups
from tests.proof.engine import every_promtool
from tests.proof.slos import EVERY_KIND

GOLDEN: Final = Path(__file__).parent / "golden"
SITE: Final = Site(
    grafana_url="https://grafana.example", runbook_url="https://runbooks.example/slo"
)
IDENTITY: Final = {"slo_id", "slo", "service", "component", "domain", "owner"}

Rule = dict[str, Any]


def made(slo: ResolvedSlo) -> str:
    """The rule file of one SLO."""
    return rules_text(slo_groups(slo, SITE), (f"Source: {slo.source}",))


def golden(slo: ResolvedSlo) -> Path:
    """Where the expected file of an SLO lies."""
    return GOLDEN / f"{slo.name}.yaml"


def groups(slo: ResolvedSlo) -> list[Rule]:
    """The groups of one SLO as Prometheus reads them."""
    read: list[Rule] = yaml.safe_load(made(slo))["groups"]
    return read


every_kind: Final = pytest.mark.parametrize("slo", EVERY_KIND, ids=lambda slo: slo.name)


@every_kind
def test_rule_file(slo: ResolvedSlo) -> None:
    """The file of each kind of SLI is, letter by letter, the one that was reviewed."""
    if os.environ.get("RTOBS_GOLDEN") == "write":
        golden(slo).write_text(made(slo), encoding="utf-8")

    assert made(slo) == golden(slo).read_text(encoding="utf-8")


@every_promtool()
def test_files_load(promtool: Path) -> None:
    """Both versions of Prometheus load every file."""
    done = subprocess.run(
        [promtool, "check", "rules", *map(golden, EVERY_KIND)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(EVERY_KIND)


@every_kind
def test_alerts_stand_last(slo: ResolvedSlo) -> None:
    """Rules run in their order, so an alert comes after everything that it reads."""
    for group in groups(slo):
        kinds = ["alert" if "alert" in rule else "record" for rule in group["rules"]]
        assert kinds == sorted(kinds, reverse=True)


@every_kind
def test_names_and_intervals(slo: ResolvedSlo) -> None:
    """Each SLO has a group for every minute and one for every five."""
    assert [(group["name"], group["interval"]) for group in groups(slo)] == [
        (f"slo-{slo.slo_id}", "1m"),
        (f"slo-{slo.slo_id}-long", "5m"),
    ]


@every_kind
def test_labels(slo: ResolvedSlo) -> None:
    """Recordings carry the identity and nothing else; alerts add what they are routed by."""
    rules = [rule for group in groups(slo) for rule in group["rules"]]
    own = {(rule.get("record") or rule["alert"]): set(rule["labels"]) - IDENTITY for rule in rules}

    assert all(rule["labels"].keys() >= IDENTITY for rule in rules)
    odd = {"SLOImplausible": {"severity"}} if isinstance(slo.indicator, EventsIndicator) else {}
    assert {name: labels for name, labels in own.items() if labels} == odd | {
        "slo_info": {"spec_hash", "objective", "window"},
        "SLOBudgetBurn": {"severity", "tier", "long_window", "short_window"},
        "SLOBudgetExhausted": {"severity"},
        "SLOSeriesMissing": {"severity"},
        "SLOCoverageLow": {"severity"},
    }
