"""The report for programs and for merge requests."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rtobs.analytics.report import SCHEMA, as_json, markdown, summarise
from rtobs.analytics.report.elements import tag
from rtobs.analytics.report.markdown import escaped
from tests.analytics.report.histories import HOSTILE, week, week_as_markdown


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The platform's last week as JSON."""
    read: dict[str, Any] = json.loads(as_json(week()))
    return read


def test_json_is_as_its_schema_says(document: dict[str, Any]) -> None:
    """Every field is described, and none is missing."""
    Draft202012Validator.check_schema(SCHEMA)
    checker = Draft202012Validator.FORMAT_CHECKER
    faults = Draft202012Validator(SCHEMA, format_checker=checker).iter_errors(document)
    assert [fault.message for fault in faults] == []


def test_the_schema_is_strict(document: dict[str, Any]) -> None:
    """A field too many, one too few and a wrong one are found."""
    schema = Draft202012Validator(SCHEMA)
    assert not schema.is_valid({**document, "more": 1})
    assert not schema.is_valid({key: value for key, value in document.items() if key != "slos"})
    assert not schema.is_valid({**document, "apiVersion": "rtobs/report/v2"})


def test_numbers_are_not_rounded(document: dict[str, Any]) -> None:
    """What the report holds, to the last bit; objectives are exact decimals."""
    worst = week().sections[0].worst
    group = document["slos"][0]["groups"][0]
    assert (group["sli"], group["budgetRemaining"]) == (worst.sli, worst.remaining)
    assert [slo["objective"] for slo in document["slos"]] == ["0.999", "0.99", "0.995", "0.9995"]


def test_times_are_utc_and_the_unknown_is_null(document: dict[str, Any]) -> None:
    """A program need not guess."""
    assert document["period"] == {
        "name": "week 11, 10 to 16 March 2025",
        "start": "2025-03-10T00:00:00Z",
        "end": "2025-03-17T00:00:00Z",
        "timeZone": "UTC",
    }
    assert [one["paged"] for one in document["slos"][0]["incidents"]] == [
        "2025-03-12T13:15:00Z",
        None,
    ]
    silent = [day for day in document["slos"][1]["days"] if day["total"] == 0]
    assert [day["sli"] for day in silent] == [None]


def test_the_same_report_gives_the_same_text() -> None:
    """In every format."""
    assert as_json(week()) == as_json(week())
    assert markdown(week()) == week_as_markdown()


def test_an_empty_report_is_valid() -> None:
    """No SLO, no NaN."""
    made = json.loads(as_json(summarise([], week().period)))
    assert Draft202012Validator(SCHEMA).is_valid(made)


def test_markdown_has_the_same_numbers() -> None:
    """The table of all SLOs, in the same order and digits as the page."""
    lines = week_as_markdown().splitlines()
    space = "\N{NO-BREAK SPACE}"
    assert lines[0] == "# Service levels, week 11, 10 to 16 March 2025"
    row = next(line for line in lines if line.startswith("| chat-api-availability"))
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert cells[1:4] == [
        "\N{BLACK DOWN-POINTING TRIANGLE} missed",
        f"99.9{space}%",
        f"99.531{space}%",
    ]


def test_markdown_tables_hold_together() -> None:
    """Every row of a table has as many cells as its headings; a | in a text does not count."""
    for block in re.split(r"\n\n+", week_as_markdown()):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert len(counts) <= 1


def test_markdown_shows_words_of_users_as_text() -> None:
    """Neither HTML nor Markdown of a description is carried out."""
    text = week_as_markdown()
    assert HOSTILE not in text
    assert r"\<script\>alert(1)\</script\>" in text
    assert re.findall(r"(?<!\\)<", text) == []


def test_markdown_tells_charts_as_sentences() -> None:
    """Who reads Markdown sees the numbers that a chart would show."""
    assert "The budget goes from" in week_as_markdown()
    assert "the highest burn rate is" in week_as_markdown()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\x1b[31mb", r"a␛\[31mb"),
        ("a\nb\tc", "a b c"),
        ("+1.2 %", "+1.2 %"),
        ("+ one", r"\+ one"),
        ("- one", r"\- one"),
        ("12. one", r"12\. one"),
        ("1 + 1", "1 + 1"),
        ("-", "-"),
    ],
)
def test_markdown_is_escaped_where_it_would_act(text: str, written: str) -> None:
    """A sign that begins a list is text, a sign in a text stays as it is, and an escape is seen."""
    assert escaped(text) == written


def test_html_shows_what_acts_on_a_terminal_as_signs() -> None:
    """Texts and attributes alike."""
    assert tag("p", "a\x1bb", title="\x00") == '<p title="␀">a␛b</p>'
