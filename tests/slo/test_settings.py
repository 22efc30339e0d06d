"""Policy, site and overlays: what they become, and where they are wrong."""

from __future__ import annotations

import textwrap
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

from rtobs.conventions import Severity
from rtobs.errors import DefinitionError
from rtobs.model.alerting import AlertPolicy, TierPolicy
from rtobs.model.duration import Duration
from rtobs.model.selector import Matcher
from rtobs.model.site import Datasources, DeployedComponent, Site
from rtobs.slo.settings import read_setting

POLICY: Final = """\
apiVersion: rtobs/v1
kind: AlertPolicies
default: calm
policies:
  calm:
    tiers:
      - name: slow
        severity: warning
        long: 6h
        short: 30m
        budgetShare: {30d: 5%, 1w: 12.5 %}
        minBad: 5
        keepFiringFor: 1h
"""
SITE: Final = """\
apiVersion: rtobs/v1
kind: Site
default: prod
environments:
  prod:
    grafanaUrl: https://grafana.example
    runbookUrl: https://runbooks.example/
    datasources: {prometheus: mimir}
    probes: {metric: ok, label: target}
    select: {cluster: "!~test.*"}
    components:
      shop:
        version: "1.2"
        prefix: acme_
        select: {job: shop}
        buckets: {answer_seconds: [0.5, 1, "2.50"]}
    objectives: {shop-orders: 99.5%}
  dev: {}
"""
OVERLAY: Final = """\
apiVersion: rtobs/v1
kind: Component
component: till
domain: data
title: Till
source: the team
metrics:
  sales_total: {type: counter, unit: sales, meaning: Things that were sold.}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `slo` with a policy, a site and an overlay."""
    monkeypatch.chdir(tmp_path)
    Path("slo/catalogue").mkdir(parents=True)
    put("policy.yaml", POLICY)
    put("site.yaml", SITE)
    put("catalogue/till.yaml", OVERLAY)
    return Path("slo")


def put(name: str, text: str) -> None:
    """Write a file of the folder."""
    Path("slo", name).write_text(text, encoding="utf-8")


def found(folder: Path, environment: str = "") -> list[tuple[str, str, str, str]]:
    """Place, kind, message and hint of every problem of the settings."""
    with pytest.raises(DefinitionError) as caught:
        read_setting(folder, environment)
    return [(str(p.location), p.id, p.message, p.hint) for p in caught.value.problems]


def test_policy(folder: Path) -> None:
    """Shares are exact, by window, and windows are durations however they are spelt."""
    setting = read_setting(folder)

    assert setting.default_policy == "calm"
    assert setting.policies == {
        "calm": AlertPolicy(
            "calm",
            (
                TierPolicy(
                    "slow",
                    Severity.WARNING,
                    Duration.parse("6h"),
                    Duration.parse("30m"),
                    (
                        (Duration.parse("30d"), Fraction(1, 20)),
                        (Duration.parse("7d"), Fraction(1, 8)),
                    ),
                    5,
                    Duration.parse("1h"),
                ),
            ),
        )
    }


def test_site(folder: Path) -> None:
    """The default environment is taken when none is asked for, with everything it says."""
    deployed = DeployedComponent(
        "1.2",
        "acme_",
        (Matcher("job", "=", "shop"),),
        {"answer_seconds": ("0.5", "1", "2.50")},
    )

    assert read_setting(folder).site == Site(
        "prod",
        "https://grafana.example",
        "https://runbooks.example/",
        Datasources("mimir", "loki", "tempo"),
        "ok",
        "target",
        (Matcher("cluster", "!~", "test.*"),),
        {"shop": deployed},
        {"shop-orders": Decimal("0.995")},
    )


def test_other_environment(folder: Path) -> None:
    """An environment that says nothing has the defaults, and its own name."""
    assert read_setting(folder, "dev").site == Site("dev")


def test_overlay(folder: Path) -> None:
    """Components of the site's folder stand beside the packaged ones."""
    components = read_setting(folder).catalogue.components

    assert components["till"].metrics["sales_total"].unit == "sales"
    assert "vllm" in components


def test_no_site_file(folder: Path) -> None:
    """Without a site file there is one site with defaults."""
    (folder / "site.yaml").unlink()

    assert read_setting(folder).site == Site()


def test_environment_without_site_file(folder: Path) -> None:
    """Asking for an environment without a site file is a problem, not a guess."""
    (folder / "site.yaml").unlink()

    assert found(folder, "prod") == [
        ("slo/site.yaml", "unreadable-file", "there is no such file", "")
    ]


def test_unknown_environment(folder: Path) -> None:
    """The problem names the environments that there are."""
    assert found(folder, "production") == [
        (
            "slo/site.yaml:4:1",
            "unknown-environment",
            'there is no environment "production"',
            "defined are: prod, dev",
        )
    ]


def test_no_policy(folder: Path) -> None:
    """Without a policy nothing could alert, so it must be there."""
    (folder / "policy.yaml").unlink()

    assert found(folder) == [
        (
            "slo/policy.yaml",
            "no-policy",
            "there is no alert policy, so no alert could be made",
            "copy the one of the rtobs repository; docs/reference/policy-and-site.md explains it",
        )
    ]


WRONG: Final = {
    "unknown default": (
        ("default: calm", "default: clam"),
        ("slo/policy.yaml:3:10", "unknown-policy", 'the default policy "clam" is not defined'),
    ),
    "windows the wrong way round": (
        ("short: 30m", "short: 6h"),
        ("slo/policy.yaml:10:16", "tier-windows", 'the short window "6h" is not shorter than "6h"'),
    ),
    "no window": (
        ("1w: 12.5 %", "week: 12.5 %"),
        (
            "slo/policy.yaml:11:32",
            "invalid-value",
            '"week" is no duration such as 30d, 6h or 1h30m',
        ),
    ),
    "a share that the budget sustains": (
        ("30d: 5%", "30d: 0.5%"),
        (
            "slo/policy.yaml:11:28",
            "sustainable-burn",
            (
                'the tier "slow" would fire at a burn rate of 0.60,'
                " which the budget of 30 days sustains"
            ),
        ),
    ),
    "no percent sign": (
        ("30d: 5%", "30d: 0.05"),
        ("slo/policy.yaml:11:28", "invalid-value", '"0.05" has no percent sign'),
    ),
    "no such severity": (
        ("severity: warning", "severity: page"),
        (
            "slo/policy.yaml:8:19",
            "invalid-value",
            "\"page\" is not one of 'critical', 'warning' or 'info'",
        ),
    ),
    "misspelt key": (
        ("minBad", "minbad"),
        ("slo/policy.yaml:12:9", "unknown-key", 'unknown key "minbad"'),
    ),
}


@pytest.mark.parametrize(("change", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_policy(folder: Path, change: tuple[str, str], expected: tuple[str, ...]) -> None:
    """A mistake of the policy is found at its line and column."""
    put("policy.yaml", POLICY.replace(*change))

    assert [problem[:3] for problem in found(folder)] == [expected]


def test_tier_given_twice(folder: Path) -> None:
    """Two tiers of one name would be one alert with two meanings."""
    tier = textwrap.indent(textwrap.dedent(POLICY.partition("tiers:\n")[2]), "      ")
    put("policy.yaml", POLICY + tier)

    assert found(folder) == [
        ("slo/policy.yaml:14:15", "duplicate-tier", 'the tier "slow" is given twice', "")
    ]


@pytest.mark.parametrize(
    ("change", "place", "id_"),
    [
        (("default: prod", "default: test"), "slo/site.yaml:1:1", "invalid-value"),
        (("https://grafana.example", "grafana"), "slo/site.yaml:6:17", "invalid-value"),
        (("shop-orders: 99.5%", "shop-orders: 100%"), "slo/site.yaml:17:31", "invalid-value"),
        (("prefix", "praefix"), "slo/site.yaml:14:9", "unknown-key"),
    ],
)
def test_wrong_site(folder: Path, change: tuple[str, str], place: str, id_: str) -> None:
    """A mistake of the site is found at its line and column."""
    put("site.yaml", SITE.replace(*change))

    assert [problem[:2] for problem in found(folder)] == [(place, id_)]


def test_all_broken_files_are_reported_together(folder: Path) -> None:
    """One run shows what is wrong with the policy, the site and every overlay."""
    put("policy.yaml", "tiers: [")
    put("site.yaml", SITE.replace("kind: Site", "kind: Place"))
    put("catalogue/till.yaml", OVERLAY.replace("counter", "Counter"))
    put("catalogue/bank.yaml", "")

    assert [problem[:2] for problem in found(folder)] == [
        ("slo/policy.yaml:2:1", "yaml-syntax"),
        ("slo/site.yaml:2:7", "invalid-value"),
        ("slo/catalogue/bank.yaml", "one-document"),
        ("slo/catalogue/till.yaml:8:23", "invalid-value"),
    ]
