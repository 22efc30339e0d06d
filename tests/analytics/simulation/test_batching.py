"""One replica, from event to event."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.analytics.simulation.batching import Jobs, Life, Replica
from rtobs.analytics.simulation.scenario import Engine

ENGINE = Engine(
    prefill_rate=1_000.0,
    step=0.1,
    step_per_sequence=0.01,
    chunk=100,
    batch=4,
    kv_tokens=1_000,
    longest=500,
)


def lived(
    jobs: list[tuple[float, int, int]],
    engine: Engine = ENGINE,
    slow: tuple[tuple[float, float], ...] = (),
    patience: float = math.inf,
) -> Life:
    """The life of a replica with (arrival, prompt, answer) jobs."""
    arrival, prompt, answer = zip(*jobs, strict=True)
    return Replica(engine, Jobs(arrival, prompt, answer), slow, patience).live(0.0, math.inf)


def test_a_request_alone_takes_its_prefill_and_a_step_for_each_further_token() -> None:
    """50 tokens at 1,000 a second and one step of 0.11 s; then 9 steps of 0.11 s."""
    life = lived([(3.0, 50, 10)])
    assert life.admitted == [3.0]
    assert life.first_token == pytest.approx([3.0 + 0.05 + 0.11])
    assert life.finished == pytest.approx([3.0 + 0.05 + 10 * 0.11])


def test_a_long_prompt_is_computed_in_chunks() -> None:
    """250 tokens are three steps of at most 100."""
    life = lived([(0.0, 250, 1)])
    assert [run.prefill for run in life.runs] == [100, 100, 50]
    assert life.finished == life.first_token == pytest.approx([3 * 0.11 + 0.25])


def test_a_step_takes_longer_in_a_larger_batch() -> None:
    """Two that come together share every step: 0.12 s in place of 0.11 s."""
    life = lived([(0.0, 50, 10), (0.0, 50, 10)])
    assert life.finished == pytest.approx([0.1 + 10 * 0.12] * 2)


def test_whoever_comes_while_others_decode_joins_at_the_next_step() -> None:
    """The second arrives within a step of the first and waits for its end."""
    life = lived([(0.0, 50, 100), (0.2, 50, 2)])
    assert life.admitted[1] == pytest.approx(0.05 + 0.11 + 0.11)


def test_a_full_batch_makes_others_wait_in_the_order_of_arrival() -> None:
    """Four places: the fifth gets one when the first is free."""
    life = lived([(0.0, 10, 10)] * 4 + [(0.0, 10, 5), (0.0, 10, 5)])
    assert life.admitted[4] == life.admitted[5] == life.finished[0] > 0


def test_a_slow_time_stretches_the_steps_that_begin_in_it() -> None:
    """Twice as long from the start on."""
    assert lived([(0.0, 50, 10)], slow=((0.0, 2.0),)).finished == pytest.approx(
        [2 * (0.05 + 10 * 0.11)]
    )


def test_slowness_ends_at_its_edge() -> None:
    """Five steps of 0.22 s, then five of 0.11 s, since a step that has begun goes on."""
    life = lived([(0.0, 50, 11)], slow=((0.0, 2.0), (1.0, 1.0)))
    assert life.finished == pytest.approx([2 * 0.16 + 4 * 0.22 + 6 * 0.11])


def test_whoever_loses_patience_leaves_without_a_place() -> None:
    """The fifth would wait for 1.5 seconds and gives up after one."""
    life = lived([(0.0, 10, 10)] * 4 + [(0.0, 10, 5)], patience=1.0)
    assert life.left[4] == 1.0
    assert math.isnan(life.admitted[4])


def test_a_full_cache_throws_out_whoever_came_last() -> None:
    """Two of 100 + 450 tokens do not fit 1,000: the second has to be computed again."""
    life = lived([(0.0, 100, 450), (0.0, 100, 450)])
    assert life.thrown_out == [0, 1]
    assert life.back[0] == life.finished[0] < life.finished[1]
    assert life.gaps[0][1] == pytest.approx(life.gaps[0][0] - life.out[0])


def test_whoever_is_thrown_out_first_comes_back_last() -> None:
    """Three fill the cache; the last two lose their places and keep their order."""
    engine = Engine(1_000.0, 0.1, 0.01, 100, 4, 1_000, 990)
    life = lived([(0.0, 90, 700), (0.0, 90, 450), (0.0, 90, 450)], engine)
    assert life.thrown_out == [0, 1, 1]
    assert life.out[0] < life.out[1] < life.finished[0] == life.back[0]
    assert life.finished[1] < life.finished[2]


@st.composite
def crowds(draw: st.DrawFn) -> list[tuple[float, int, int]]:
    """Requests that come close together and nearly fill the cache."""
    gaps = draw(st.lists(st.floats(0, 3), min_size=1, max_size=25))
    arrivals = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    tokens = st.tuples(st.integers(1, 250), st.integers(1, 250))
    return [(at, *draw(tokens)) for at in arrivals]


@settings(max_examples=150, deadline=None)
@given(crowds())
def test_tokens_and_places_are_conserved(jobs: list[tuple[float, int, int]]) -> None:
    """Everybody ends with every token, nobody overtakes, and the cache never overflows."""
    life = lived(jobs)
    assert not any(math.isnan(moment) for moment in life.finished)
    assert life.admitted == sorted(life.admitted)
    decoded = sum(run.decoding * run.steps for run in life.runs)
    assert decoded + len(jobs) + len(life.gaps) == sum(answer for *_, answer in jobs)
    assert len(life.out) == len(life.back) == len(life.gaps) == sum(life.thrown_out)
    held = [run.kv + run.decoding * run.steps for run in life.runs]
    assert max(held) <= ENGINE.kv_tokens
    ends = [run.start + run.step * run.steps for run in life.runs]
    starts = [run.start for run in life.runs]
    assert all(end <= start + 1e-9 for end, start in zip(ends, starts[1:], strict=False))


@settings(max_examples=60, deadline=None)
@given(crowds())
def test_times_of_a_request_are_in_order(jobs: list[tuple[float, int, int]]) -> None:
    """Arrival, place, first token, last token."""
    life = lived(jobs)
    rows = zip(jobs, life.admitted, life.first_token, life.finished, strict=True)
    assert all(job[0] <= place < first <= last for job, place, first, last in rows)
