"""`prove`: predictions beside what promtool measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import yaml

from rtobs.documents import write_yaml
from rtobs.model.indicator import TimesliceIndicator
from rtobs.model.site import Site
from rtobs.model.slo import ProofSeries, ResolvedSlo
from rtobs.proof.promtool import rule_tests
from rtobs.proof.prover import Proof, Report, prove
from tests.proof.engine import every_promtool, rules_text
from tests.proof.slos import BAD_FORM, PROBE, service, slo

SITE = Site()


def unchanged(text: str) -> str:
    """The rules as they are generated."""
    return text


def proven(
    promtool: Path,
    root: Path,
    break_rules: Callable[[str], str] = unchanged,
    slos: Sequence[ResolvedSlo] = (BAD_FORM,),
) -> Report:
    """The report on some SLOs whose rules were changed."""
    shop = service(*slos)
    rules = root / "alerts/data/shop.yaml"
    rules.parent.mkdir(parents=True)
    rules.write_text(break_rules(rules_text(slos)), encoding="utf-8")
    for file in rule_tests(shop, (), SITE):
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return prove([(shop, ())], SITE, promtool, root)


@every_promtool()
def test_seen_is_as_predicted(promtool: Path, tmp_path: Path) -> None:
    """Good rules do what the evaluator says, to the minute."""
    report = proven(promtool, tmp_path)

    assert report.findings == ()
    assert report.proofs == (
        Proof("shop-requests", "fast", 9, "9", 15, "15", passed=True),
        Proof("shop-requests", "slow", 25, "25", 31, "31", passed=True),
        Proof("shop-requests", "ticket", 95, "95", 115, "115", passed=True),
        Proof("shop-requests", "trickle", 275, "275", 340, "340", passed=True),
    )


@every_promtool()
def test_a_late_alert_is_measured(promtool: Path, tmp_path: Path) -> None:
    """A fast threshold that is too high is seen as a later detection."""
    report = proven(promtool, tmp_path, lambda text: text.replace("> 0.072", "> 0.09"))

    fast = report.proofs[0]
    assert (fast.fires, fast.fires_seen, fast.passed) == (9, "11", False)
    assert "fast: fires 9 min after the onset" in {finding.why for finding in report.findings}


@every_promtool()
def test_a_tier_that_never_fires_is_seen(promtool: Path, tmp_path: Path) -> None:
    """A tier whose threshold is out of reach does not fire in its scene."""
    report = proven(promtool, tmp_path, lambda text: text.replace("> 0.015", "> 0.99"))

    ticket = report.proofs[2]
    assert (ticket.fires_seen, ticket.passed) == ("after 95", False)


@every_promtool()
def test_a_broken_annotation_is_found(promtool: Path, tmp_path: Path) -> None:
    """A template that fails when it is expanded is a finding."""

    def with_template(text: str) -> str:
        rules = yaml.safe_load(text)
        alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
        alerts[0]["annotations"] = {"summary": "{{ .NoSuchField }}"}
        return write_yaml(rules)

    report = proven(promtool, tmp_path, with_template)

    assert {finding.why for finding in report.findings} == {"an annotation does not expand"}


@every_promtool()
def test_a_failing_rule_is_found(promtool: Path, tmp_path: Path) -> None:
    """Where a rule fails at evaluation nothing counts as proven."""

    def without_max(text: str) -> str:
        return re.sub(r"max ?\((?=slo:sli_error:ratio_rate5m)", "(", text)

    report = proven(promtool, tmp_path, without_max)

    assert "a rule failed" in {finding.why for finding in report.findings}
    assert not report.proofs[0].passed


@every_promtool()
def test_rules_that_do_not_load_are_found(promtool: Path, tmp_path: Path) -> None:
    """Rules that promtool refuses are a finding with its words."""
    report = proven(promtool, tmp_path, lambda text: text.replace("expr: ", "expr: )", 1))

    assert {finding.why for finding in report.findings} == {"promtool could not run the tests"}
    assert not any(proof.passed for proof in report.proofs)


@every_promtool()
def test_a_test_file_that_was_edited_is_found(promtool: Path, tmp_path: Path) -> None:
    """Tests on disk that are not the generated ones are a finding."""
    proven(promtool, tmp_path)
    (tmp_path / "tests/rules/data/shop.edges.test.yaml").write_text("tests: []\n", "utf-8")
    (tmp_path / "tests/rules/data/shop.history.test.yaml").unlink()

    report = prove([(service(BAD_FORM), ())], SITE, promtool, tmp_path)

    assert [str(finding) for finding in report.findings] == [
        "tests/rules/data/shop.edges.test.yaml: differs from the definitions; run `rtobs generate`",
        "tests/rules/data/shop.history.test.yaml: is missing; run `rtobs generate`",
    ]


def slow_answers() -> ResolvedSlo:
    """Reads the series of PROBE too, and is fine while that is down."""
    duration, success = 'probe_duration_seconds{probe="shop"}', 'probe_success{probe="shop"}'
    one = Decimal(1)
    return slo(
        "speed",
        TimesliceIndicator(f"max({duration} and {success} == 1)", "<=", Decimal("0.5")),
        "0.99",
        proof=ProofSeries(
            ((duration, Decimal("0.4")), (success, one)),
            ((duration, Decimal("0.6")), (success, one)),
        ),
    )


@every_promtool(newest=True)
def test_slos_that_stand_apart_are_measured_apart(promtool: Path, tmp_path: Path) -> None:
    """SLOs that read each other's series are proven in two scenarios, each measured for itself."""
    report = proven(promtool, tmp_path, slos=(PROBE, BAD_FORM, slow_answers()))

    fast = [proof for proof in report.proofs if proof.tier == "fast"]
    assert fast == [
        Proof("shop-up", "fast", 5, "5", 15, "15", passed=True),
        Proof("shop-requests", "fast", 9, "9", 15, "15", passed=True),
        Proof("shop-speed", "fast", 9, "9", 15, "15", passed=True),
    ]
