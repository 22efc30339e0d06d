"""Redaction takes time in proportion to the text, whatever strangers put into it."""

from __future__ import annotations

import base64
import hashlib
import logging
import time

import pytest

from rtobs.telemetry.limits import Limits
from rtobs.telemetry.logs import JsonFormatter
from rtobs.telemetry.redaction import Redaction, Redactor

LENGTH = 50_000
LONGEST = 3.0  # seconds of CPU; what grows with the square takes minutes
REDACTOR = Redactor(Redaction(), value_length=1024, items=64)
_BYTES = hashlib.shake_128().digest(LENGTH)

HINTS = (
    *("://", "a://b:", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "bearer ", "basic ", "eyJ"),
    *("sk-", "ghp_", "glpat-", "xoxb-", "AKIA", "AIza", "password=", "password='", 'secret: "'),
    *("api_key=", "session_id:", "authorization: ", "authorization: a ", "cookie: ", "token ="),
    *("token: \\", "('token', '", "(", "/a?b=", "'", '"', "$a$", "key: ", "x://y "),
)
RUNS = {
    "letters": "a" * LENGTH,
    "dashes": "a-" * (LENGTH // 2),
    "dots": "a." * (LENGTH // 2),
    "spaces": " " * LENGTH,
    "upper": "A " * (LENGTH // 2),
    "digits": "12." * (LENGTH // 3),
    "backslashes": "\\" * LENGTH,
    "quotes": "'\"" * (LENGTH // 2),
    "brackets": "([" * (LENGTH // 2),
    "commas": "a," * (LENGTH // 2),
    "at": "a:@" * (LENGTH // 3),
    "questions": "a?" * (LENGTH // 2),
    "equals": "a=" * (LENGTH // 2),
    "dump": "-".join(f"{byte:02x}" for byte in _BYTES[: LENGTH // 3]),
    "base64": base64.urlsafe_b64encode(_BYTES).decode()[:LENGTH],
}


def _seconds(text: str) -> float:
    begun = time.process_time()
    REDACTOR.text(text, LENGTH)
    REDACTOR.value("db.query.text", text)
    return time.process_time() - begun


@pytest.mark.parametrize("hint", HINTS)
def test_a_long_text_behind_a_hint_costs_little(hint: str) -> None:
    """What looks like the beginning of a secret is followed by 50 KB of anything."""
    costs = {name: _seconds(hint + run) for name, run in RUNS.items()}
    assert {name: cost for name, cost in costs.items() if cost > LONGEST} == {}


@pytest.mark.parametrize("hint", HINTS)
def test_a_hint_that_repeats_costs_little(hint: str) -> None:
    """Fifty kilobytes of nothing but beginnings, alone and with something between them."""
    between = ("", "a", "aaaaaaaa-", "a.a/", " ", '"', "\\", "x=1,", "@")
    costs = {part: _seconds((hint + part) * (LENGTH // len(hint + part))) for part in between}
    assert {part: cost for part, cost in costs.items() if cost > LONGEST} == {}


def test_a_huge_stack_costs_little_and_ends_with_the_exception() -> None:
    """Of a stack with megabytes of text what fits is read, and no line of it is cut."""
    formatter = JsonFormatter("svc", REDACTOR, Limits())
    text = "\n".join("token: " + "a-" * 5000 for _ in range(500)) + "\nlast line"
    with pytest.raises(ValueError, match="token") as caught:
        raise ValueError(text)
    failure = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("svc", logging.ERROR, "svc.py", 1, "failed", None, failure)
    begun = time.process_time()
    line = formatter.format(record)
    assert time.process_time() - begun < LONGEST
    assert line.endswith('last line"}')
    assert "a-a-" not in line
