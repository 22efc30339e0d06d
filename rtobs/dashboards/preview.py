"""A picture of a dashboard without Grafana: the grid, the words, and made-up data.

It shows layout, titles, units and colours of thresholds; the lines are samples, the same for the
same panel. One static HTML page, no script, nothing loaded from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

__all__ = ["preview"]

_SAMPLES: Final = 60
_SHADES: Final = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "text": "#ccccdc",
    "transparent": "#ccccdc",
}
_LINES: Final = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9")
_STYLE: Final = """
body{background:#111217;color:#ccccdc;font:14px/1.4 Inter,Helvetica,Arial,sans-serif;margin:16px}
header span{background:#22252b;border-radius:2px;margin-right:8px;padding:4px 8px}
main{display:grid;gap:8px;grid-auto-rows:30px;grid-template-columns:repeat(24,1fr);margin-top:12px}
section{background:#181b1f;border:1px solid #2c3235;border-radius:2px;overflow:hidden;
padding:6px 8px;display:flex;flex-direction:column;min-width:0}
h1{font-size:18px;margin:0 0 8px}h2{font-size:13px;font-weight:500;margin:0;white-space:nowrap;
overflow:hidden;text-overflow:ellipsis}
.row{background:none;border:0;padding:4px 0}pre{white-space:pre-wrap;
font:inherit;margin:4px 0}
.value{font-size:30px;font-weight:500;margin:auto}
.many{display:flex;flex:1;gap:4px}.many div{flex:1;border-radius:2px;color:#111217;display:flex;
flex-direction:column;justify-content:center;text-align:center}
.grow{flex:1;min-height:0}table{border-collapse:collapse;width:100%;table-layout:fixed}
td,th{border-bottom:1px solid #2c3235;overflow:hidden;padding:3px 6px;text-align:left;
text-overflow:ellipsis;white-space:nowrap}svg{height:100%;width:100%}
aside{display:flex;flex-wrap:wrap;gap:2px 12px;font-size:11px}
"""


def preview(json_text: str) -> str:
    """A static HTML page that shows the dashboard of `json_text` with sample data."""
    board = json.loads(json_text)
    title = escape(board["title"])
    variables = "".join(
        f"<span>{escape(variable['label'])}: {escape(_chosen(variable))}</span>"
        for variable in board["templating"]["list"]
        if variable["hide"] == 0
    )
    body = "".join(_panel(panel) for panel in _open(board["panels"]))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1><header>{variables}</header>"
        f"<main>{body}</main></html>\n"
    )


def _chosen(variable: Mapping[str, Any]) -> str:
    text = variable["current"].get("text", "")
    return text if isinstance(text, str) else ", ".join(text)


def _open(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All panels with collapsed rows opened, moved down to where they would stand."""
    shift = 0
    for panel in panels:
        yield _moved(panel, shift)
        children = panel.get("panels", [])
        if children:
            for child in children:
                yield _moved(child, shift)
            bottom = max(child["gridPos"]["y"] + child["gridPos"]["h"] for child in children)
            shift += bottom - panel["gridPos"]["y"] - panel["gridPos"]["h"]


def _moved(panel: dict[str, Any], shift: int) -> dict[str, Any]:
    grid = panel["gridPos"]
    return {**panel, "gridPos": {**grid, "y": grid["y"] + shift}}


def _panel(panel: Mapping[str, Any]) -> str:
    grid = panel["gridPos"]
    place = (
        f"grid-column:{grid['x'] + 1}/span {grid['w']};grid-row:{grid['y'] + 1}/span {grid['h']}"
    )
    mark = "▾ " if panel["type"] == "row" else ""
    return (
        f'<section class="{panel["type"]}" style="{place}"'
        f' title="{escape(panel.get("description", ""))}">'
        f"<h2>{mark}{escape(panel['title'])}</h2>{_content(panel)}</section>"
    )


def _content(panel: Mapping[str, Any]) -> str:
    if panel["type"] == "row":
        return ""
    if panel["type"] == "text":
        return f"<pre>{escape(panel['options']['content'])}</pre>"
    draw = {
        "stat": _stat,
        "timeseries": _graph,
        "table": _table if panel["fieldConfig"]["overrides"] else _lines,
        "state-timeline": _timeline,
    }.get(panel["type"], _lines)
    return draw(panel)


def _lines(panel: Mapping[str, Any]) -> str:
    return f"<p>{escape(panel['title'].lower())}</p>"


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _sample(panel: Mapping[str, Any], name: str) -> tuple[str, str]:
    """A value with its unit, and the colour that the thresholds give it."""
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults["thresholds"]["steps"]
    step = steps[_seed(f"{panel['id']}{name}") % len(steps)]
    value = step["value"] if step["value"] is not None else 0
    return _with_unit(float(value), defaults["unit"]), _SHADES.get(step["color"], step["color"])


def _with_unit(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value * 100:.1f}%"
    suffix = {"d": " days", "s": " s", "cps": " c/s"}.get(unit, "")
    return f"{value:g}{suffix}"


def _stat(panel: Mapping[str, Any]) -> str:
    targets = panel["targets"]
    if len(targets) == 1:
        value, colour = _sample(panel, "")
        return f'<div class="value" style="color:{colour}">{value}</div>'
    tiles = []
    for target in targets:
        value, colour = _sample(panel, target["legendFormat"])
        name = escape(target["legendFormat"])
        tiles.append(f'<div style="background:{colour}"><b>{value}</b><small>{name}</small></div>')
    return f'<div class="many">{"".join(tiles)}</div>'


def _graph(panel: Mapping[str, Any]) -> str:
    looks = {
        override["matcher"]["options"]: {
            item["id"]: item["value"] for item in override["properties"]
        }
        for override in panel["fieldConfig"]["overrides"]
    }
    lines, legend = [], []
    for index, target in enumerate(panel["targets"]):
        look = looks.get(target["refId"], {})
        fixed = look.get("color", {}).get("fixedColor", _LINES[index % len(_LINES)])
        colour = _SHADES.get(fixed, fixed)
        dash = ' stroke-dasharray="6 5"' if "custom.lineStyle" in look else ""
        points = _points(_seed(target["expr"]), flat=bool(dash))
        lines.append(
            f'<polyline fill="none" stroke="{colour}"{dash} points="{points}"'
            ' vector-effect="non-scaling-stroke"/>'
        )
        legend.append(f'<span style="color:{colour}">{escape(target["legendFormat"])}</span>')
    return (
        '<div class="grow"><svg viewBox="0 0 100 100" preserveAspectRatio="none">'
        f"{''.join(lines)}</svg></div><aside>{''.join(legend)}</aside>"
    )


def _points(seed: int, *, flat: bool) -> str:
    height, state = 20.0 + seed % 60, seed
    points = []
    for index in range(_SAMPLES):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        if not flat:
            height = min(max(height + (state >> 16) % 9 - 4, 2), 98)
        points.append(f"{index * 100 / (_SAMPLES - 1):.1f},{height:.1f}")
    return " ".join(points)


def _table(panel: Mapping[str, Any]) -> str:
    widths = {
        override["matcher"]["options"]: next(
            (item["value"] for item in override["properties"] if item["id"] == "custom.width"), 0
        )
        for override in panel["fieldConfig"]["overrides"]
    }
    heads = "".join(
        f'<th style="width:{width}px">{escape(title)}</th>'
        if width
        else f"<th>{escape(title)}</th>"
        for title, width in widths.items()
    )
    cells = "".join(f"<td>{escape(title.lower())}</td>" for title in widths)
    rows = f"<tr>{cells}</tr>" * max(1, panel["gridPos"]["h"] - 3)
    return f'<div class="grow"><table><tr>{heads}</tr>{rows}</table></div>'


def _timeline(panel: Mapping[str, Any]) -> str:
    bars = "".join(
        f'<rect x="{_seed(str(panel["id"])) % 30 + index * 22}" y="{index * 30 + 5}" width="40"'
        f' height="20" fill="{colour}"/>'
        for index, colour in enumerate(("#73bf69", "#ff9830", "#f2495c"))
    )
    return (
        '<div class="grow"><svg viewBox="0 0 100 100" preserveAspectRatio="none">'
        f"{bars}</svg></div>"
    )
