"""A log line that cannot be written as usual is still a line, or counted, and never a leak."""

from __future__ import annotations

import json

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run

_PLANTED = "hunter2planted"
_ODD = """
    class Proxy:
        @property
        def __class__(self): raise RuntimeError("outside of a request")
    class Broken(dict):
        def items(self): raise OSError
    class Mute:
        def __str__(self): raise ValueError
"""


@pytest.mark.parametrize("logs", ["stdout-json", "otlp"])
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('logging.warning("password=%s", S, extra={"odd": Proxy()})', "password=[redacted]"),
        ('logging.warning("password=%s", S, extra={"odd": Broken(a=1)})', "password=[redacted]"),
        ('logging.warning("password=%s", S, extra={"odd": 10**5000})', "password=[redacted]"),
        ('logging.warning("password=%s %d", S, S)', "password=[redacted] %d"),
        ("logging.warning(Mute(), S)", "<Mute>"),
        ('logging.warning("Grüße password=%s", S)', "Grüße password=[redacted]"),
    ],
)
def test_a_record_that_is_hard_to_show_is_one_line(logs: str, statement: str, message: str) -> None:
    """Odd values, wrong formats and letters that stdout lacks cost no line and show no secret."""
    with OTLPSink() as sink:
        ended = run(
            f"import logging\nS = {_PLANTED!r}{_ODD.replace(chr(10) + '    ', chr(10))}"
            f"rtobs.init('svc', endpoint={sink.endpoint!r}, logs={logs!r})\n{statement}\n",
            environ={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        )
        sent = [log.body for log in sink.logs]
    written = [json.loads(line)["message"] for line in ended.out.splitlines()]
    assert (sent + written, ended.err) == ([message], "")


def test_a_record_that_cannot_be_shown_is_a_line_about_it() -> None:
    """Where even the level of a record is broken, the line says where it came from and why."""
    ended = run(f"""
        import logging
        rtobs.init("svc")
        logging.getLogger().handle(logging.makeLogRecord({{
            "levelno": 30, "levelname": "WARNING", "filename": "app.py", "lineno": 7, "name": "app",
            "msg": "password={_PLANTED}", "exc_info": (ValueError,),
        }}))
    """)
    (line,) = (json.loads(line) for line in ended.out.splitlines())
    assert line["message"].startswith("a record of app.py:7 cannot be shown: ")
    assert (ended.err, _PLANTED in ended.out) == ("", False)


def test_a_line_that_cannot_be_written_is_counted_and_said_once() -> None:
    """A closed stdout shows one line a minute on stderr, without message and arguments."""
    ended = run(f"""
        import logging, sys
        sys.stdout.reconfigure(write_through=True)
        logging.basicConfig(stream=sys.stdout)
        handle = rtobs.init("svc")
        sys.stdout.close()
        for _ in range(3):
            logging.getLogger("app").warning("password=%s", {_PLANTED!r})
        print(handle.stats()["dropped"]["logs/rejected"], file=sys.stderr)
    """)
    assert ended.err.splitlines() == ["rtobs: records of 'app' are lost: ValueError", "3"]


def test_a_console_handler_with_a_class_of_its_own_is_redacted() -> None:
    """A coloured console handler gets the format too; a handler for a file keeps its own."""
    ended = run(f"""
        import logging, sys
        class Coloured(logging.StreamHandler): pass
        logging.getLogger().addHandler(Coloured(sys.stderr))
        logging.getLogger().addHandler(logging.FileHandler("/dev/stdout"))
        rtobs.init("svc")
        logging.warning("password={_PLANTED}")
    """)
    assert json.loads(ended.err)["message"] == "password=[redacted]"
    assert ended.out == f"password={_PLANTED}\n"


@pytest.mark.parametrize("logs", ["stdout-json", "otlp"])
def test_a_tenant_from_outside_is_redacted(logs: str) -> None:
    """Baggage is what a caller sent, and it may hold a token of his."""
    planted = "glpat-" + "a" * 24
    with OTLPSink() as sink:
        ended = run(f"""
            import logging
            from opentelemetry import context, propagate
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs={logs!r})
            context.attach(propagate.extract({{"baggage": "tenant.id={planted}"}}))
            logging.warning("hello")
        """)
        sent = [log.attributes["tenant.id"] for log in sink.logs]
    written = [json.loads(line)["tenant_id"] for line in ended.out.splitlines()]
    assert sent + written == ["[redacted]"]


@pytest.mark.parametrize("logs", ["stdout-json", "otlp"])
def test_the_stack_of_a_call_is_kept(logs: str) -> None:
    """`stack_info=True` shows where the record was made, alone and beside an exception."""
    with OTLPSink() as sink:
        ended = run(f"""
            import logging
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs={logs!r})
            def asked(): logging.warning("here", stack_info=True)
            asked()
            try:
                1 / 0
            except ZeroDivisionError:
                logging.exception("failed", stack_info=True)
        """)
        sent = [log.attributes for log in sink.logs]
    if logs == "otlp":
        assert ["in asked" in one["code.stacktrace"] for one in sent] == [True, False]
        assert ["exception.stacktrace" in one for one in sent] == [False, True]
        return
    alone, both = (json.loads(line) for line in ended.out.splitlines())
    assert ("in asked" in alone["stack"], "error_type" in alone) == (True, False)
    assert both["stack"].startswith("Stack (most recent call last)")
    assert both["stack"].endswith("ZeroDivisionError: division by zero")


def test_lines_after_the_end_are_redacted_and_not_lost() -> None:
    """What a service logs after `shutdown()` is written like everything before it."""
    ended = run(f"""
        import logging
        rtobs.init("svc").shutdown()
        logging.info("password={_PLANTED}")
    """)
    (line,) = (json.loads(line) for line in ended.out.splitlines())
    assert line["message"] == "password=[redacted]"
