"""What alerts say, as Prometheus says it: templates are filled, and users' text stays text."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import yaml

from rtobs.catalogue.facts import CauseAlert, CauseProof
from rtobs.conventions import Severity
from rtobs.model.duration import Duration
from rtobs.model.site import Site
from rtobs.model.slo import Link, ResolvedService
from rtobs.rules import rules_text, service_groups
from rtobs.rules.templates import literal
from tests.proof.engine import every_promtool
from tests.proof.slos import BAD_FORM, EVERY_KIND, PROBE, events, select, service, slo

SITE: Final = Site(
    grafana_url="https://grafana.example", runbook_url="https://runbooks.example/slo"
)
PLAYFUL: Final = '{{ $value }} {{{ "x" }} {{- /* é % \\ */}} [name]'
ORDERS: Final = slo(
    "orders", events(select("orders_total"), select("orders_total", status="=~5..")), "0.99",
    ("tenant",),
)  # fmt: skip
TENANT: Final = 'tenant="a \\"b\\" {{c}}%d\\\\"'
# Eight quiet hours, then little traffic of which 30 % is bad.
OUTAGE: Final = {
    f'orders_total{{{TENANT},instance="1",status="200"}}': "0+1000x480 480000+70x90",
    f'orders_total{{{TENANT},instance="1",status="503"}}': "0x480 0+20x90",
    f'orders_total{{{TENANT},instance="2",status="500"}}': "0x480 0+10x90",
}
ALL_BAD: Final = {
    'http_requests_total{handler="/v1/a",status="500"}': "0+10x100",
    'answers_total{model_name="m",reason="length"}': "0+10x100",
    'ttft_seconds_bucket{zone="a",model_name="m",le="1.0"}': "0x100",
    'ttft_seconds_count{zone="a",model_name="m"}': "0+10x100",
    'cache_usage{pool="p"}': "1x100",
    'probe_success{probe="shop"}': "0x100",
    "wrong_total": "0+10x100",
    "judged_total": "0+10x100",
    'sent_total{queue="q"}': "0x100",
    'failed_total{queue="q"}': "0+10x100",
}
_ALERT: Final = re.compile(r"Labels:\{(.*)\}\n\s+Annotations:\{(.*)\}")
_PAIR: Final = re.compile(r'([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")')

# The outcome of a template that Prometheus could not fill in, whole or in part.
BROKEN: Final = re.compile(r"error expanding|<no value>|%!|\{\{|\bNaN\b|\bInf\b")


class Said(NamedTuple):
    """Labels and annotations of a firing alert."""

    labels: dict[str, str]
    annotations: dict[str, str]


def firing(
    promtool: Path,
    folder: Path,
    shop: ResolvedService,
    inputs: Mapping[str, str],
    asked: Sequence[tuple[str, str]],
    causes: Sequence[CauseAlert] = (),
) -> list[Said]:
    """The alerts (by name and time) that fire over given series, at one sample a minute.

    Promtool is told that there are none, and lists those that there are.
    """
    groups = service_groups(shop, causes, SITE)
    (folder / "rules.yaml").write_text(rules_text(groups), encoding="utf-8")
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group.name for group in groups],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": k, "values": v} for k, v in inputs.items()],
                "alert_rule_test": [{"alertname": n, "eval_time": t} for n, t in asked],
            }
        ],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return [Said(pairs(a), pairs(b)) for a, b in _ALERT.findall(done.stdout + done.stderr)]


def pairs(text: str) -> dict[str, str]:
    """Labels or annotations as promtool prints them."""
    return {name: json.loads(value) for name, value in _PAIR.findall(text)}


@every_promtool()
def test_page_of_a_group(promtool: Path, tmp_path: Path) -> None:
    """The page says what is broken for whom, how long is left, and who spends the budget."""
    (said,) = firing(promtool, tmp_path, service(ORDERS), OUTAGE, [("SLOBudgetBurn", "9h5m")])

    tenant = 'a "b" {{c}}%d\\'
    assert said.labels == {
        "alertname": "SLOBudgetBurn",
        "slo_id": "shop-orders",
        "slo": "orders",
        "service": "shop",
        "component": "shop-server",
        "domain": "data",
        "owner": "data-team",
        "severity": "critical",
        "tier": "fast",
        "long_window": "1h",
        "short_window": "5m",
        "tenant": tenant,
    }
    # Old and new versions differ in which samples a range holds, by half a minute here.
    said.annotations["time_left"] = re.sub(r" \d+s\.", " 0s.", said.annotations["time_left"])
    assert said.annotations == {
        "summary": f"shop orders: 30% bad in the last hour, 1% allowed, tenant {tenant}",
        "promise": "Customers get what they ask for.",
        "description": (
            "30% of the events of the last hour were bad; the objective of 99% allows 1%."
            " This tier fires from a burn rate of 14.4 on, in 1h and in 5m."
        ),
        "action": (
            "Undo the newest change of shop, then look for the reason; the runbook has the queries."
        ),
        "time_left": "At this rate the rest of the budget lasts 14h 57m 0s.",
        "spent_by": (
            "Most bad events of the last hour: 1.2k with status=503; 600 with status=500;"
        ),
        "runbook_url": "https://runbooks.example/slo/shop-orders.md",
        "dashboard_url": "https://grafana.example/d/rtobs-slo?var-slo_id=shop-orders",
    }


@every_promtool()
def test_page_without_groups(promtool: Path, tmp_path: Path) -> None:
    """Without groups the texts name none, and a budget that is spent has no time left."""
    ((_, said),) = firing(
        promtool, tmp_path, service(BAD_FORM), ALL_BAD, [("SLOBudgetBurn", "30m")]
    )

    assert said["summary"] == "shop requests: 100% bad in the last hour, 0.5% allowed"
    assert said["time_left"] == "The budget is already spent."
    assert said["spent_by"] == (
        "Most bad events of the last hour: 300 with handler=/v1/a status=500;"
    )


@every_promtool()
def test_spenders_of_a_counter_without_matchers(promtool: Path, tmp_path: Path) -> None:
    """A counter that is all bad and has no matchers is searched within the alert's own group."""
    lost = slo("lost", events(select("sent_total"), select("lost_total")), "0.99", ("queue",))
    inputs = {
        'sent_total{queue="q"}': "0+10x40",
        'lost_total{queue="q",reason="full"}': "0+5x40",
        'sent_total{queue="r"}': "0+10x40",
        'lost_total{queue="r",reason="late"}': "0+1x40",
    }

    said = firing(promtool, tmp_path, service(lost), inputs, [("SLOBudgetBurn", "30m")])

    assert [(one.labels["queue"], one.annotations["spent_by"]) for one in said] == [
        ("q", "Most bad events of the last hour: 150 with reason=full;")
    ]


@every_promtool()
def test_every_text_expands(promtool: Path, tmp_path: Path) -> None:
    """No text of any kind of SLI is left with a template that failed."""
    bad = firing(
        promtool,
        tmp_path,
        service(*EVERY_KIND),
        ALL_BAD,
        [("SLOBudgetBurn", "1h20m"), ("SLOBudgetExhausted", "1h20m")],
    )
    gone = firing(promtool, tmp_path, service(*EVERY_KIND), {}, [("SLOSeriesMissing", "20m")])

    every = {one.slo_id for one in EVERY_KIND}
    for alert in ("SLOBudgetBurn", "SLOSeriesMissing"):
        seen = {s.labels["slo_id"] for s in (*bad, *gone) if s.labels["alertname"] == alert}
        assert seen == every
    texts = [text for said in (*bad, *gone) for text in said.annotations.values()]
    assert [text for text in texts if BROKEN.search(text)] == []


@every_promtool()
def test_texts_of_users_stay_text(promtool: Path, tmp_path: Path) -> None:
    """Nothing that a user writes becomes a template: it arrives as it was written."""
    playful = replace(
        PROBE,
        description=PLAYFUL,
        owner=PLAYFUL,
        labels=(("team", PLAYFUL),),
        annotations=(("note", PLAYFUL),),
        links=(Link(PLAYFUL, "https://pages.example/{{x}}"),),
    )
    asked = [("SLOBudgetBurn", "30m"), ("SLOBudgetExhausted", "60m")]

    said = firing(promtool, tmp_path, service(playful), ALL_BAD, asked)

    assert {one.labels["alertname"] for one in said} == {"SLOBudgetBurn", "SLOBudgetExhausted"}
    for labels, texts in said:
        assert (labels["owner"], labels["team"]) == (PLAYFUL, PLAYFUL)
        assert (texts["promise"], texts["note"]) == (PLAYFUL, PLAYFUL)
        assert texts["link_1"] == f"{PLAYFUL}: https://pages.example/{{{{x}}}}"


@every_promtool()
def test_cause(promtool: Path, tmp_path: Path) -> None:
    """A cause says what is broken, for whom and what to do; its texts and owner stay text too."""
    cause = CauseAlert(
        "ShopFull",
        "max by (pool) (cache_usage) > 0.9",
        Duration.parse("5m"),
        Severity.CRITICAL,
        f"The cache is full {PLAYFUL}",
        f"Customers wait {PLAYFUL}",
        f"Add a node {PLAYFUL}",
        CauseProof((), (), Duration.parse("10m")),
    )
    shop = replace(service(), owner=PLAYFUL)

    ((labels, said),) = firing(promtool, tmp_path, shop, ALL_BAD, [("ShopFull", "10m")], [cause])

    assert labels == {
        "alertname": "ShopFull",
        "service": "shop",
        "component": "shop-server",
        "domain": "data",
        "owner": PLAYFUL,
        "severity": "critical",
        "pool": "p",
    }
    assert said == {
        "summary": f"shop: The cache is full {PLAYFUL}",
        "impact": f"Customers wait {PLAYFUL}",
        "action": f"Add a node {PLAYFUL}",
        "where": "pool=p",
        "runbook_url": "https://runbooks.example/slo/causes-shop.md#shopfull",
    }


@pytest.mark.parametrize(
    ("severity", "verified", "expected"),
    [
        (Severity.CRITICAL, True, "critical"),
        (Severity.CRITICAL, False, "warning"),
        (Severity.WARNING, False, "warning"),
        (Severity.INFO, False, "info"),
    ],
)
def test_severity_of_a_cause(severity: Severity, verified: bool, expected: str) -> None:  # noqa: FBT001
    """A cause that reads what nobody has seen on the wire never pages."""
    minute = Duration.parse("1m")
    proof = CauseProof((), (), minute)
    cause = CauseAlert("Odd", "up == 0", minute, severity, "s", "i", "a", proof, verified)

    (group,) = service_groups(service(), [cause], SITE)

    assert (group.name, group.rules[0].labels["severity"]) == ("causes-shop", expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain } }} text", "plain } }} text"),
        ("{{ x }}", '{{ "{{" }} x }}'),
        ("{{{", '{{ "{{" }}{'),
        (" two\n lines\t", "two lines"),
    ],
)
def test_literal(text: str, expected: str) -> None:
    """Only opening braces mean something to a template; text ends on one line."""
    assert literal(text) == expected
