"""Values in promtool's notation."""

from __future__ import annotations

import re
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rtobs.proof.flows import Flow
from rtobs.proof.incidents import Episode
from rtobs.proof.notation import flow_values, held_values

ONE, NONE = Fraction(1), Fraction(0)
COUNTER = Flow("a_total", (), ONE, ONE)
ERRORS = Flow("e_total", (), NONE, ONE, "bad")
SUCCESSES = Flow("s_total", (), ONE, NONE, "good")
ALIEN = Flow("x_total", (), ONE, ONE, "alien")
GAUGE = Flow("g", (), ONE, NONE, counter=False)


def expand(text: str) -> list[Fraction | None]:
    """Samples of a notation, as promtool reads it."""
    found: list[Fraction | None] = []
    for part in text.split():
        if gap := re.fullmatch(r"_x(\d+)", part):
            found += [None] * int(gap[1])
        elif run := re.fullmatch(r"([-\d.]+)\+([\d.]+)x(\d+)", part):
            start, step = Fraction(run[1]), Fraction(run[2])
            found += [start + step * n for n in range(int(run[3]) + 1)]
        else:
            found.append(Fraction(part))
    return found


def test_a_counter_adds_up() -> None:
    """A counter has a sample at minute 0 and counts every event once."""
    story = (Episode("clean", 2, 60), Episode("step", 1, 120, 30))

    assert expand(flow_values(COUNTER, story, 2)) == [0, 30, 60, 90, 120, 180, 240]


def test_a_restart_begins_again() -> None:
    """A counter that starts again counts from 0."""
    story = (Episode("clean", 1, 60), Episode("reset", 1, 60, restart=True))

    assert expand(flow_values(COUNTER, story, 1)) == [0, 60, 60]


def test_errors_are_born_with_the_first_error() -> None:
    """An error series does not exist before an error happened, and stays."""
    story = (Episode("clean", 1, 60), Episode("step", 2, 60, 6), Episode("clean", 1, 60))

    assert expand(flow_values(ERRORS, story, 1)) == [None, None, 6, 12, 12]


def test_successes_are_born_with_the_first_success() -> None:
    """A series of good events does not exist while everything fails."""
    story = (Episode("out", 1, 60, 60), Episode("clean", 1, 60))

    assert expand(flow_values(SUCCESSES, story, 1)) == [None, None, 60]


def test_aliens_never_vanish() -> None:
    """What the SLO does not read goes on when its series are gone."""
    story = (Episode("clean", 1, 6), Episode("gone", 1, 0, 0, "all"))

    assert expand(flow_values(ALIEN, story, 1)) == [0, 6, 6]


def test_a_gauge_shows_each_minute() -> None:
    """A gauge has its good or its bad value."""
    story = (Episode("clean", 1, 1), Episode("step", 2, 1, 1))

    assert expand(flow_values(GAUGE, story, 1)) == [1, 1, 0, 0]


def test_what_is_gone_has_no_samples() -> None:
    """A vanished series ends, and comes back from 0."""
    story = (Episode("clean", 1, 6), Episode("gone", 1, 0, 0, "all"), Episode("clean", 1, 6))

    assert expand(flow_values(COUNTER, story, 1)) == [0, 6, None, 6]


runs = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=8
)


@given(runs)
def test_runs_keep_their_place(parts: list[tuple[int, int, int]]) -> None:
    """Every sample of a run stands at its index, and nowhere else is one."""
    placed, index = [], 0
    wanted: dict[int, Fraction] = {}
    for gap, length, value in parts:
        index += gap
        placed.append((index, length, Fraction(value)))
        wanted.update({index + n: Fraction(value) for n in range(length)})
        index += length

    samples = expand(held_values(placed))

    assert {n: value for n, value in enumerate(samples) if value is not None} == wanted
