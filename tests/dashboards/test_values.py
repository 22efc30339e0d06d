"""What the dashboards' queries answer on a known history, evaluated by a real promtool."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from rtobs import conventions as names
from tests.dashboards.boards import boards, queries, substituted

ROOT: Final = Path(__file__).parents[2]
Labels = Mapping[str, str]
AT: Final = "2d"
SAMPLES: Final = 600  # one every five minutes: a little more than two days


PROMTOOLS: Final = tuple(
    str(path)
    for path in (
        *sorted(ROOT.glob(".parts/*/prometheus/usr/bin/promtool")),
        shutil.which("promtool"),
    )
    if path is not None
)


def series(name: str, value: float, labels: Labels, until: int = SAMPLES) -> dict[str, str]:
    """A constant series that ends after `until` samples."""
    text = ",".join(f'{label}="{value}"' for label, value in labels.items())
    gone = f" _x{SAMPLES - until}" if until < SAMPLES else ""
    return {"series": f"{name}{{{text}}}", "values": f"{value}x{until}{gone}"}


def identity(service: str, name: str, domain: str) -> dict[str, str]:
    """The labels of every recorded series of an SLO."""
    return {
        "slo_id": f"{service}-{name}",
        "slo": name,
        "service": service,
        "component": service,
        "domain": domain,
        "owner": "ai",
    }


def constants(budget: float, days: int, labels: Labels) -> list[dict[str, str]]:
    """What is recorded for an SLO once, without its groups."""
    return [
        series(names.OBJECTIVE, 1 - budget, labels),
        series(names.ERROR_BUDGET, budget, labels),
        series(names.PERIOD_DAYS, days, labels),
        series(names.INFO, 1, {**labels, "window": f"{days}d"}),
    ]


def group(
    left: float, burn: float, budget: float, labels: Labels, until: int = SAMPLES
) -> list[dict[str, str]]:
    """What is recorded for one group; the budget of a group that ended goes on."""
    return [
        series(names.BUDGET_REMAINING, left, labels),
        series(names.PERIOD_ERROR_RATIO, (1 - left) * budget, labels),
        series(names.TOTAL_TILE, 100, labels, until),
        series(names.BAD_TILE, 100 * burn * budget, labels, until),
        series(names.TOTAL_RATE, 0.5, labels, until),
        series(names.BAD_RATE, 0.5 * burn * budget, labels, until),
        series(names.CURRENT_BURN_RATE, burn, labels, until),
        *(
            series(names.error_ratio(window), burn * budget, labels, until)
            for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
        ),
    ]


TTFT: Final = identity("vllm", "ttft", "inference")
UP: Final = identity("vllm", "up", "inference")
DB: Final = identity("db", "commits", "data")
SILENT: Final = identity("db", "silent", "data")
FIRING: Final = {"alertname": "SLOBudgetBurn", "alertstate": "firing"}
# ttft: llama has 20 % left and burns at 2; qwen is fine; old was overspent when it was taken down
# (its last sample is older than a day). up: exhausted, quiet now. commits: healthy. silent: has no
# data at all.
HISTORY: Final = [
    *constants(0.05, 30, TTFT),
    *group(0.2, 2, 0.05, {**TTFT, "model_name": "llama"}),
    *group(0.9, 0.1, 0.05, {**TTFT, "model_name": "qwen"}),
    *group(-3, 0, 0.05, {**TTFT, "model_name": "old"}, until=200),
    *constants(0.005, 7, UP),
    *group(-0.5, 0, 0.005, UP),
    series(names.SLICE_BAD, 0, UP),
    *constants(0.001, 90, DB),
    *group(0.7, 0.3, 0.001, DB),
    *constants(0.001, 28, SILENT),
    series("ALERTS", 1, {**TTFT, **FIRING, "severity": "critical", "tier": "fast"}),
    series("ALERTS", 1, {**UP, **FIRING, "severity": "warning", "tier": "ticket"}),
]


def expression(uid: str, title: str, ref: str, **values: str) -> str:
    """A query of a panel with values for Grafana's variables."""
    chosen = {
        "$slo_id": "vllm-ttft",
        # Not 1d: the two ends of a range are read differently by Prometheus 2 and 3.
        "$window": "23h57m",
        "$domain": ".*",
        "$owner": ".*",
        "${group:raw}": 'slo_id!=""',
        **{f"${name}": value for name, value in values.items()},
    }
    for panel, target in queries(boards()[uid]):
        if panel["title"] == title and target["refId"] == ref:
            return substituted(target["expr"], chosen)
    raise AssertionError(f"{uid} has no query {ref} in a panel {title}")


def check(tmp_path: Path, text: str, expected: dict[str, float]) -> None:
    """Compare what every promtool here answers, as labels and values, with what is expected."""
    if not PROMTOOLS:
        pytest.skip("NO PROMTOOL: the answers of dashboard queries were not checked; `make parts`")
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    tests: list[dict[str, Any]] = [
        {
            "interval": "5m",
            "input_series": HISTORY,
            "promql_expr_test": [{"expr": text, "eval_time": AT, "exp_samples": samples}],
        }
    ]
    (tmp_path / "rules.yaml").write_text("groups: []\n")
    (tmp_path / "test.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "5m", "tests": tests})
    )
    for promtool in PROMTOOLS:
        done = subprocess.run(
            [promtool, "test", "rules", "test.yaml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{promtool}\n{done.stdout}{done.stderr}"


def by_slo(**values: float) -> dict[str, float]:
    """Samples that carry slo_id only."""
    return {f'{{slo_id="{name.replace("_", "-")}"}}': value for name, value in values.items()}


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("SLOs", 4),
        ("Budget exhausted", 1),
        ("Budget at risk", 1),
        ("Burning now", 1),
        ("Pages firing", 1),
        ("Without data", 1),
    ],
)
def test_the_first_line_of_the_overview_counts_slos(tmp_path: Path, title: str, value: int) -> None:
    """Each SLO counts once, by its worst live group."""
    check(tmp_path, expression("rtobs-fleet", title, "value"), {"{}": value})


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("window", by_slo(vllm_ttft=30, vllm_up=7, db_commits=90, db_silent=28)),
        ("groups", by_slo(vllm_ttft=2, vllm_up=1, db_commits=1)),
        ("sli", by_slo(vllm_ttft=0.96, vllm_up=0.9925, db_commits=0.9997)),
        ("budget", by_slo(vllm_ttft=0.2, vllm_up=-0.5, db_commits=0.7)),
        ("burn1h", by_slo(vllm_ttft=2, vllm_up=0, db_commits=0.3)),
        ("burn3d", by_slo(vllm_ttft=2, vllm_up=0, db_commits=0.3)),
        ("days", by_slo(vllm_ttft=3, vllm_up=9999, db_commits=9999, db_silent=9999)),
        ("state", by_slo(vllm_ttft=2, vllm_up=1, db_commits=0, db_silent=0)),
    ],
)
def test_the_table_shows_the_worst_live_group(
    tmp_path: Path, ref: str, expected: dict[str, float]
) -> None:
    """The group that was taken down, overspent, does not stand for the SLO any more."""
    check(tmp_path, expression("rtobs-fleet", "All SLOs, least budget first", ref), expected)


def test_the_table_knows_who_owns_an_slo(tmp_path: Path) -> None:
    """Labels come with the objective."""
    expected = {
        f'{{slo_id="{one["slo_id"]}",domain="{one["domain"]}",owner="ai"}}': value
        for one, value in ((TTFT, 0.95), (UP, 0.995), (DB, 0.999), (SILENT, 0.999))
    }
    text = expression("rtobs-fleet", "All SLOs, least budget first", "objective")
    check(tmp_path, text, expected)


def test_a_domain_shows_its_smallest_budget(tmp_path: Path) -> None:
    """Of the SLOs that have data."""
    check(tmp_path, expression("rtobs-fleet", "Error budget left by domain", "data"), {"{}": 0.7})


def test_a_domain_without_slos_is_nan(tmp_path: Path) -> None:
    """One value that differs from itself; it is drawn as "no SLO"."""
    text = expression("rtobs-fleet", "Error budget left by domain", "network")
    check(tmp_path, f"count({text})", {"{}": 1})
    check(tmp_path, f"({text}) == ({text})", {})


def test_a_service_whose_groups_all_died_stays_in_the_table(tmp_path: Path) -> None:
    """The dead group hides behind live ones, but not when it is the only one."""
    text = expression("rtobs-fleet", "All SLOs, least budget first", "budget")
    only_old = text.replace('slo_id!=""', 'slo_id!="",model_name="old"')
    check(tmp_path, only_old, by_slo(vllm_ttft=-3))


@pytest.mark.parametrize(
    ("title", "ref", "value"),
    [
        ("Objective", "objective", 0.95),
        ("SLI over $window", "sli", 0.96),
        ("Budget left", "budget", 0.2),
        ("Burn rate now", "burn", 2),
        ("Days left", "days", 3),
        ("Age of the last sample", "age", 0),
        ("Groups", "groups", 2),
        ("Definitions loaded", "definitions", 1),
        ("Error ratio and error budget", "budget", 0.05),
        ("Error ratio and error budget", "ratio5m", 0.1),
        ("Burn rates and the factors that alert", "burn1d", 2),
        ("Burn rates and the factors that alert", "factor-fast", 14.4),
        ("Burn rates and the factors that alert", "factor-trickle", 1),
    ],
)
def test_the_drill_down_shows_the_worst_live_group(
    tmp_path: Path, title: str, ref: str, value: float
) -> None:
    """One number for each tile and line."""
    check(tmp_path, expression("rtobs-slo", title, ref), {"{}": value})


def test_a_chosen_group_stands_alone(tmp_path: Path) -> None:
    """The variable `group` is a matcher in every query of the SLI."""
    text = expression("rtobs-slo", "Budget left", "budget", **{"{group:raw}": 'model_name="qwen"'})
    check(tmp_path, text, {"{}": 0.9})


@pytest.mark.parametrize(
    ("tier", "expected"),
    [("fast", {"{}": 13.44}), ("slow", {"{}": 3.5}), ("ticket", {"{}": 1.4}), ("trickle", {})],
)
def test_factors_follow_the_window_of_the_slo(
    tmp_path: Path, tier: str, expected: dict[str, float]
) -> None:
    """An SLO of seven days has other limits, and no trickle."""
    title = "Burn rates and the factors that alert"
    text = expression("rtobs-slo", title, f"factor-{tier}", slo_id="vllm-up")
    check(tmp_path, text, expected)


def test_events_and_minutes_are_told_apart(tmp_path: Path) -> None:
    """A service that is probed has minutes, one that counts requests has events."""
    title = "Budget left, absolute"
    check(tmp_path, expression("rtobs-slo", title, "minutes"), {})
    check(tmp_path, expression("rtobs-slo", title, "events", slo_id="vllm-up"), {})
    # 288 tiles of 100, of which 0.5 % may be bad and none was
    minutes = expression("rtobs-slo", title, "minutes", slo_id="vllm-up")
    check(tmp_path, minutes, {"{}": 144})


def test_the_budget_in_events_is_that_of_the_poorest_group(tmp_path: Path) -> None:
    """288 tiles of 100 events; 5 % may be bad, and llama spent twice that."""
    text = expression("rtobs-slo", "Budget left, absolute", "events")
    check(tmp_path, text, {"{}": 288 * 100 * 0.05 - 288 * 10})


def test_alerts_have_a_bar_for_each_tier(tmp_path: Path) -> None:
    """2 is firing, 1 is pending."""
    text = expression("rtobs-slo", "Alerts of this SLO", "alerts")
    expected = {'{alertname="SLOBudgetBurn",severity="critical",tier="fast"}': 2.0}
    check(tmp_path, text, expected)


def test_the_graph_of_bad_events_has_a_line_for_each_group(tmp_path: Path) -> None:
    """Labels that name the SLO are dropped; those of the group stay for the legend."""
    text = expression("rtobs-slo", "Bad events in five minutes, by group", "bad")
    expected = {
        '{slo_id="vllm-ttft",model_name="llama"}': 10.0,
        '{slo_id="vllm-ttft",model_name="qwen"}': 0.5,
    }
    check(tmp_path, text, expected)
