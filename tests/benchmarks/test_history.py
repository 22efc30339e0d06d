"""The past that a benchmark gives to a Prometheus."""

from __future__ import annotations

from benchmarks.history import HOUR, Past, lines, spans

DAY = 24 * HOUR
MONTH = 540 * HOUR * 1000  # a Unix time at which a block of every length begins


def test_blocks_follow_each_other_without_a_gap() -> None:
    """Blocks cover the whole time, and each begins where the one before ends."""
    found = list(spans(MONTH + 5, MONTH + 30 * DAY, MONTH + 27 * DAY))

    assert (found[0][0], found[-1][1]) == (MONTH + 5, MONTH + 30 * DAY)
    assert [end for _, end in found[:-1]] == [begin for begin, _ in found[1:]]


def test_blocks_lie_where_prometheus_cuts_them() -> None:
    """Old blocks are 54 hours long, young ones 18, and all begin at multiples of their length."""
    found = list(spans(MONTH, MONTH + 180 * HOUR, MONTH + 120 * HOUR))

    begins = [(begin - MONTH) // HOUR for begin, _ in found]
    assert begins == [0, 54, 108, 126, 144, 162]


def test_a_start_within_an_old_block_keeps_the_block_whole() -> None:
    """The first block starts late, and the next one at the usual place."""
    found = list(spans(MONTH + 30 * HOUR, MONTH + 108 * HOUR, MONTH + 108 * HOUR))

    assert found == [
        (MONTH + 30 * HOUR, MONTH + 54 * HOUR),
        (MONTH + 54 * HOUR, MONTH + 108 * HOUR),
    ]


def test_samples_lie_at_multiples_of_the_step_within_the_block() -> None:
    """The begin of a block belongs to it, the end belongs to the next one."""
    past = Past(['up{pod="a"}', 'up{pod="b"}'], 15, DAY, lambda at: at / 2)

    assert list(lines(past, 16, 60)) == [
        'up{pod="a"} 15.0 30\nup{pod="a"} 22.5 45\n',
        'up{pod="b"} 15.0 30\nup{pod="b"} 22.5 45\n',
    ]


def test_a_block_before_the_first_sample_has_no_lines() -> None:
    """A series that is younger than the block does not appear in it."""
    assert list(lines(Past(["up"], 15, 0, float), 60, 31)) == []
