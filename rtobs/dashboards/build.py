"""Dashboard specs -> Grafana JSON, in one evaluation of jsonnet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import find_spec
from typing import Any, Final

from rtobs import conventions as names
from rtobs.dashboards import patches as user
from rtobs.dashboards.check import first_finding
from rtobs.dashboards.drilldown import drilldown
from rtobs.dashboards.engine import Limits, Program, ProgramError, evaluate, evaluate_confined
from rtobs.dashboards.fleet import fleet
from rtobs.dashboards.spec import DashboardSpec, plain
from rtobs.errors import DefinitionError, GenerationError, MissingExtraError
from rtobs.model.site import Site
from rtobs.model.slo import ResolvedService

__all__ = ["Dashboard", "build", "render"]

_LIBRARY: Final = "rtobs"
_NO_PATCHES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A generated dashboard.

    Attributes:
        path: file, relative to the output directory, with "/" separators.
        uid: identity in Grafana.
        json_text: Grafana's classic dashboard JSON, keys sorted, one final newline.
    """

    path: str
    uid: str
    json_text: str


def build(
    services: Sequence[ResolvedService],
    site: Site,
    patches: Mapping[str, str] = _NO_PATCHES,
) -> tuple[Dashboard, ...]:
    """Make every dashboard of the platform.

    Args:
        services: all services of the fleet.
        site: where they run.
        patches: text of `slo/dashboards/*.libsonnet` by path; see `render`.

    Raises:
        DefinitionError: a patch is wrong; the problem says file, line and column.
        MissingExtraError: jsonnet is not installed.
    """
    slos = tuple(slo for service in services for slo in service.slos)
    return render((fleet(slos, site), drilldown(slos, site)), patches)


def render(
    specs: Sequence[DashboardSpec],
    patches: Mapping[str, str] = _NO_PATCHES,
    limits: Limits | None = None,
) -> tuple[Dashboard, ...]:
    """Draw dashboards, in the order of the specs.

    A patch named `<uid>.libsonnet` changes the board of that uid before it is laid out: it is an
    object that is added to the board, or a function from board to board. Other patch files are
    there to be imported by them.

    Args:
        specs: what the dashboards say.
        patches: jsonnet of users by path.
        limits: what patches may spend; the default is ample.

    Raises:
        DefinitionError: a patch is wrong.
        GenerationError: a spec is wrong.
        MissingExtraError: jsonnet is not installed.
    """
    if find_spec("_jsonnet") is None:
        raise MissingExtraError("generate", "drawing dashboards")
    uids = [spec.uid for spec in specs]
    unused = user.unused(patches, uids)
    if unused:
        raise DefinitionError(unused)
    by_uid = user.by_uid(patches, uids)
    program = _program(specs, patches, by_uid)
    try:
        # Only a user's program needs a child process; ours is tested to end.
        text = evaluate_confined(program, limits) if patches else evaluate(program)
    except ProgramError as error:
        if patches:
            raise DefinitionError([user.problem(str(error), patches)]) from None
        raise GenerationError(f"the dashboards cannot be drawn: {error}") from None
    boards = json.loads(text)
    return tuple(_dashboard(spec, boards[spec.uid], by_uid.get(spec.uid)) for spec in specs)


def _program(
    specs: Sequence[DashboardSpec], patches: Mapping[str, str], by_uid: Mapping[str, str]
) -> Program:
    imports = ", ".join(
        f"{json.dumps(uid)}: import {json.dumps(path)}" for uid, path in by_uid.items()
    )
    return Program(
        name="dashboards",
        source=f"(import '{_LIBRARY}/main.libsonnet')({{{imports}}})",
        files={**patches, **_library()},
        argument=json.dumps([plain(spec) for spec in specs]),
    )


@cache
def _library() -> Mapping[str, str]:
    """The packaged jsonnet library, by the path under which programs import it."""
    folder = resources.files("rtobs.dashboards") / "jsonnet"
    return {
        f"{_LIBRARY}/{entry.name}": entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(user.SUFFIX)
    }


def _dashboard(spec: DashboardSpec, board: dict[str, Any], patch: str | None) -> Dashboard:
    finding = first_finding(spec.uid, board)
    if finding and patch is not None:
        raise DefinitionError([user.finding(finding, patch)])
    if finding:
        raise GenerationError(f"dashboard {spec.uid}: {finding}")
    path = f"{names.DASHBOARDS_DIR}/{spec.folder}/{spec.uid}.json"
    text = json.dumps(board, indent=2, sort_keys=True, ensure_ascii=False)
    return Dashboard(path, spec.uid, f"{text}\n")
