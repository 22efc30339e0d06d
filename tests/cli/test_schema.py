"""`rtobs schema`: what an editor accepts is what rtobs accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from rtobs.catalogue.schema import ComponentDocument
from rtobs.cli.main import main
from rtobs.documents import decode, parse, read
from rtobs.slo.schema import AlertPolicies, Definition, SiteDocument
from tests.cli.conftest import POLICY, SHOP, SHOP_COMPONENT, SITE

ROOT: Final = Path(__file__).parents[2]
MODELS: Final[dict[str, type[BaseModel]]] = {
    "definition": Definition,
    "policy": AlertPolicies,
    "site": SiteDocument,
    "component": ComponentDocument,
}
TEXTS: Final = {"definition": SHOP, "policy": POLICY, "site": SITE, "component": SHOP_COMPONENT}
PROBE: Final = "sli: {probe: {target: shop}}"
EVENTS: Final = "metric: orders_total\n        bad: {status: failed}"
OBJECTIVE: Final = "objective: 99.9%"

# Changes of the texts above, and whether a document is still one after it.
CHANGES: Final = (
    *(("definition", OBJECTIVE, f"objective: {text}", True) for text in ("99.9 %", '"5%"')),
    *(
        ("definition", OBJECTIVE, f"objective: {text}", False)
        for text in ("99.9", "0.999", "100%", "0%", "0.00%", "-1%", "99.9%%", "many", "NaN%", "~")
    ),
    *(
        ("definition", OBJECTIVE, f"{OBJECTIVE}\n    window: {text}", True)
        for text in ("30d", "7d", "1w2d", "1h30m")
    ),
    *(
        ("definition", OBJECTIVE, f"{OBJECTIVE}\n    window: {text}", False)
        for text in ("30", "5m1h", "1.5h", "30D", '""', "month")
    ),
    *(
        ("definition", EVENTS, f"{text}", True)
        for text in (
            "metric: a\n        good: {x: ok}",
            "metric: a\n        badMetric: b",
            "metric: a\n        badMetric: b\n        bad: {x: 5}",
            "total: sum(a)\n        bad: sum(b)",
            "metric: a\n        bad: {x: true}\n        select: {y: 0.5}",
        )
    ),
    *(
        ("definition", EVENTS, f"{text}", False)
        for text in (
            "metric: a",
            "bad: {x: y}",
            "metric: a\n        total: sum(a)\n        bad: {x: y}",
            "metric: a\n        bad: {x: y}\n        good: {x: z}",
            "metric: a\n        bad: sum(b)",
            "total: sum(a)\n        bad: {x: y}",
            "metric: a b\n        bad: {x: y}",
            "metric: a\n        bad: {x-y: z}",
            "metric: a\n        bad: {x: [y]}",
            "metric: a\n        bad: {x: ~}",
        )
    ),
    *(
        ("definition", PROBE, f"sli: {text}", True)
        for text in (
            "{probe: {up: {job: shop}}}",
            "{probe: {expr: min(x)}}",
            "{latency: {histogram: a, threshold: 500ms}}",
            "{latency: {histogram: a, threshold: 0.5}}",
            '{timeslice: {expr: x, goodWhen: "<= -0.5"}}',
            "{raw: {errorRatio: x}}",
        )
    ),
    *(
        ("definition", PROBE, f"sli: {text}", False)
        for text in (
            "{}",
            "{probe: {}}",
            "{probe: {target: a, expr: x}}",
            "{probe: {target: a}, raw: {errorRatio: x}}",
            "{latency: {histogram: a}}",
            "{latency: {histogram: a, threshold: -1}}",
            "{latency: {histogram: a, threshold: 1 s}}",
            "{latency: {histogram: a, threshold: 1d}}",
            '{timeslice: {expr: x, goodWhen: "== 1"}}',
            '{timeslice: {expr: x, goodWhen: "<= much"}}',
            "{probes: {target: a}}",
        )
    ),
    ("definition", "service: shop", "service: Shop", False),
    ("definition", "service: shop", "service: a--b", False),
    ("definition", "service: shop", f"service: {'a' * 64}", False),
    ("definition", "service: shop", "service: shop\ndomain: data", True),
    ("definition", "service: shop", "service: shop\ndomain: databases", False),
    ("definition", "service: shop", "service: shop\nselect: {job: 5}", True),
    ("definition", "owner: shop-team", 'owner: ""', False),
    ("definition", "owner: shop-team\n", "", False),
    ("definition", "rtobs/v1", "rtobs/v2", False),
    ("definition", "Customers get what they order.", "Short.", False),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    group_by: [tenant]", False),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    groupBy: [tenant]", True),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    groupBy: tenant", False),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    traffic: {{minBad: 5}}", True),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    traffic: {{minBad: 0}}", False),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    alerting: {{tiers: {{fast: off}}}}", True),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    alerting: {{tiers: {{fast: page}}}}", False),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    missingData: perhaps", False),
    ("definition", OBJECTIVE, f"{OBJECTIVE}\n    links: [{{title: a, url: ftp://x}}]", False),
    ("policy", "{30d: 2%}", "{30d: 0.5 %, 1w: 1%}", True),
    ("policy", "{30d: 2%}", "{30d: 0.02}", False),
    ("policy", "severity: critical", "severity: page", False),
    ("policy", "short: 5m", "short: 5", False),
    ("policy", "short: 5m", "short: 5m\n        minBad: 0", False),
    ("site", "grafana.example", "grafana.example/", False),
    ("site", "dev: {", "Dev: {", False),
    ("site", "dev: {", "dev: {probes: {label: target}, ", True),
    ("site", "dev: {", "dev: {components: {vllm: {buckets: {a: [0.5, '1']}}}, ", True),
    ("component", "type: counter", "type: Counter", False),
    ("component", "[ok, failed]", "free", True),
    ("component", "[ok, failed]", "anything", False),
    ("component", "name: ShopIdle", "name: shop idle", False),
)


def schema(document: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The printed schema of a document."""
    assert main(["schema", document]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


@pytest.mark.parametrize("document", MODELS)
def test_valid_schema(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each schema is a JSON Schema itself, and says which draft."""
    printed = schema(document, capsys)

    Draft202012Validator.check_schema(printed)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_definition_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a word it is the schema of definitions."""
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema("definition", capsys)


@pytest.mark.parametrize("document", MODELS)
def test_sound_documents(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The texts that are changed below are accepted by both as they are."""
    data = parse(TEXTS[document], "x.yaml")

    assert decode(data, MODELS[document])[1] == []
    assert Draft202012Validator(schema(document, capsys)).is_valid(data.data)


@pytest.mark.parametrize(("document", "old", "new", "sound"), CHANGES)
def test_both_agree(
    document: str,
    old: str,
    new: str,
    sound: bool,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What one accepts the other accepts, and what one refuses the other refuses."""
    assert TEXTS[document].count(old) > 0
    data = parse(TEXTS[document].replace(old, new), "x.yaml")

    accepted = decode(data, MODELS[document])[0] is not None
    by_schema = Draft202012Validator(schema(document, capsys)).is_valid(data.data)

    assert (accepted, by_schema) == (sound, sound)


def test_definitions_of_the_platform(capsys: pytest.CaptureFixture[str]) -> None:
    """An editor has nothing to say about the files of this repository."""
    kinds = {"policy.yaml": "policy", "site.yaml": "site"}
    files = [*(ROOT / "slo").glob("*.yaml"), *(ROOT / "slo").glob("*/*.yaml")]
    files = [path for path in files if path.parent.name != "catalogue"]
    validators = {name: Draft202012Validator(schema(name, capsys)) for name in MODELS}

    assert len(files) > len(kinds)
    for path in files:
        if path.name != "pipeline.yaml":
            document = read(path).data
            validator = validators[kinds.get(path.name, "definition")]
            assert [error.message for error in validator.iter_errors(document)] == []


def test_unknown_document(capsys: pytest.CaptureFixture[str]) -> None:
    """A document that there is not is a mistake of usage."""
    with pytest.raises(SystemExit) as caught:
        main(["schema", "letter"])

    assert caught.value.code == 2
    assert "choose from" in capsys.readouterr().err
