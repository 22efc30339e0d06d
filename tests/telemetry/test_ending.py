"""However a process ends, short of being killed, what it measured arrives."""

from __future__ import annotations

import shutil
import signal
import subprocess

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import finish, heard, run, start

_BODY = """
    import logging, os, signal, sys, time
    {before}
    rtobs.init("svc", endpoint={endpoint!r}, logs="otlp")
    count = rtobs.counter("items", "{{item}}")
    for _ in range(100):
        with rtobs.span("item"):
            logging.info("item")
            count.add()
    {end}
"""

# A shell has the programs that it starts in the background ignore SIGINT.
_HEAR_SIGINT = "signal.signal(signal.SIGINT, signal.default_int_handler)"
_KILL = "os.kill(os.getpid(), signal.SIG{}); time.sleep(20)"
ENDS = {
    "return": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise ValueError", 1),
    "interrupt": (f"{_HEAR_SIGINT}; {_KILL.format('INT')}", -signal.SIGINT),
    "terminate": (_KILL.format("TERM"), -signal.SIGTERM),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_lost_at_an_orderly_end(end: str) -> None:
    """Spans, logs and counts arrive, and the exit status is what it is without rtobs."""
    statement, code = ENDS[end]
    with OTLPSink() as sink:
        ended = run(_BODY.format(endpoint=sink.endpoint, before="", end=statement))
        point = sink.latest("items")
        assert ended.code == code
        assert point is not None
        assert (len(sink.spans), len(sink.logs), point.value) == (100, 100, 100)


def test_a_flush_is_what_saves_a_process_that_ends_at_once() -> None:
    """`os._exit` runs nothing, so what was flushed before it arrives and nothing else needs to."""
    end = "print(rtobs.init('svc').flush(20), flush=True); os._exit(0)"
    with OTLPSink() as sink:
        ended = run(_BODY.format(endpoint=sink.endpoint, before="", end=end))
        point = sink.latest("items")
        assert (ended.code, ended.out.strip()) == (0, "True")
        assert point is not None
        assert (len(sink.spans), point.value) == (100, 100)


def test_a_handler_of_the_service_is_not_replaced() -> None:
    """Where the service handles SIGTERM itself, rtobs leaves that alone."""
    before = "handler = lambda *_: sys.exit(7); signal.signal(signal.SIGTERM, handler)"
    end = """
    print(signal.getsignal(signal.SIGTERM) is handler)
    os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)
    """
    with OTLPSink() as sink:
        ended = run(_BODY.format(endpoint=sink.endpoint, before=before, end=end))
        assert (ended.code, ended.out.strip()) == (7, "True")
        assert len(sink.spans) == 100


@pytest.mark.parametrize("handler", ["lambda *_: None", "signal.SIG_IGN"])
def test_a_service_that_survives_sigterm_keeps_its_telemetry(handler: str) -> None:
    """With `handle_sigterm=True` beside an own handler SIGTERM flushes and ends nothing."""
    with OTLPSink() as sink:
        ended = run(f"""
            import os, signal
            signal.signal(signal.SIGTERM, {handler})
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off", handle_sigterm=True)
            with rtobs.span("before"): pass
            os.kill(os.getpid(), signal.SIGTERM)
            print(handle.enabled, handle.stats()["sent"]["traces"])
            with rtobs.span("after"): pass
        """)
        assert (ended.code, ended.out.strip(), ended.err) == (0, "True 1", "")
        assert [span.name for span in sink.spans] == ["before", "after"]


def _may_unshare() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return subprocess.run([unshare, "--fork", "--pid", "true"], check=False).returncode == 0


@pytest.mark.skipif(not _may_unshare(), reason="needs a process namespace of its own")
def test_the_first_process_of_a_container_goes_on_and_flushes() -> None:
    """The kernel spares process 1 from SIGTERM; what it measured is sent, and it lives on."""
    with OTLPSink() as sink:
        ended = run(f"""
            import os, sys
            script = "; ".join((
                "import os, signal, rtobs",
                "handle = rtobs.init('svc', endpoint={sink.endpoint!r}, logs='off')",
                "rtobs.span('before').__enter__().end()",
                "os.kill(os.getpid(), signal.SIGTERM)",
                "print(os.getpid(), handle.enabled, handle.stats()['sent']['traces'], flush=True)",
            ))
            os.execlp("unshare", "unshare", "--fork", "--pid", sys.executable, "-c", script)
        """)
        assert (ended.out.strip(), ended.code) == ("1 True 1", 0)


def test_sigterm_of_a_busy_service_ends_it_in_time() -> None:
    """A main thread that makes spans without pause is ended too, in a bounded time."""
    with OTLPSink() as sink:
        service = start(f"""
            rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off", exit_budget=2.0)
            print("ready", flush=True)
            while True:
                with rtobs.span("item"): pass
        """)
        assert heard(service) == "ready"
        assert sink.wait(lambda one: len(one.spans) > 100)
        service.send_signal(signal.SIGTERM)
        assert finish(service, limit=15).code == -signal.SIGTERM


_FORKING = """
    import os, signal, sys, time
    {before}
    rtobs.init("svc", endpoint={endpoint!r}, logs="off")
    {after}
    child = os.fork()
    if child == 0:
        rtobs.span("of the child").__enter__().end()
        time.sleep(15)
        os._exit(9)
    time.sleep(1)
    os.kill(child, signal.SIGTERM)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.skipif(not _may_unshare(), reason="needs a process namespace of its own")
def test_children_of_the_first_process_end_at_sigterm() -> None:
    """The kernel spares only process 1: what it forks flushes and ends, as without rtobs."""
    inside = """
    if os.environ.get("INSIDE") is None:
        os.environ["INSIDE"] = "yes"
        os.execlp("unshare", "unshare", "--fork", "--pid", sys.executable, *sys.orig_argv[1:])
    assert os.getpid() == 1
    """
    with OTLPSink() as sink:
        ended = run(_FORKING.format(endpoint=sink.endpoint, before=inside, after=""))
        assert (ended.out.strip(), ended.err) == (str(int(signal.SIGTERM)), "")
        assert [span.name for span in sink.spans] == ["of the child"]


def test_who_is_the_first_process_is_asked_when_the_signal_comes() -> None:
    """A handler that was set where the process id was 1 ends a child that has another one."""
    with OTLPSink() as sink:
        before, after = "real, os.getpid = os.getpid, lambda: 1", "os.getpid = real"
        ended = run(_FORKING.format(endpoint=sink.endpoint, before=before, after=after))
        assert (ended.out.strip(), ended.err) == (str(int(signal.SIGTERM)), "")
        assert [span.name for span in sink.spans] == ["of the child"]
