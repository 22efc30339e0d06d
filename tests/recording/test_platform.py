"""The rules that belong to no service: the worst budget of each domain, and the watchdog."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rtobs.model.site import Site
from rtobs.proof.runner import run_all
from rtobs.proof.testfile import Check, Scenario, file_text
from rtobs.rules import platform_groups, rules_text
from tests.proof.engine import every_promtool

BUDGET: Final = "slo:period_error_budget_remaining:ratio"
INPUTS: Final = (
    (f'{BUDGET}{{slo_id="a",domain="data",owner="x"}}', "0.9x20"),
    (f'{BUDGET}{{slo_id="b",domain="data",model_name="m"}}', "-0.2x20"),
    (f'{BUDGET}{{slo_id="c",domain="network"}}', "0.4x20"),
    (f'{BUDGET}{{domain="security"}}', "0.1x20"),
)
WORST: Final = "domain:period_error_budget_remaining:min"


def sample(domain: str, value: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The recorded worst budget of a domain."""
    return (("__name__", WORST), ("domain", domain)), value


@every_promtool()
def test_worst_budget_and_watchdog(promtool: Path, tmp_path: Path) -> None:
    """Each domain has the least budget of its SLOs, spent ones too, and the watchdog fires."""
    (tmp_path / "rules.yaml").write_text(rules_text(platform_groups(Site())), encoding="utf-8")
    watchdog = 'count(ALERTS{alertname="Watchdog",alertstate="firing"})'
    checks = (
        Check("worst", WORST, 900, (sample("data", "-0.2"), sample("network", "0.4"))),
        Check("watchdog", watchdog, 900, (((), "1"),)),
        Check("nothing else", 'count(ALERTS{alertname!="Watchdog"})', 900),
    )
    test = tmp_path / "platform.test.yaml"
    order = ("slo-domains", "slo-watchdog")
    text = file_text("rules.yaml", "1m", order, [Scenario("platform", "1m", INPUTS, checks)])
    test.write_text(text, encoding="utf-8")

    (outcome,) = run_all(promtool, [test])

    assert outcome.passed, outcome.output
