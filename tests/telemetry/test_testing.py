"""The test kit that ships to services."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request

import pytest
from opentelemetry import metrics

import rtobs
from rtobs.testing import Captured, OTLPSink, capture, fake_clock
from tests.telemetry.service import run


def post(sink: OTLPSink, path: str = "/v1/traces", body: bytes = b"") -> int:
    """The status of one request."""
    request = urllib.request.Request(sink.endpoint + path, data=body, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_capture_may_be_read_after_its_end() -> None:
    """Spans, metrics and log records stay as they were when the block ended."""
    with capture() as captured:
        rtobs.instrument("captured")(lambda: None)()
    rtobs.instrument("captured")(lambda: None)()
    assert captured.value("rtobs.operations", operation="captured", outcome="ok") == 1
    assert captured.value("rtobs.operation.duration", operation="captured") == 1
    assert [span.name for span in captured.spans] == ["captured"]


def test_captures_do_not_see_each_other(rtobs_capture: Captured) -> None:
    """Metrics count from 0 in each capture, also in one inside of another."""
    rtobs.instrument("nested")(lambda: None)()
    with capture() as inner:
        rtobs.instrument("nested")(lambda: None)()
    assert inner.value("rtobs.operations", operation="nested") == 1
    assert rtobs_capture.value("rtobs.operations", operation="nested") == 2


def test_a_span_that_is_not_alone_is_no_answer(rtobs_capture: Captured) -> None:
    """`span(name)` wants exactly one."""
    with pytest.raises(LookupError, match="0 spans"):
        rtobs_capture.span("none")


@pytest.mark.parametrize(
    ("metric", "labels", "message"),
    [
        ("rtobs.operation", {}, 'no metric is named "rtobs.operation"; did you mean "rtobs.opera'),
        ("qqq", {}, 'no metric is named "qqq"; there is '),
        (
            "rtobs.operations",
            {"outcome": "errr"},
            'outcome of rtobs.operations is never "errr"; did you mean "error"?',
        ),
        (
            "rtobs.llm.requests",
            {"slo_class": "fast"},
            'slo_class of rtobs.llm.requests is never "fast"; there is batch, interactive, large,',
        ),
        (
            "rtobs.operations",
            {"outcom": "ok"},
            '"outcom" is no label of rtobs.operations; did you mean "outcome"?',
        ),
        ("rtobs.guard.overflow", {"x": 1}, '"x" is no label of rtobs.guard.overflow'),
        ("kit.labelled", {"b": 1}, '"b" is no label of kit.labelled; there is a'),
        ("kit.bare", {"b": 1}, '"b" is no label of kit.bare; there is none'),
        ("kit.foreign", {"b": 1}, '"b" is no label of kit.foreign; there is c'),
    ],
)
def test_a_mistake_in_a_question_is_no_zero(
    metric: str, labels: dict[str, str], message: str, rtobs_capture: Captured
) -> None:
    """What can never occur is refused with a hint, by `value` and by `total`."""
    rtobs.counter("kit.labelled", labels=["a"])
    rtobs.counter("kit.bare").add()
    metrics.get_meter("other").create_counter("kit.foreign").add(1, {"c": 1})
    for ask in (rtobs_capture.value, rtobs_capture.total):
        with pytest.raises(LookupError) as refusal:
            ask(metric, **labels)
        assert message in str(refusal.value)


def test_what_may_occur_and_did_not_is_zero(rtobs_capture: Captured) -> None:
    """An open label may have any value, and a declared metric may have nothing to show."""
    labelled = rtobs.counter("kit.open", labels=["a"])
    assert rtobs_capture.value("kit.open", a="never") == 0
    labelled.add(1, a="once")
    assert rtobs_capture.value("kit.open", a="never") == 0
    assert rtobs_capture.value("http.server.request.duration", http__route="/") == 0
    assert rtobs_capture.value("kit.open", a="once") == 1


def test_an_overflow_can_be_asked_for(rtobs_capture: Captured) -> None:
    """The label of an overflow is nobody's declaration and may be asked for where it occurs."""
    bomb = rtobs.counter("kit.bomb", labels=["a"])
    for number in range(203):
        bomb.add(1, a=number)
    assert rtobs_capture.value("kit.bomb", otel__metric__overflow=True) == 3


def test_a_fake_clock_ends_with_its_block() -> None:
    """Durations are real again afterwards."""
    with fake_clock() as clock, capture() as captured:
        rtobs.instrument("scripted")(lambda: clock.advance(1.5))()
    with capture() as real:
        rtobs.instrument("scripted")(lambda: time.sleep(0.001))()
    assert captured.total("rtobs.operation.duration", operation="scripted") == 1.5
    assert 0.001 <= real.total("rtobs.operation.duration", operation="scripted") < 1.0


def test_a_sink_fails_on_request_and_recovers() -> None:
    """Status, unknown paths and recovery are as told, and each request is counted."""
    with OTLPSink() as sink:
        statuses = [post(sink)]
        sink.fail(503)
        statuses.append(post(sink))
        sink.recover()
        statuses += [post(sink), post(sink, "/v1/profiles")]
        assert (statuses, sink.requests) == ([200, 503, 200, 404], 4)


def test_a_sink_lets_wait_and_closes_without_waiting() -> None:
    """A delayed answer comes late; closing the sink does not wait for delayed ones."""
    with OTLPSink() as sink:
        sink.delay(0.2)
        began = time.monotonic()
        assert post(sink) == 200
        assert time.monotonic() - began >= 0.2
        sink.delay(60.0)
        port = int(sink.endpoint.rpartition(":")[2])
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.sendall(b"POST /v1/traces HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
        assert sink.wait(lambda receiver: receiver.requests == 2)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    waiting.close()


def test_waiting_for_what_never_comes_ends() -> None:
    """`wait` is bounded and says whether the condition held."""
    with OTLPSink() as sink:
        assert not sink.wait(lambda receiver: bool(receiver.spans), timeout=0.1)
        assert sink.latest("nothing") is None


def test_a_capture_shows_what_would_be_sent() -> None:
    """The rules that `rtobs.init` was given hold for what a capture shows."""
    ended = run("""
        rtobs.init("svc", redaction=rtobs.Redaction(keys=frozenset({"patient"})))
        with rtobs.testing.capture() as captured:
            with rtobs.span("visit", patient="Jane Doe"): pass
        print(captured.span("visit").attributes)
    """)
    assert (ended.out.strip(), ended.err) == ("{'patient': '[redacted]'}", "")


def test_a_capture_without_init_catches_what_init_would_send() -> None:
    """Records from INFO on are caught, and the level of the root logger is put back."""
    ended = run("""
        import logging
        with rtobs.testing.capture() as captured:
            logging.getLogger("svc").info("caught")
            logging.getLogger("svc").debug("not caught")
        print([one.getMessage() for one in captured.records], logging.getLogger().level)
    """)
    assert (ended.out.strip(), ended.err) == ("['caught'] 30", "")
