"""Where in a file a character of an expression stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtobs.documents import Document, parse, write_yaml
from rtobs.problems import Location
from rtobs.slo.checks.places import inside

printable = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)


def character(place: Location) -> str:
    """What stands at a place."""
    return place.excerpt[place.column - 1 : place.column - 1 + place.width]


def document(value: str) -> Document:
    """A document with one value, written as it is given."""
    return parse(f"key: {value}\n", "file.yaml")


@pytest.mark.parametrize(
    "written",
    [
        "sum(rate(x[5m]))",
        "'sum(rate(x[5m]))'",
        '"sum(rate(x[5m]))"',
        "'it''s(rate(x[5m]))'",
        '"\\"\\\\\\u00e9\\x41\\n(rate(x[5m]))"',
        "|\n  sum(rate(x[5m]))",
        "|-\n    a\n    \n    sum(rate(x[5m]))",
        "| # why\n  sum(\n    rate(x[5m]))",
    ],
)
def test_a_character_is_found_in_every_style(written: str) -> None:
    """Quotes, escapes and literal blocks shift what stands behind them."""
    read = document(written)
    place = inside(read, ("key",), read.data["key"].index("rate"), 4)
    assert character(place) == "rate"


@pytest.mark.parametrize(
    "written", [">-\n  sum(\n  rate(x))", "'sum(\n  rate(x))'", "sum(\n  rate)"]
)
def test_a_folded_text_gives_its_beginning(written: str) -> None:
    """Folding moves characters to other lines, so no place inside is claimed."""
    read = document(written)
    assert inside(read, ("key",), read.data["key"].index("rate")) == read.locate(("key",))


def test_an_unknown_offset_gives_the_beginning() -> None:
    """A finding without a place inside points at the whole text."""
    read = document("sum(x)")
    assert inside(read, ("key",), None) == read.locate(("key",))


def test_a_path_that_is_not_there_gives_its_parent() -> None:
    """Nothing is claimed about a value that does not exist."""
    read = document("{a: b}")
    assert inside(read, ("key", "c"), 0) == read.locate(("key",))


@given(printable, st.data())
def test_every_character_that_can_be_written_is_found(text: str, data: st.DataObject) -> None:
    """A place is the character itself, its escape, or the beginning of the text."""
    read = parse(write_yaml({"key": text}), "file.yaml")
    offset = data.draw(st.integers(0, len(text) - 1))
    place = inside(read, ("key",), offset)
    found = place.excerpt[place.column - 1 :]
    escaped = found.startswith("\\")
    assert escaped or found.startswith(text[offset]) or place == read.locate(("key",))
