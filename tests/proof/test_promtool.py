"""The generated test files: their cut, their text, and that promtool agrees with them."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from rtobs.catalogue.facts import CauseAlert, CauseProof, InputSeries
from rtobs.conventions import Severity
from rtobs.model.duration import Duration
from rtobs.model.indicator import LatencyIndicator, TimesliceIndicator
from rtobs.model.site import DeployedComponent, Site
from rtobs.model.slo import MissingData, Presence, ResolvedSlo
from rtobs.proof.incidents import INCIDENTS, Incident
from rtobs.proof.promtool import rule_tests
from rtobs.proof.runner import run_all
from rtobs.proof.testfile import TestFile, file_text
from tests.proof.engine import every_promtool, observe, rules_text
from tests.proof.slos import (
    BAD_FORM,
    EVERY_KIND,
    GOOD_FORM,
    JOINED,
    LATENCY,
    PROBE,
    TIMESLICE,
    events,
    select,
    service,
    slo,
    tiers,
)

SITE = Site()
CAUSE = CauseAlert(
    name="DiskFull",
    expression="disk_used_ratio > 0.9",
    hold=Duration.parse("5m"),
    severity=Severity.WARNING,
    summary="A disk is nearly full.",
    impact="Writes fail soon.",
    action="Delete old files.",
    proof=CauseProof(
        fires=(InputSeries('disk_used_ratio{disk="a"}', "0.95x20"),),
        silent=(InputSeries('disk_used_ratio{disk="a"}', "0.85x20"),),
        after=Duration.parse("10m"),
        labels=(("disk", "a"),),
    ),
)


def files(*slos: ResolvedSlo) -> dict[str, TestFile]:
    """The test files of some SLOs, by their kind."""
    return {file.path.split(".")[-3]: file for file in rule_tests(service(*slos), (), SITE)}


def test_three_files_for_a_service() -> None:
    """A service has a fine, an edges and a history file beside its domain."""
    assert [file.path for file in rule_tests(service(BAD_FORM), (), SITE)] == [
        "tests/rules/data/shop.fine.test.yaml",
        "tests/rules/data/shop.edges.test.yaml",
        "tests/rules/data/shop.history.test.yaml",
    ]


def test_the_rules_are_found_from_the_test() -> None:
    """The rule file is named relative to the test file."""
    (rules,) = yaml.safe_load(files(BAD_FORM)["fine"].text)["rule_files"]

    assert rules == "../../../alerts/data/shop.yaml"


@pytest.mark.parametrize(
    ("kind", "interval"), [("fine", "1m"), ("edges", "5m"), ("history", "266401s")]
)
def test_evaluation_interval(kind: str, interval: str) -> None:
    """Each file has its interval; the one of the history is a second off every grid."""
    assert yaml.safe_load(files(BAD_FORM)[kind].text)["evaluation_interval"] == interval


def test_groups_are_evaluated_in_order() -> None:
    """The group with the rates comes before the one with the tiles."""
    assert yaml.safe_load(files(BAD_FORM)["fine"].text)["group_eval_order"] == [
        "slo-shop-requests",
        "slo-shop-requests-long",
    ]


def test_same_input_same_bytes() -> None:
    """Generation is deterministic."""
    first = [file.text for file in rule_tests(service(*EVERY_KIND), (), SITE)]

    assert first == [file.text for file in rule_tests(service(*EVERY_KIND), (), SITE)]


def test_supplied_history_starts_with_a_gap() -> None:
    """No supplied sample stands at minute 0, where the rules are evaluated, too."""
    history = yaml.safe_load(files(*EVERY_KIND)["history"].text)

    values = [s["values"] for test in history["tests"] for s in test["input_series"]]
    assert values
    assert all(text.startswith("_x") for text in values)


def test_slos_that_read_the_same_series_stand_apart() -> None:
    """Two SLOs on one histogram get scenarios of their own; a third shares with the first."""
    slower = slo(
        "slow-token",
        LatencyIndicator(select("ttft_seconds", zone="a"), Decimal(5), "seconds", ("5", "5.0")),
        "0.99",
        ("model_name",),
    )

    names = [s.name for s in files(LATENCY, slower, BAD_FORM)["fine"].scenarios]

    assert names == ["fine: shop-first-token, shop-requests", "fine: shop-slow-token"]


def test_selectors_that_exclude_each_other_may_share() -> None:
    """One metric with different targets disturbs nobody, but for the series that none may read."""
    other = replace(
        PROBE,
        slo_id="shop-door",
        indicator=TimesliceIndicator(
            'max(probe_success{probe="door"})', ">=", Decimal(1), probe=True
        ),
    )

    assert len(files(PROBE, other)["fine"].scenarios) == 1


def test_text_of_a_check() -> None:
    """A check says why, and is written with all labels of the expected sample."""
    lines = files(BAD_FORM)["fine"].text.splitlines()
    start = lines.index("      # fast: fires 9 min after the onset")

    query = 'ALERTS{slo_id="shop-requests",alertname="SLOBudgetBurn",tier="fast"'
    assert lines[start + 1 : start + 3] == [
        f"""      - expr: '{query},alertstate="firing"}}'""",
        "        eval_time: 69m",
    ]


@pytest.mark.parametrize("asked", EVERY_KIND, ids=lambda asked: str(asked.name))
def test_every_tier_has_both_sides(asked: ResolvedSlo) -> None:
    """Detection and reset of every tier are checked at the minute and one evaluation before."""
    claims = {
        (claim.tier, claim.event, claim.reached)
        for file in files(asked).values()
        for scenario in file.scenarios
        for check in scenario.checks
        if (claim := check.claim)
    }

    assert claims == {
        (tier.name, event, reached)
        for tier in asked.tiers
        for event in ("fires", "resets")
        for reached in (False, True)
    }


def run(promtool: Path, *slos: ResolvedSlo) -> list[str]:
    """What promtool says about the tests of some SLOs, file by file; "" where it agrees."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rules.yaml").write_text(rules_text(slos), encoding="utf-8")
        written = []
        for kind, file in files(*slos).items():
            path = Path(folder, f"{kind}.test.yaml")
            text = file_text("rules.yaml", file.interval, file.order, file.scenarios)
            path.write_text(text, encoding="utf-8")
            written.append(path)
        outcomes = run_all(promtool, written, attempts=2)
    return ["" if outcome.passed else outcome.output for outcome in outcomes]


@every_promtool()
def test_every_kind_is_proven(promtool: Path) -> None:
    """The rules of every kind of indicator pass their generated tests."""
    assert run(promtool, *EVERY_KIND) == ["", "", ""]


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: str(incident.name))
def test_every_incident_is_proven(incident: Incident) -> None:
    """Every entry of the library leaves its trace in the generated file that it names."""
    assert re.search(incident.trace, files(*EVERY_KIND)[incident.file].text)


VARIANTS = (
    replace(BAD_FORM, objective=Decimal("0.9"), tiers=tiers("0.9")),
    replace(GOOD_FORM, objective=Decimal("0.9999"), tiers=tiers("0.9999")),
    replace(BAD_FORM, window=Duration.parse("7d"), tiers=tiers("0.995", "7d")),
    replace(LATENCY, window=Duration.parse("28d"), tiers=tiers("0.95", "28d")),
    replace(TIMESLICE, window=Duration.parse("90d"), tiers=tiers("0.99", "90d")),
    replace(TIMESLICE, missing_data=MissingData.GOOD),
    replace(BAD_FORM, presence=Presence.REQUIRED),
    replace(BAD_FORM, tiers=tiers("0.995", min_bad=1)),
    replace(BAD_FORM, tiers=tiers("0.995", min_bad=50)),
    replace(PROBE, tiers=tiers("0.995", min_bad=10)),
    replace(PROBE, tiers=tuple(replace(t, severity=Severity.WARNING) for t in PROBE.tiers)),
    replace(BAD_FORM, objective=Decimal("0.5"), tiers=tiers("0.5")),
    replace(TIMESLICE, objective=Decimal("0.5"), tiers=tiers("0.5")),
    replace(
        BAD_FORM,
        objective=Decimal("0.5"),
        window=Duration.parse("90d"),
        tiers=tiers("0.5", "90d"),
    ),
    slo("pairs", events(select("a_total"), select("b_total")), "0.99", ("zone", "rack")),
    slo(
        "pinned",
        events(select("a_total", zone="1"), select("b_total", zone="1")),
        "0.99",
        ("zone",),
    ),
    JOINED,
)


@pytest.mark.parametrize("number", range(len(VARIANTS)))
@every_promtool()
def test_variants_are_proven(promtool: Path, number: int) -> None:
    """Other objectives, windows, groups, counts and meanings of missing data are proven, too."""
    assert run(promtool, VARIANTS[number]) == ["", "", ""]


@every_promtool()
def test_a_full_period_is_fully_covered(promtool: Path) -> None:
    """Thirty days of five-minute tiles are a coverage of 1, and no more."""
    labels = 'slo_id="shop-requests",slo="requests",service="shop",component="shop-server"'
    tile = f'slo:sli_total:increase5m{{{labels},domain="data",owner="data-team"}}'
    (coverage,) = observe(
        promtool,
        [BAD_FORM],
        {tile: "_ 100x8699"},
        [('slo:period_coverage:ratio{slo_id="shop-requests"}', 43_203)],
        scrape="5m",
        evaluation="43203m",
    )

    assert list(coverage.values()) == [1.0]


def causes_text(site: Site) -> dict[str, object]:
    """The fine test of a service with one cause alert and matchers of its own."""
    owner = replace(service(BAD_FORM), select=(("namespace", "=", "shop"),))
    return dict(yaml.safe_load(rule_tests(owner, (CAUSE,), site)[0].text))


def test_causes_fire_and_stay_silent() -> None:
    """A cause alert has a scenario in which it fires, with its labels, and one in which not."""
    tests = causes_text(SITE)["tests"]
    assert isinstance(tests, list)

    fires, silent = tests[-2:]
    assert fires["promql_expr_test"] == [
        {
            "expr": 'group(ALERTS{alertname="DiskFull",alertstate="firing",disk="a"})',
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
    ]
    assert silent["promql_expr_test"] == [
        {
            "expr": 'group(ALERTS{alertname="DiskFull",alertstate="firing"})',
            "eval_time": "10m",
        }
    ]


def test_causes_meet_the_matchers_of_the_service_and_its_prefix() -> None:
    """The series of a cause get the service's labels and the deployment's prefix."""
    site = Site(components={"shop-server": DeployedComponent(prefix="corp_")})
    tests = causes_text(site)["tests"]
    assert isinstance(tests, list)

    assert tests[-1]["input_series"] == [
        {"series": 'corp_disk_used_ratio{disk="a",namespace="shop"}', "values": "0.85x20"}
    ]


def test_causes_expect_the_labels_that_their_series_got() -> None:
    """A label of the proof that a matcher of the service replaced is expected as replaced."""
    owner = replace(service(BAD_FORM), select=(("disk", "=", "b"),))

    tests = yaml.safe_load(rule_tests(owner, (CAUSE,), SITE)[0].text)["tests"]

    assert [check["expr"] for check in tests[-2]["promql_expr_test"]] == [
        'group(ALERTS{alertname="DiskFull",alertstate="firing",disk="b"})'
    ]


def test_causes_on_one_metric_stand_apart() -> None:
    """Two causes that read one metric do not share a scenario."""
    other = replace(CAUSE, name="DiskHalfFull")

    fine = rule_tests(service(BAD_FORM), (CAUSE, other), SITE)[0]

    assert [s.name for s in fine.scenarios if s.name.startswith("causes")] == [
        "causes fire: DiskFull",
        "causes fire: DiskHalfFull",
        "causes stay silent: DiskFull",
        "causes stay silent: DiskHalfFull",
    ]
