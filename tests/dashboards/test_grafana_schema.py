"""Generated dashboards against JSON Schemas made of Grafana's own published types."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from tests.dashboards.boards import Json, boards

TOOL: Final = Path(__file__).parents[2] / "tools" / "grafana_schema.py"
# A data source's own fields of an annotation: Grafana reads them, its published type has no room.
OWN_ANNOTATION: Final = ("tagKeys", "textFormat", "titleFormat")
OWN_TARGET: Final = ("expr", "interval", "refId")


@pytest.fixture(scope="module")
def folder() -> Path:
    """The folder of the schemas, built on the first use."""
    spec = importlib.util.spec_from_file_location("grafana_schema", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    try:
        found: Path = tool.schemas()
    except tool.SchemaError as error:
        pytest.skip(f"GRAFANA'S TYPES WERE NOT CHECKED: {error}")
    return found


def errors(folder: Path, board: Json) -> list[str]:
    """Everything in a dashboard that Grafana's types do not allow."""
    board = copy.deepcopy(board)
    for annotation in board["annotations"]["list"]:
        for name in OWN_ANNOTATION:
            annotation.pop(name)
        for name in OWN_TARGET:
            annotation["target"].pop(name)
    dashboard = _schema(folder, "dashboard")
    rows = board.pop("panels")
    found = _errors(dashboard, board, "dashboard")
    for panel in (one for row in rows for one in (row, *row.get("panels", ()))):
        kind = "RowPanel" if panel["type"] == "row" else "Panel"
        # An error of `anyOf` says nothing, so each panel meets the schema of its kind.
        own = {"definitions": dashboard["definitions"], "$ref": f"#/definitions/{kind}"}
        found += _errors(own, panel, panel["title"])
        custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom", {})
        parts = (("options", panel.get("options")), ("field", custom))
        for part, value in parts:
            if (folder / f"{panel['type']}.{part}.json").exists() and value:
                schema = _schema(folder, f"{panel['type']}.{part}")
                found += _errors(schema, value, f"{panel['title']} {part}")
    return found


def _schema(folder: Path, name: str) -> Json:
    document: Json = json.loads((folder / f"{name}.json").read_text())
    return document


def _errors(schema: Json, value: Any, where: str) -> list[str]:
    validator = jsonschema.Draft7Validator(schema)
    return [
        f"{where}: {error.json_path}: {error.message}" for error in validator.iter_errors(value)
    ]


@pytest.mark.parametrize("uid", ["rtobs-fleet", "rtobs-slo"])
def test_dashboards_are_what_grafana_declares(folder: Path, uid: str) -> None:
    """No unknown key, no wrong type, in the dashboard, its panels and their options."""
    assert errors(folder, boards()[uid]) == []


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ("dashboard", "colour", "red"),
        ("panel", "gridPos", {"x": "left", "y": 0, "w": 4, "h": 4}),
        ("panel", "decimals", 2),
        ("options", "graphMode", "wave"),
    ],
)
def test_the_check_sees_what_is_wrong(folder: Path, where: str, key: str, value: Any) -> None:
    """A mutated dashboard is refused, so the test above can fail."""
    board = boards()["rtobs-fleet"]
    first = board["panels"][0]
    {"dashboard": board, "panel": first, "options": first["options"]}[where][key] = value
    assert errors(folder, board) != []
