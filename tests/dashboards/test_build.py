"""From SLOs to Grafana's JSON: layout, identity, determinism, patches."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.dashboards import build, render
from rtobs.dashboards.engine import Limits
from rtobs.dashboards.spec import DashboardSpec, Kind, Panel, Row, Size
from rtobs.errors import DefinitionError
from rtobs.model.site import Datasources, Site
from rtobs.problems import Problem
from tests.dashboards.boards import boards, panels, texts
from tests.dashboards.samples import FLEET, SITE, slo
from tests.dashboards.samples import service as make_service

PATCH = "slo/dashboards/rtobs-slo.libsonnet"
EMPTY = DashboardSpec("rtobs-x", "slo", "X", "A test.", ("rtobs",), (), ())


def cells(grid: dict[str, int]) -> set[tuple[int, int]]:
    """Cells of the grid that a panel covers."""
    return {
        (x, y)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    }


def test_two_dashboards_come_out_with_their_paths() -> None:
    """The folder of Grafana is the folder on disk."""
    assert [(board.path, board.uid) for board in build(FLEET, SITE)] == [
        ("dashboards/slo/rtobs-fleet.json", "rtobs-fleet"),
        ("dashboards/slo/rtobs-slo.json", "rtobs-slo"),
    ]


def test_the_same_input_makes_the_same_bytes() -> None:
    """Committed output changes only when a definition does."""
    assert tuple((b.uid, b.json_text) for b in build(FLEET, SITE)) == texts()


def test_the_order_of_services_does_not_matter() -> None:
    """A file that is renamed moves no panel."""
    assert tuple((b.uid, b.json_text) for b in build(FLEET[::-1], SITE)) == texts()


def test_json_is_sorted_and_ends_with_one_newline() -> None:
    """A diff of generated files is readable."""
    for _, text in texts():
        assert (
            text
            == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        )


def test_no_number_carries_the_noise_of_floats() -> None:
    """13.44 stays 13.44 on its way through jsonnet."""
    noise = [found for _, text in texts() for found in re.findall(r"\.\d*(?:0{6}|9{6})\d+", text)]
    assert noise == []


@pytest.mark.parametrize("uid", ["rtobs-fleet", "rtobs-slo"])
def test_grafana_owns_id_and_version(uid: str) -> None:
    """Fields that Grafana sets, and that only imports know, are not there."""
    board = boards()[uid]
    assert {"id", "version", "__inputs", "__requires"} & set(board) == set()
    assert board["schemaVersion"] == 42


@pytest.mark.parametrize("uid", ["rtobs-fleet", "rtobs-slo"])
def test_children_of_collapsed_rows_stand_inside_them(uid: str) -> None:
    """Grafana loses them otherwise."""
    rows = [panel for panel in boards()[uid]["panels"] if panel["type"] == "row"]
    assert [bool(row["panels"]) for row in rows] == [row["collapsed"] for row in rows]
    assert any(row["collapsed"] for row in rows)


def test_data_sources_start_with_those_of_the_site() -> None:
    """Uids come from site.yaml and stand nowhere else."""
    site = Site(datasources=Datasources("p-uid", "l-uid", "t-uid"))
    board = json.loads(build(FLEET, site)[1].json_text)
    chosen = [
        v["current"]["value"] for v in board["templating"]["list"] if v["type"] == "datasource"
    ]
    assert chosen == ["p-uid", "l-uid", "t-uid"]
    assert json.dumps(board["panels"]).count("-uid") == 0


def test_runbooks_without_a_web_address_make_no_links() -> None:
    """A relative path would lead into Grafana."""
    for board in build(FLEET, Site()):
        assert "Runbook" not in board.json_text


def test_runbooks_with_a_web_address_are_linked() -> None:
    """From the drill-down and from the table's alert cell."""
    fleet, drilldown = boards()["rtobs-fleet"], boards()["rtobs-slo"]
    assert drilldown["links"][1]["url"] == "https://runbooks.example/slo/${slo_id}.md"
    assert "https://runbooks.example/slo/${__data.fields.slo_id}.md" in json.dumps(fleet)


def test_a_fleet_without_slos_makes_valid_dashboards() -> None:
    """The first run of a new platform is no special case."""
    for board in build((), SITE):
        assert json.loads(board.json_text)["uid"] == board.uid
        assert '"expr": ""' not in board.json_text


def test_the_slo_that_speaks_for_a_domain_fills_its_tile() -> None:
    """Other SLOs of the domain do not count then."""
    tile = next(p for p in panels(boards()["rtobs-fleet"]) if p["title"].startswith("Error budget"))
    query = next(t["expr"] for t in tile["targets"] if t["refId"] == "inference")
    assert 'domain="inference",slo_id="vllm-http-availability"' in query
    assert [target["legendFormat"] for target in tile["targets"]] == [
        "network",
        "security",
        "inference",
        "workflow",
        "data",
        "observability",
        "delivery",
    ]


def test_names_of_users_are_quoted() -> None:
    """An SLO's id in a query is text, whatever it looks like."""
    odd = make_service("odd", replace(slo("odd", "x", speaks=True), slo_id='a"} or vector(1) #'))
    text = json.loads(build((odd,), SITE)[0].json_text)
    assert 'slo_id=\\"a\\\\\\"} or vector(1) #\\"' in json.dumps(text)


row_sizes = st.lists(
    st.tuples(
        st.lists(st.sampled_from(list(Size)), min_size=1, max_size=9), st.booleans(), st.booleans()
    ),
    min_size=1,
    max_size=5,
)


def spec_of(rows: list[tuple[list[Size], bool, bool]]) -> DashboardSpec:
    """A dashboard of text panels; a row is (sizes, collapsed, headed)."""
    made = []
    for number, (sizes, collapsed, headed) in enumerate(rows):
        keys = [f"{number}-{index}" for index in range(len(sizes))]
        inside = tuple(
            Panel(key, Kind.TEXT, size, key, key) for key, size in zip(keys, sizes, strict=True)
        )
        title = f"row {number}" if headed or collapsed else ""
        made.append(Row(str(number), title, inside, collapsed))
    return replace(EMPTY, rows=tuple(made))


@given(row_sizes)
@settings(max_examples=40, deadline=None)
def test_panels_never_overlap_and_never_stick_out(
    rows: list[tuple[list[Size], bool, bool]],
) -> None:
    """Any rows of any sizes: 24 columns, no cell twice, ids unique, lines from top to bottom."""
    board = json.loads(render((spec_of(rows),))[0].json_text)
    flat = [one for panel in board["panels"] for one in (panel, *panel.get("panels", ()))]
    assert len({panel["id"] for panel in flat}) == len(flat)
    for group in (board["panels"], *(panel.get("panels", ()) for panel in board["panels"])):
        taken: set[tuple[int, int]] = set()
        for panel in group:
            covered = cells(panel["gridPos"])
            assert not covered & taken
            assert max(x for x, _ in covered) < 24
            taken |= covered
        assert [p["gridPos"]["y"] for p in group] == sorted(p["gridPos"]["y"] for p in group)


@given(row_sizes, st.data())
@settings(max_examples=20, deadline=None)
def test_a_new_panel_changes_no_other_panel_but_its_place(
    rows: list[tuple[list[Size], bool, bool]], data: st.DataObject
) -> None:
    """Ids and contents do not depend on neighbours."""
    old = spec_of(rows)
    where = data.draw(st.integers(0, len(old.rows) - 1))
    added = Panel("new", Kind.TEXT, Size.TILE, "new", "new")
    row = old.rows[where]
    new_row = replace(row, panels=(added, *row.panels))
    new = replace(old, rows=(*old.rows[:where], new_row, *old.rows[where + 1 :]))

    def content(spec: DashboardSpec) -> dict[int, Any]:
        board = json.loads(render((spec,))[0].json_text)
        return {p["id"]: {**p, "gridPos": None} for p in panels(board)}

    before, after = content(old), content(new)
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + 1


# --- patches --------------------------------------------------------------------------------------


def patched(text: str, path: str = PATCH, **others: str) -> dict[str, Any]:
    """The drill-down with a patch."""
    more = {f"slo/dashboards/{name}.libsonnet": body for name, body in others.items()}
    made = build(FLEET, SITE, {path: text, **more})
    board: dict[str, Any] = json.loads(made[1].json_text)
    return board


def problem(text: str, path: str = PATCH) -> Problem:
    """The one problem that a patch makes."""
    with pytest.raises(DefinitionError) as caught:
        build(FLEET, SITE, {path: text})
    (found,) = caught.value.problems
    return found


def titles(board: dict[str, Any]) -> list[str]:
    """Titles of all panels."""
    return [panel["title"] for panel in panels(board)]


def test_an_object_is_added_to_the_board() -> None:
    """One panel by its key, everything else as it was."""
    board = patched("{ panels+: { 'budget-left'+: { title: 'What is left' } } }")
    expected = ["What is left" if t == "Budget left" else t for t in titles(boards()["rtobs-slo"])]
    assert titles(board) == expected


def test_a_function_gets_the_board() -> None:
    """For changes that need to look at what is there."""
    board = patched(
        "function(board) board { dashboard+: { title: 'My ' + board.dashboard.title } }"
    )
    assert board["title"] == "My SLO drill-down"


def test_a_patch_of_one_dashboard_leaves_the_other() -> None:
    """The file's name chooses the dashboard."""
    made = build(FLEET, SITE, {PATCH: "{ dashboard+: { refresh: '5m' } }"})
    assert made[0].json_text == dict(texts())["rtobs-fleet"]
    assert json.loads(made[1].json_text)["refresh"] == "5m"


def test_a_patch_can_add_a_panel_of_the_library() -> None:
    """It needs neither id nor size; both are found."""
    board = patched(
        """
        local panels = import 'rtobs/panels.libsonnet';
        {
          panels+: { mine: panels.text(null, 'Mine', 'A note.', 'Call Ada.') },
          rows+: [{ id: 77, title: 'Ours', collapsed: false, panels: ['mine'] }],
        }
        """
    )
    mine = board["panels"][-1]
    assert (mine["title"], mine["gridPos"]["w"], mine["gridPos"]["h"]) == ("Mine", 12, 8)
    assert 0 < mine["id"] < 2**31


def test_patches_share_files() -> None:
    """A file that is no dashboard's is there to be imported."""
    board = patched("{ dashboard+: import 'shared.libsonnet' }", shared="{ refresh: '2m' }")
    assert board["refresh"] == "2m"


def test_a_size_moves_the_panels_behind_it() -> None:
    """Patches come before the layout."""
    board = patched("{ sizes+: { 'budget-left': { w: 8, h: 4 } } }")
    assert [panel["gridPos"]["x"] for panel in board["panels"][:6]] == [0, 4, 8, 16, 20, 0]


def test_a_wrong_name_is_found_at_its_place() -> None:
    """File, line, column, and the line itself."""
    found = problem("{\n  panels+: bogus,\n}")
    assert str(found.location) == f"{PATCH}:2:12"
    assert found.location.excerpt == "  panels+: bogus,"
    assert found.message == "Unknown variable: bogus"


def test_a_syntax_error_is_found_at_its_place() -> None:
    """The first place that the parser dislikes."""
    assert str(problem("{ a: }").location) == f"{PATCH}:1:6"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ dashboard+: { uid: 'mine' } }", "its uid became 'mine'; links to it would break"),
        ("{ rows: [] }", "it has no panels"),
        (
            "{ rows+: [{ id: 1, title: 'A', collapsed: false, panels: ['b'] }] }",
            'the row "A" names',
        ),
        ("{ sizes+: { sli: { w: 30, h: 4 } } }", "does not fit into 24 columns"),
        ("{ sizes+: { sli: { w: 0, h: 4 } } }", "does not fit into 24 columns"),
        ("{ panels+: { sli+: { id: 1607627619.5 } } }", "is no number between"),
        ("{ panels+: { sli+: { id: 1898645767 } } }", "two panels have the id 1898645767"),
        ("42", "binary operator + requires matching types"),
        ("{ x:: 1 } + { dashboard+: { y: importstr '/etc/hostname' } }", "there is no"),
    ],
)
def test_a_patch_that_breaks_the_dashboard_is_refused(text: str, message: str) -> None:
    """The problem names the patch, not our code."""
    found = problem(text)
    assert found.location.file == PATCH
    assert message in found.message


def test_a_patch_that_never_ends_is_refused() -> None:
    """Within the limits that the caller sets."""
    spec = spec_of([([Size.TILE], False, False)])
    endless = {"slo/dashboards/rtobs-x.libsonnet": "local f(x) = f(x + 1) tailstrict; f(0)"}
    with pytest.raises(DefinitionError, match="more than 1 seconds of CPU time"):
        render((spec,), endless, Limits(cpu_seconds=1))


def test_a_patch_for_no_dashboard_is_refused() -> None:
    """A wrong file name would otherwise do nothing, silently."""
    found = problem("{}", "slo/dashboards/rtobs-slos.libsonnet")
    assert found.message.startswith('no dashboard has the uid "rtobs-slos"')
    assert found.hint == 'did you mean "rtobs-slo.libsonnet"?'
