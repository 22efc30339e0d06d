"""Specs: identity of panels, and what is refused before jsonnet sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.dashboards.fleet import fleet
from rtobs.dashboards.spec import explain, panel_id, plain
from rtobs.errors import GenerationError
from tests.dashboards.samples import SITE


def test_the_id_of_a_panel_never_changes() -> None:
    """A literal, so a change of the hash cannot pass: links with viewPanel use the id."""
    assert panel_id("rtobs-fleet", "slos") == 1607627619


@given(st.text(), st.text())
def test_ids_fit_into_what_grafana_takes(uid: str, key: str) -> None:
    """Positive and below 2^31."""
    assert 0 < panel_id(uid, key) < 2**31


def test_a_key_means_another_panel_on_another_dashboard() -> None:
    """The uid is part of the identity."""
    assert panel_id("a", "x") != panel_id("b", "x")


def test_two_panels_with_one_key_are_refused() -> None:
    """Their ids would be one."""
    spec = fleet((), SITE)
    row = spec.rows[0]
    twins = replace(row, panels=(*row.panels, row.panels[0]))
    with pytest.raises(GenerationError, match="share the key 'slos'"):
        plain(replace(spec, rows=(twins,)))


def test_two_panels_with_one_title_are_refused() -> None:
    """A reader could not tell which one somebody means."""
    spec = fleet((), SITE)
    row = spec.rows[0]
    twin = replace(row.panels[0], key="other")
    with pytest.raises(GenerationError, match="share the title 'SLOs'"):
        plain(replace(spec, rows=(replace(row, panels=(*row.panels, twin)),)))


def test_a_description_has_three_parts() -> None:
    """What it shows, what good looks like, what to do."""
    assert explain("A.", "b.", "c.") == "A.\n\n**Good:** b.\n\n**If not:** c."
