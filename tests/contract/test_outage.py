"""An outage of an instrumented service fires the generated alert in a real Prometheus.

The rules are the committed ones through the lens of the end-to-end tests, a minute a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.contract.receivers import WAYS, receiver, service, tell
from tests.end_to_end.rulefiles import LENS_FLAGS, committed, through_lens
from tests.servers import Prometheus, wait_until

RULES: Final = "inference-chat-api.yaml"
DASHBOARDS: Final = Path(__file__).parents[2] / "dashboards"
HURT: Final = {"chat-api-good-answers", "chat-api-operations"}
FIRING: Final = 'ALERTS{alertname="SLOBudgetBurn",severity="critical",alertstate="firing"}'
# Of an SLO that counts events; only those that count minutes have slices.
RECORDED: Final = re.compile(r"slo:(?!sli_slice:)[a-z_]+:[a-z0-9_]+")
TO_PAGE: Final = 40.0
TO_COUNT: Final = 40.0
TILE: Final = 10  # answers of five seconds; an idle machine counts near fifty


def burning(prometheus: Prometheus) -> set[tuple[str, str]]:
    """The pages: SLO and tier."""
    return {(one.labels["slo_id"], one.labels["tier"]) for one in prometheus.query(FIRING)}


def expressions(value: Any) -> Iterator[str]:
    """Every query of a dashboard."""
    if isinstance(value, dict):
        if isinstance(value.get("expr"), str):
            yield value["expr"]
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


def asked_by_dashboards() -> set[str]:
    """Names of the recorded series that the committed dashboards query."""
    boards = [json.loads(path.read_text()) for path in DASHBOARDS.rglob("*.json")]
    queries = (query for board in boards for query in expressions(board))
    return {name for query in queries for name in RECORDED.findall(query)}


@pytest.mark.usefixtures("real_parts")
@pytest.mark.parametrize("way", WAYS)
def test_the_model_server_fails_and_the_service_pages(way: str) -> None:
    """Health is silent; then exactly the SLOs that the fault hurts fire their fast alert."""
    rules = {RULES: through_lens(committed(RULES)[RULES])}
    with (
        receiver(way, rules=rules, flags=LENS_FLAGS) as there,
        service("chat-api", there) as chat_api,
    ):
        prometheus = there.prometheus
        hurt = f'slo:current_burn_rate:ratio{{slo_id=~"{"|".join(HURT)}"}}'
        full_tiles = f'slo:sli_total:increase5m{{slo_id=~"{"|".join(HURT)}"}} > {TILE}'
        prometheus.wait_for(f"count({full_tiles}) == {len(HURT)}", TO_COUNT)
        prometheus.wait_for(f"count({hurt} == 0) == {len(HURT)}", TO_COUNT)
        quiet = burning(prometheus)
        tell(chat_api, "fault")
        wait_until(
            lambda: {slo for slo, tier in burning(prometheus) if tier == "fast"} == HURT,
            "the pages",
            TO_PAGE,
        )
        seen = {
            one.labels["__name__"] for one in prometheus.query('{slo_id="chat-api-operations"}')
        }

        assert quiet == set()
        assert {slo for slo, _ in burning(prometheus)} == HURT
        assert asked_by_dashboards() - seen == set()
        assert prometheus.rule_errors() == []
