"""The picture of a dashboard without Grafana."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rtobs.dashboards import build
from rtobs.dashboards.preview import preview
from tests.dashboards.boards import boards, panels, texts
from tests.dashboards.samples import FLEET, SITE


class Headings(HTMLParser):
    """Collects the texts of the panels' headings and the names of all tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the tag; a heading starts a new text."""
        del attrs
        self.tags.add(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_data(self, data: str) -> None:
        """Add to the heading that is open."""
        if self.lasttag == "h2" and self.headings and not self.headings[-1]:
            self.headings[-1] = data


@pytest.mark.parametrize(("uid", "text"), texts(), ids=[uid for uid, _ in texts()])
def test_every_panel_is_there_with_its_title(uid: str, text: str) -> None:
    """Those of collapsed rows too."""
    page = Headings()
    page.feed(preview(text))
    drawn = [heading for heading in page.headings if not heading.startswith("▾")]
    assert drawn == [panel["title"] for panel in panels(boards()[uid])]


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """It can be opened anywhere."""
    html = preview(texts()[0][1])
    assert re.findall(r"<script|src=|href=|url\(|@import", html) == []


def test_text_of_users_is_escaped() -> None:
    """A title with markup is shown as it was written."""
    made = build(FLEET, replace(SITE, name="x"))[0].json_text
    html = preview(made.replace('"title": "SLOs"', '"title": "<b onload=x>"'))
    assert "&lt;b onload=x&gt;" in html
    assert "<b onload" not in html


def test_the_same_dashboard_makes_the_same_page() -> None:
    """Sample data comes from the panel, not from chance."""
    assert preview(texts()[1][1]) == preview(texts()[1][1])
