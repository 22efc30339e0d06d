"""Everything that can be wrong with a definition, and exactly what is said about it.

The messages stand in `problems.txt`. After a wanted change write them again with
`RTOBS_UPDATE_GOLDEN=1 pytest tests/slo/test_bad_inputs.py` and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.slo.bad_inputs import BAD_INPUTS
from tests.slo.mistakes import Bad
from tests.slo.shop import GOOD, problems_of

GOLDEN = Path(__file__).with_name("problems.txt")


def transcript(bad: Bad) -> str:
    """What a user sees."""
    problems = "\n".join(str(problem) for problem in problems_of(bad.text, bad.path))
    return f"# {bad.name}\n{problems}\n"


def test_the_good_definition_has_no_problems() -> None:
    """Every mistake below is the only one of its definition."""
    assert problems_of(GOOD) == []


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_a_mistake_is_found(bad: Bad) -> None:
    """Each mistake has its own ids, and no other check speaks up."""
    assert tuple(problem.id for problem in problems_of(bad.text, bad.path)) == bad.ids


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.name)
def test_a_problem_points_at_a_character_that_exists(bad: Bad) -> None:
    """Line, column and width lie in the file, so an editor can jump there."""
    lines = bad.text.splitlines()
    for place in (problem.location for problem in problems_of(bad.text, bad.path)):
        assert 0 <= place.line <= len(lines) + 1
        if place.column and place.line <= len(lines):
            assert place.excerpt == lines[place.line - 1]
            assert place.column - 1 + place.width <= len(place.excerpt) + 1


def test_what_is_said_is_what_was_read_and_approved() -> None:
    """Ids, places, words and hints of every message."""
    actual = "\n".join(transcript(bad) for bad in BAD_INPUTS)
    if os.environ.get("RTOBS_UPDATE_GOLDEN"):
        GOLDEN.write_text(actual, encoding="utf-8")
    assert actual == GOLDEN.read_text(encoding="utf-8")


def test_mistakes_have_names_of_their_own() -> None:
    """A name finds one transcript."""
    names = [bad.name for bad in BAD_INPUTS]
    assert sorted(names) == sorted(set(names))
