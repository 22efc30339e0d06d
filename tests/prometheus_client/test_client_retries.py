"""How long to wait: the arithmetic of pauses."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtobs.prometheus import Patience
from rtobs.prometheus.retries import asked_pause, pause_before

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    """It holds seconds or a date; what is neither asks for nothing."""
    assert asked_pause(header, NOW) == seconds


@settings(deadline=None)
@given(st.integers(2, 60), st.integers(), st.one_of(st.none(), st.floats(0, 1e6)))
def test_a_pause_is_bounded(attempt: int, seed: int, asked: float | None) -> None:
    """It doubles up to the longest, keeps half at least, and is not shorter than asked for."""
    patience = Patience(pause=1, longest_pause=30)
    full = min(2.0 ** (attempt - 2), 30.0)
    pause = pause_before(attempt, patience, asked, random.Random(seed))  # noqa: S311
    assert max(full / 2, asked or 0) <= pause <= max(full, asked or 0)
