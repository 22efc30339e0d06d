"""What Grafana demands of a finished dashboard, whatever a patch did to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rtobs import conventions as names

__all__ = ["first_finding"]

_COLUMNS: Final = 24
_ID_LIMIT: Final = 2**31


def first_finding(uid: str, board: Mapping[str, Any]) -> str:
    """Why Grafana would refuse a dashboard or show it wrongly; "" when it is fine."""
    return next(_findings(uid, board), "")


def _findings(uid: str, board: Mapping[str, Any]) -> Iterator[str]:
    if board.get("uid") != uid:
        yield f"its uid became {board.get('uid')!r}; links to it would break"
    if len(uid) > names.UID_MAX_LENGTH:
        yield f"its uid is longer than {names.UID_MAX_LENGTH} characters"
    panels = board.get("panels")
    if not isinstance(panels, list) or not panels:
        yield "it has no panels"
        return
    flat = [*panels, *(child for panel in panels for child in panel.get("panels", ()))]
    ids = [panel.get("id") for panel in flat]
    yield from _id_findings(ids)
    yield from _place_findings(panels)
    for panel in panels:
        yield from _place_findings(panel.get("panels", ()))


def _id_findings(ids: list[Any]) -> Iterator[str]:
    for panel in ids:
        if not isinstance(panel, int) or not 0 < panel < _ID_LIMIT:
            yield f"the panel id {panel!r} is no number between 1 and 2147483647"
        elif ids.count(panel) > 1:
            yield f"two panels have the id {panel}"


def _place_findings(panels: Any) -> Iterator[str]:  # noqa: ANN401 - a user's patch made it
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        title, grid = str(panel.get("title", "")), panel["gridPos"]
        if grid["w"] < 1 or grid["h"] < 1 or grid["x"] < 0 or grid["x"] + grid["w"] > _COLUMNS:
            yield f'the panel "{title}" does not fit into {_COLUMNS} columns'
            continue
        for cell in _cells(grid):
            if cell in taken:
                yield f'the panels "{taken[cell]}" and "{title}" overlap'
                break
            taken[cell] = title


def _cells(grid: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(grid["x"], grid["x"] + grid["w"]):
        for y in range(grid["y"], grid["y"] + grid["h"]):
            yield x, y
