"""The chat gateway of the examples: what its SLOs see when all is well and when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rtobs.testing import OTLPSink, Span
from tests.examples.model_server import ModelServer
from tests.examples.queries import events, last, sli_of, within
from tests.telemetry.web import WebServer

for _package in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_package, reason=f"{_package} is in the dependency group examples")
for _package in ("fastapi", "httpx"):
    pytest.importorskip(
        f"opentelemetry.instrumentation.{_package}",
        reason=f"the instrumentation of {_package} is in the dependency group examples",
    )

import httpx  # noqa: E402  # after the look whether it is there

DEFINITION = "inference/chat-api.yaml"
PATH = "/v1/chat/completions"
ALL_HEADERS = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST"
# Each request of the evening has a trace of its own, whose id ends with its number.
OK, REFUSED, BROKEN, LEFT, SILENT = range(1, 6)
WISHES = {OK: "my secret-question", REFUSED: "refuse", BROKEN: "break off", LEFT: "think"}


@dataclass(frozen=True)
class Evening:
    """Everything that happened, after the gateway has ended.

    Attributes:
        sink: what it sent.
        model_server: whom it asked.
        replies: status and text of the answers, by number; a broken one has the status 0.
        console: what it wrote.
    """

    sink: OTLPSink
    model_server: ModelServer
    replies: dict[int, tuple[int, str]]
    console: str

    def spans(self, number: int) -> list[Span]:
        """The spans of a request from the outermost inwards."""
        own = [span for span in self.sink.spans if span.trace_id == trace_of(number)]
        parents, ordered = {caller_of(number)}, []
        while inner := [span for span in own if span.parent_id in parents]:
            ordered += inner
            parents = {span.span_id for span in inner}
        return ordered


def trace_of(number: int) -> str:
    """The trace in which a request is made."""
    return f"{number:032x}"


def caller_of(number: int) -> str:
    """The span of the browser that makes a request."""
    return f"{number + 100:016x}"


def ask(url: str, number: int) -> httpx.Request:
    """A request as a browser makes it, with secrets wherever they may be."""
    return httpx.Request(
        "POST",
        f"{url}{PATH}?q=secret-query",
        json={"messages": [{"role": "user", "content": WISHES[number]}]},
        headers={
            "traceparent": f"00-{trace_of(number)}-{caller_of(number)}-01",
            "authorization": "Basic secret-password",
            "x-api-key": "secret-key",
            "cookie": "session=secret-session",
        },
    )


def reply(client: httpx.Client, request: httpx.Request) -> tuple[int, str]:
    """Status and text, 0 when the answer broke off."""
    try:
        response = client.send(request)
    except httpx.RemoteProtocolError:
        return 0, ""
    return response.status_code, response.text


def leave_after_first_token(client: httpx.Client, request: httpx.Request) -> tuple[int, str]:
    """Read until a token has come and close the connection."""
    response = client.send(request, stream=True)
    try:
        first = [line for line, _ in zip(response.iter_lines(), range(3), strict=False)]
    finally:
        response.close()
    return response.status_code, "".join(first)


@pytest.fixture(scope="module")
def evening() -> Iterator[Evening]:
    """Five users, one of each kind, then the end of the gateway by SIGTERM."""
    arguments = ("uvicorn", "--app-dir", "examples/chat_gateway", "gateway:app", "--port", "{port}")
    with OTLPSink() as sink, ModelServer() as model_server:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
            "MODEL_SERVER": model_server.url,
            ALL_HEADERS: ".*",
        }
        with WebServer(arguments, environ) as gateway, httpx.Client(timeout=10.0) as client:
            url = gateway.endpoint.url
            replies = {n: reply(client, ask(url, n)) for n in (OK, REFUSED, BROKEN)}
            replies[LEFT] = leave_after_first_token(client, ask(url, LEFT))
            assert model_server.left.wait(5.0)
            silent = client.get(f"{url}/v1/models", headers={"host": "metrics"})
            replies[SILENT] = silent.status_code, silent.text
        yield Evening(sink, model_server, replies, gateway.out + gateway.err)


def test_readers_get_what_the_model_server_says(evening: Evening) -> None:
    """A whole answer, an honest 502, a visible break, and the first token of the fourth."""
    statuses = {number: status for number, (status, _) in evening.replies.items()}
    assert statuses == {OK: 200, REFUSED: 502, BROKEN: 0, LEFT: 200, SILENT: 200}
    assert evening.replies[OK][1].endswith("data: [DONE]\n\n")
    assert "secret-answer" in evening.replies[OK][1]


@pytest.mark.parametrize(
    ("number", "statuses"),
    [
        (OK, ["UNSET", "UNSET", "UNSET", "UNSET"]),
        (REFUSED, ["ERROR", "ERROR", "ERROR", "ERROR"]),
        (BROKEN, ["ERROR", "ERROR", "ERROR", "UNSET"]),
        (LEFT, ["UNSET", "UNSET", "UNSET", "UNSET"]),
    ],
)
def test_one_trace_goes_from_the_browser_to_the_model_server(
    evening: Evening, number: int, statuses: list[str]
) -> None:
    """Request, operation, answer and call lie inside of each other; the model server is told."""
    spans = evening.spans(number)
    names = [f"POST {PATH}", "answer-question", "chat llama-3.1-8b", "POST"]
    assert [span.name for span in spans] == names
    assert [span.status for span in spans] == statuses
    asked = evening.model_server.asked[number - 1]
    assert asked.traceparent == f"00-{trace_of(number)}-{spans[-1].span_id}-01"


@pytest.mark.parametrize(
    ("slo", "expected"),
    [
        ("http-availability", (5, 1)),  # what breaks off in the middle was a 200 to HTTP
        ("operations", (3, 2)),  # who leaves counts neither way
        ("good-answers", (3, 2)),
    ],
)
def test_the_slos_of_the_service_count_its_users(
    evening: Evening, slo: str, expected: tuple[int, int]
) -> None:
    """The queries of slo/inference/chat-api.yaml find total and bad events; probes are no users."""
    assert events(last(evening.sink.points), sli_of(DEFINITION, slo)) == expected


def test_the_latency_slo_leaves_streams_out(evening: Evening) -> None:
    """Only the list of models counts, and its threshold is a bucket."""
    sli = sli_of(DEFINITION, "http-latency")
    assert within(last(evening.sink.points), sli, 0.5) == (1, 0)


def test_each_answer_says_how_it_ended(evening: Evening) -> None:
    """Outcome, tokens and time to the first token are on the span of the answer."""
    answers = {number: evening.spans(number)[2].attributes for number in WISHES}
    outcomes = {number: answer["outcome"] for number, answer in answers.items()}
    assert outcomes == {OK: "ok", REFUSED: "error", BROKEN: "error", LEFT: "cancelled"}
    assert answers[OK]["gen_ai.usage.output_tokens"] == 5
    assert answers[REFUSED]["error.type"] == "httpx.HTTPStatusError"
    assert answers[OK]["gen_ai.response.time_to_first_chunk"] > 0


def test_nothing_that_users_say_or_send_is_in_any_signal(evening: Evening) -> None:
    """No question, answer, query or credential, even where all headers are captured."""
    sent = b"".join(evening.sink.bodies)
    assert b"http.request.header.authorization" in sent
    assert b"secret" not in sent


def test_the_end_of_the_gateway_is_quiet(evening: Evening) -> None:
    """Neither rtobs nor OpenTelemetry complains about requests that were left or broken."""
    assert "opentelemetry" not in evening.console.replace("opentelemetry/instrumentation", "")
    assert "cannot be enabled" not in evening.console
