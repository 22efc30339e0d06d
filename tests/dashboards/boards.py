"""Reading generated dashboards: all panels, all queries, queries as Prometheus would see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from rtobs.dashboards import build
from tests.dashboards.samples import FLEET, SITE

Json = dict[str, Any]

VALUES: Final = {
    "${group:raw}": 'model_name="llama"',
    "$slo_id": "vllm-up",
    "$service": "vllm",
    "$window": "30d",
    "$domain": ".*",
    "$owner": ".*",
    "$__rate_interval": "5m",
}


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Uid and JSON text of every dashboard of the sample fleet."""
    return tuple((board.uid, board.json_text) for board in build(FLEET, SITE))


def boards() -> dict[str, Json]:
    """Every dashboard of the sample fleet by uid."""
    return {uid: json.loads(text) for uid, text in texts()}


def panels(board: Json) -> Iterator[Json]:
    """Every panel with content, those of collapsed rows too."""
    for panel in board["panels"]:
        for one in (panel, *panel.get("panels", ())):
            if one["type"] != "row":
                yield one


def queries(board: Json) -> Iterator[tuple[Json, Json]]:
    """Every Prometheus query with its panel."""
    for panel in panels(board):
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == "prometheus":
                yield panel, target


def substituted(text: str, values: Mapping[str, str] = VALUES) -> str:
    """A query with values in the place of Grafana's variables."""
    for variable, value in values.items():
        text = text.replace(variable, value)
    assert re.search(r"\$", text) is None, text
    return text


def annotation_queries(board: Json) -> list[str]:
    """The PromQL of a dashboard's annotations."""
    return [one["target"]["expr"] for one in board["annotations"]["list"]]


def variable_queries(board: Json) -> list[str]:
    """Queries of variables with values from Prometheus."""
    return [one["query"] for one in board["templating"]["list"] if one["type"] == "query"]


def every_expression() -> list[tuple[str, str]]:
    """A name and the PromQL of every query and annotation of every dashboard."""
    found = []
    for uid, board in boards().items():
        found += [(f"{uid}/{p['title']}/{t['refId']}", t["expr"]) for p, t in queries(board)]
        found += [(f"{uid}/annotation", text) for text in annotation_queries(board)]
    return found
