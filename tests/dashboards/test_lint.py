"""The rules of Grafana's dashboard-linter that apply, and our own.

Not applied, because recorded series of an SLO carry neither job nor instance: template-job-rule,
template-instance-rule, target-job-rule, target-instance-rule. target-counter-agg-rule: no query
reads a raw counter, which test_promql.py proves.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.dashboards.boards import Json, boards, panels

BOARDS: Final = tuple(boards().items())
UNITS: Final = {"none", "short", "percentunit", "d", "s", "cps"}
board_of = pytest.mark.parametrize("board", [b for _, b in BOARDS], ids=[uid for uid, _ in BOARDS])


@board_of
def test_data_sources_are_variables_with_the_usual_names(board: Json) -> None:
    """template-datasource-rule: `<type>_datasource`, labelled "<Type> data source"."""
    sources = [one for one in board["templating"]["list"] if one["type"] == "datasource"]
    expected = [
        (f"{s['query']}_datasource", f"{s['query'].capitalize()} data source") for s in sources
    ]
    assert [(one["name"], one["label"]) for one in sources] == expected
    assert sources[0]["name"] == "prometheus_datasource"


@board_of
def test_query_variables_reload_with_the_time_range(board: Json) -> None:
    """template-on-time-change-reload-rule."""
    asked = [one for one in board["templating"]["list"] if one["type"] == "query"]
    assert [one["refresh"] for one in asked] == [2] * len(asked)


@board_of
def test_all_stands_for_everything_even_where_a_label_is_missing(board: Json) -> None:
    """An allValue of .+ would hide SLOs without the label."""
    every = {one["allValue"] for one in board["templating"]["list"] if one.get("includeAll")}
    assert every <= {".*", 'slo_id!=""'}


@board_of
def test_panels_use_data_sources_through_variables(board: Json) -> None:
    """panel-datasource-rule, for panels and their queries."""
    declared = {f"${{{one['name']}}}" for one in board["templating"]["list"]}
    for panel in panels(board):
        if panel["type"] != "text":
            assert panel["datasource"]["uid"] in declared, panel["title"]
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] in declared, panel["title"]


@board_of
def test_panels_have_title_and_a_description_in_three_parts(board: Json) -> None:
    """panel-title-description-rule, and what good looks like and what to do."""
    for panel in panels(board):
        assert panel["title"] != ""
        if panel["type"] != "text":
            assert "**Good:**" in panel["description"], panel["title"]
            assert "**If not:**" in panel["description"], panel["title"]


@board_of
def test_panels_have_a_unit_that_grafana_knows(board: Json) -> None:
    """panel-units-rule."""
    for panel in panels(board):
        if panel["type"] not in ("text", "logs"):
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]


@board_of
def test_panels_have_queries_with_distinct_names(board: Json) -> None:
    """panel-no-targets-rule; overrides go by the query's name."""
    for panel in panels(board):
        if panel["type"] != "text":
            refs = [target["refId"] for target in panel["targets"]]
            assert refs != []
            assert sorted(set(refs)) == sorted(refs)


@board_of
def test_dashboards_cannot_be_edited_in_grafana(board: Json) -> None:
    """uneditable-dashboard: the next provisioning would overwrite the edit."""
    assert board["editable"] is False


@board_of
def test_numbers_and_tables_ask_for_one_value(board: Json) -> None:
    """Stats and tables use instant queries, graphs use range queries."""
    for panel in panels(board):
        for target in panel.get("targets", ()):
            if target["datasource"]["type"] == "prometheus":
                instant = panel["type"] in ("stat", "table")
                assert (target["instant"], target["range"]) == (instant, not instant)
                assert target["format"] == ("table" if panel["type"] == "table" else "time_series")


@board_of
def test_no_data_has_words(board: Json) -> None:
    """An empty panel says why it is empty."""
    for panel in panels(board):
        if panel["type"] not in ("text", "logs"):
            assert panel["fieldConfig"]["defaults"]["noValue"] != "", panel["title"]


@board_of
def test_ratios_have_decimals_and_graphs_of_ratios_a_scale(board: Json) -> None:
    """A share without decimals hides 99.95 %; the objective itself is shown in full."""
    for panel in panels(board):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if defaults.get("unit") == "percentunit" and panel["title"] != "Objective":
            assert "decimals" in defaults, panel["title"]
            if panel["type"] == "timeseries":
                assert "min" in defaults or "max" in defaults, panel["title"]


@board_of
def test_links_carry_the_time_range(board: Json) -> None:
    """A click keeps what the reader was looking at."""
    for link in board["links"]:
        assert link["type"] == "link" or (link["includeVars"] and link["keepTime"])
    for panel in panels(board):
        for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links", ()):
            assert "${__url_time_range}" in link["url"], panel["title"]


@board_of
def test_the_first_screen_is_small(board: Json) -> None:
    """At most 25 panels are asked for before anybody opens a row."""
    assert len([panel for panel in board["panels"] if panel["type"] != "row"]) <= 25


def test_uids_and_titles_are_unique() -> None:
    """Twins in one folder take the write permission from Grafana's whole provider."""
    assert sorted({uid for uid, _ in BOARDS}) == ["rtobs-fleet", "rtobs-slo"]
    assert len({board["title"] for _, board in BOARDS}) == len(BOARDS)


def test_links_between_dashboards_have_a_target() -> None:
    """Every /d/<uid> in a link is a dashboard that we make."""
    uids = {uid for uid, _ in BOARDS}
    linked = set()
    for _, board in BOARDS:
        for panel in panels(board):
            config = panel.get("fieldConfig", {})
            urls = [link["url"] for link in config.get("defaults", {}).get("links", ())]
            for override in config.get("overrides", ()):
                for item in override["properties"]:
                    if item["id"] == "links":
                        urls += [link["url"] for link in item["value"]]
            linked |= {url.split("/d/")[1].split("?")[0] for url in urls if "/d/" in url}
    assert linked == uids
