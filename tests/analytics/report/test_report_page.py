"""The page is one file that everyone can read, from a disk and without scripts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Final

import pytest

from rtobs.analytics.charts import look
from rtobs.analytics.report import html, markdown, summarise
from tests.analytics.report.histories import HOSTILE, platform, week, week_as_html

VOID: Final = frozenset({"meta", "br", "path", "line", "rect"})


class Page(HTMLParser):
    """What is on a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.unclosed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Note what was not open."""
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text and what it is in."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, *within: str) -> str:
        """All text directly within elements of these names."""
        return " ".join(text for tag, text in self.texts if tag in within)


@pytest.fixture(scope="module")
def source() -> str:
    """The page of the platform's last week."""
    return week_as_html()


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    """The same, read."""
    return Page(source)


def test_nothing_runs_and_nothing_is_fetched(source: str, page: Page) -> None:
    """No script, no handler, no frame, no link to elsewhere, no import in the style."""
    tags = {tag for tag, _ in page.elements}
    assert tags & {"script", "iframe", "object", "embed", "img", "link", "base", "form"} == set()
    names = {name for _, attributes in page.elements for name in attributes}
    assert {name for name in names if name.startswith("on")} | (names & {"src", "srcset"}) == set()
    targets = {one["href"] for one in page.all("a")}
    assert {target for target in targets if not (target or "").startswith("#")} == set()
    assert set(re.findall(r"https?://[^\s\"'<]+", source)) == {"http://www.w3.org/2000/svg"}
    style = page.text("style")
    assert "@import" not in style
    assert "url(" not in style


def test_words_of_users_are_text(source: str, page: Page) -> None:
    """Descriptions, labels of incidents and groups are shown as they are written."""
    assert HOSTILE not in source
    assert HOSTILE in page.text("p")
    assert f"the gateway lost its GPU node {HOSTILE}" in page.text("td")
    assert 'model_name="<b>llama</b>"' in page.text("td")


def test_the_markup_is_well_formed(page: Page) -> None:
    """Every element is closed, in order."""
    assert (page.unclosed, page.open) == ([], [])


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    """Every anchor has a target, every reference of a drawing too."""
    ids = [str(one["id"]) for _, one in page.elements if "id" in one]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert {str(one["href"])[1:] for one in page.all("a")} <= set(ids)
    labels = " ".join(str(one.get("aria-labelledby", "")) for _, one in page.elements).split()
    assert set(labels) <= set(ids)


def test_every_drawing_is_told_in_words_and_numbers(source: str, page: Page) -> None:
    """An image with a title and a description, and a table beside it."""
    figures = re.findall(r"<figure .*?</figure>", source, re.DOTALL)
    assert len(figures) == len(page.all("svg")) == 15
    for figure in figures:
        assert figure.count("<svg") == figure.count("<table") == figure.count("<caption") == 1
        assert re.search(
            r'<svg[^>]* role="img"[^>]*><title[^>]*>[^<]+</title><desc[^>]*>[^<]', figure
        )
        assert figure.count("<tr>") > 1


def test_every_table_has_headings_and_a_caption(page: Page) -> None:
    """Screen readers say which column a cell is in."""
    assert {one.get("scope") for one in page.all("th")} == {"col", "row"}
    regions = [one for one in page.all("div") if one.get("role") == "region"]
    assert [one for one in regions if not one.get("aria-label") or one.get("tabindex") != "0"] == []


def test_a_reader_with_keys_finds_the_way(page: Page) -> None:
    """A language, a title, a link past the contents, one heading of the first rank."""
    assert page.all("html") == [{"lang": "en"}]
    assert page.text("title").startswith("Service levels, week 11, 10 to 16 March 2025")
    assert page.all("a")[0] == {"class": "skip", "href": "#fleet"}
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert [b for a, b in pairwise(levels) if b > a + 1] == []


def test_the_first_words_say_how_it_was(page: Page) -> None:
    """The head of the platform reads two lines."""
    assert (
        "1 of 4 SLOs missed its objective. 1 has too few events to say. 1 budget is overspent when"
        " the period ends. There were 3 incidents and 2 pages."
    ) in page.text("p")


def test_numbers_have_units_and_digits(page: Page) -> None:
    """An SLI can be told from its objective, and nothing says 100 % that was not."""
    cells = page.text("td", "div", "span", "b")
    space = "\N{NO-BREAK SPACE}"
    for text in (f"99.531{space}%", f"99.9{space}%", f"469{space}%", f"\N{MINUS SIGN}28{space}%"):
        assert text in cells
    assert f"100.000{space}%" not in cells


def test_a_verdict_is_a_shape_and_a_word(page: Page) -> None:
    """Who sees no colours reads the same."""
    words = [text for tag, text in page.texts if tag == "span"]
    assert {" missed", " undecided so far", " met"} <= set(words)
    marks = {"\N{BLACK DOWN-POINTING TRIANGLE}", "\N{BLACK DIAMOND}", "\N{BLACK CIRCLE}"}
    assert marks <= set(words)


def test_many_alerts_are_folded() -> None:
    """Ten rows are seen, the others are there when asked for."""
    report = week()
    first = report.sections[0]
    many = replace(report, sections=(replace(first, alerts=first.alerts[:1] * 13),))
    page, text = html(many), markdown(many)
    assert page.count("<summary>3 more alerts</summary>") == 1
    shown, folded = page.split("<summary>")
    row = f"<td>{first.alerts[0].alert} {first.alerts[0].tier}</td>"
    assert (shown.count(row), folded.count(row)) == (10, 3)
    assert text.count("<details><summary>3 more alerts</summary>") == 1
    assert "<summary>" not in html(replace(many, sections=(first,)))


def test_the_same_report_gives_the_same_bytes(source: str) -> None:
    """No time of the day, no order by chance; a new summary of the same data too."""
    again = summarise(platform(), week().period, site="prod", source="a seeded platform")
    assert html(again) == source


def test_a_report_without_slos_is_a_page() -> None:
    """It says so."""
    assert "There is no SLO in this report." in html(summarise([], week().period))


def _colours(scheme: str) -> dict[str, str]:
    style = files("rtobs.analytics.report").joinpath("style.css").read_text(encoding="utf-8")
    roots = re.findall(r":root\{([^}]*)\}", style)
    light, dark = (dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", root)) for root in roots[:2])
    return light if scheme == "light" else {**light, **dark}


def _luminance(colour: str) -> float:
    full = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "grounds"),
    [
        ("ink", ("paper", "ground")),
        ("muted", ("paper", "ground")),
        ("link", ("paper",)),
        ("calm-text", ("paper",)),
        ("bad-text", ("paper", "bad-ground")),
        ("doubt-text", ("doubt-ground",)),
    ],
)
def test_text_can_be_read_in_light_and_dark(
    scheme: str, text: str, grounds: tuple[str, ...]
) -> None:
    """A contrast of at least 4.5 everywhere (WCAG 2.2, 1.4.3)."""
    colours = _colours(scheme)
    for ground in grounds:
        low, high = sorted(_luminance(colours[name]) for name in (text, ground))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_the_heat_map_can_be_read_in_the_dark(source: str) -> None:
    """Digits keep a contrast of 4.5 to their step, and more is still further from the ground."""
    swaps = dict(re.findall(r'svg \[fill="(#[0-9a-f]{6})"\]\{fill:(#[0-9a-f]{6})\}', source))
    steps = [swaps[step] for step in look.STEPS]
    digits = [swaps[look.DARK]] * 3 + [swaps[look.LIGHT]] * 2
    for step, digit in zip(steps, digits, strict=True):
        low, high = sorted((_luminance(step), _luminance(digit)))
        assert (high + 0.05) / (low + 0.05) >= 4.5
    assert sorted(steps, key=_luminance) == steps
