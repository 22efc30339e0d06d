"""`rtobs doctor`: what telemetry would do, in a table, without secrets and without any extra."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from rtobs.cli.main import main
from rtobs.testing import OTLPSink

ROOT: Final = Path(__file__).parents[2]
Run = Callable[..., tuple[int, dict[str, dict[str, str]]]]
EXTRAS: Final = ("yaml", "pydantic", "promql_parser", "rich", "_jsonnet", "polars", "requests")
WITHOUT_EXTRAS: Final = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Refuse())
from rtobs.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the verb with an environment; gives the exit code and the findings by what they say."""

    def run(*words: str, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
        for name in list(os.environ):
            if name.startswith(("RTOBS_", "OTEL_")):
                monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        code = main(["doctor", *words, "--format", "json"])
        found = json.loads(capsys.readouterr().out)
        return code, {finding["about"]: finding for finding in found}

    return run


def test_each_setting_is_told_with_its_origin(doctor: Run) -> None:
    """Argument, variable of rtobs, standard variable, default: the first that gives one."""
    code, found = doctor(
        "--service", "shop",
        RTOBS_NAMESPACE="runtime2", OTEL_SERVICE_NAME="other", OTEL_EXPORTER_OTLP_TIMEOUT="5",
    )  # fmt: skip

    told = {name: (found[name]["text"], found[name]["origin"]) for name in ("service", "timeout")}
    assert told == {
        "service": ("shop", "argument"),
        "timeout": ("5", "OTEL_EXPORTER_OTLP_TIMEOUT"),
    }
    assert found["namespace"]["origin"] == "RTOBS_NAMESPACE"
    assert found["protocol"]["origin"] == "default"
    assert code == 0


def test_every_fault_of_the_environment_is_told_in_one_run(doctor: Run) -> None:
    """What cannot be used, what nobody knows and what is missing, each with what helps."""
    code, found = doctor(RTOBS_TIMEOUT="soon", RTOBS_SAMPLE="2", RTOBS_SAMPEL="1")

    broken = {name: one["text"] for name, one in found.items() if one["state"] == "broken"}
    assert broken == {
        "RTOBS_TIMEOUT": "must be a number of seconds above 0 and up to 60",
        "RTOBS_SAMPLE": "must be a number from 0 to 1",
        "RTOBS_SAMPEL": "is no setting of rtobs",
        "service": "the service has no name:"
        ' write rtobs.init(service="...") or set OTEL_SERVICE_NAME',
    }
    assert found["RTOBS_SAMPEL"]["hint"] == "did you mean RTOBS_SAMPLE?"
    assert found["metrics"]["text"] == "are off: something above is broken"
    assert code == 1


def test_secrets_are_never_printed(
    doctor: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of headers and attributes only the names are shown, in both formats."""
    secret = "s3cr3t-value"  # noqa: S105  # not a real one
    environment = {
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {secret}",
        "OTEL_RESOURCE_ATTRIBUTES": f"team={secret}",
        "RTOBS_ENDPOINT": f"http://user:{secret}@127.0.0.1:1",
    }
    code, found = doctor("--service", "shop", **environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    main(["doctor", "--service", "shop"])

    assert secret not in json.dumps(found) + capsys.readouterr().out
    assert (found["headers"]["text"], found["resource"]["text"]) == ("authorization=***", "team")
    assert found["RTOBS_ENDPOINT"]["state"] == "broken"
    assert code == 1


def test_a_receiver_that_answers_is_fine(doctor: Run) -> None:
    """Each exported signal is tried at its own address, and nothing is left there."""
    with OTLPSink() as sink:
        code, found = doctor("--service", "shop", "--endpoint", sink.endpoint, RTOBS_LOGS="otlp")

    assert {name: found[name]["text"] for name in ("traces", "metrics", "logs")} == {
        name: f"to {sink.endpoint}/v1/{name}: it answers" for name in ("traces", "metrics", "logs")
    }
    assert (code, sink.requests, sink.spans, sink.points, sink.logs) == (0, 3, [], [], [])


@pytest.mark.parametrize(("status", "reason"), [(401, "HTTP status 401"), (503, "HTTP status 503")])
def test_a_receiver_that_refuses_is_told_with_its_status(
    doctor: Run, status: int, reason: str
) -> None:
    """The answer of the receiver is in the table, and the exit code is 1."""
    with OTLPSink() as sink:
        sink.fail(status)
        code, found = doctor("--service", "shop", "--endpoint", sink.endpoint)

    assert (code, found["metrics"]["text"].rpartition(": ")[2]) == (1, reason)


def test_nobody_listening_and_silence_end_in_time(doctor: Run) -> None:
    """A refused connection is told at once, and a silent receiver after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        code, found = doctor(
            "--service", "shop", "--timeout", "0.2",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:1/v1/traces",
            OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}/",
        )  # fmt: skip
        took = time.monotonic() - started

    assert found["traces"]["text"].endswith(": ConnectionRefusedError")
    assert found["metrics"]["text"].endswith(": TimeoutError")
    assert (code, took < 5) == (1, True)


@pytest.mark.parametrize(
    ("environment", "signal", "text"),
    [
        ({}, "metrics", "stay here: no endpoint is set"),
        ({}, "logs", "JSON lines on standard output"),
        ({"RTOBS_LOGS": "off"}, "logs", "are left as they are: logs is off"),
        ({"RTOBS_SIGNALS": "metrics"}, "traces", "stay here: traces is not among signals"),
        ({"OTEL_SDK_DISABLED": "true"}, "traces", "are off: OTEL_SDK_DISABLED is set"),
        ({"OTEL_CONFIG_FILE": "a.yaml"}, "metrics", "are left to OTEL_CONFIG_FILE"),
    ],
)
def test_what_init_would_do_with_a_signal(
    doctor: Run, environment: dict[str, str], signal: str, text: str
) -> None:
    """Where a signal goes, or why it stays, is said in words."""
    code, found = doctor("--service", "shop", **environment)

    assert (code, found[signal]["text"]) == (0, text)


@pytest.mark.parametrize(
    "words",
    [
        ("--round-trip",),
        ("--tempo", "http://127.0.0.1:1"),
        ("--endpoint", "alloy"),
        ("--timeout", "0"),
        ("--service", "a b"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Words that cannot be meant end with 2 and a sentence."""
    try:
        code = main(["doctor", *words])
    except SystemExit as end:
        code = int(end.code or 0)

    assert (code, capsys.readouterr().err == "") == (2, False)


def in_a_process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The verb in a process of its own, as if no extra were installed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "RTOBS_"))}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, "doctor", *words],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env=clean | environment,
    )  # fmt: skip


def test_it_works_without_any_extra() -> None:
    """On the base install the table comes, and loads nothing that only an extra brings."""
    done = in_a_process("--service", "shop")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split() == ["about", "state", "found", "from", "do"]
    assert any(line.split()[:2] == ["extra", "definitions"] for line in done.stdout.splitlines())


class Backends:
    """Tempo, Loki and Prometheus in one: they answer from what an OTLP sink has received.

    Args:
        sink: what has been received.

    Attributes:
        url: where they listen.
        forgets: paths that find nothing.
    """

    def __init__(self, sink: OTLPSink) -> None:
        self.url = ""
        self.forgets = ""
        self._sink = sink

    def answer(self, target: str) -> tuple[int, Any]:
        """Status and body of an answer."""
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        found = self._found(parts.path, query) if parts.path != self.forgets else []
        if parts.path.startswith("/api/traces/"):
            return (200, {"batches": found}) if found else (404, {})
        return 200, {"status": "success", "data": {"result": found}}

    def _found(self, path: str, query: dict[str, str]) -> list[Any]:
        if path.startswith("/api/traces/"):
            return [one.name for one in self._sink.spans if one.trace_id == path.rpartition("/")[2]]
        if path == "/loki/api/v1/query_range":
            selector, _, word = query["query"].partition(" |= ")
            assert selector == '{service_name="shop"}'
            lines = [one.body for one in self._sink.logs if word.strip('"') in one.body]
            return [{"stream": {}, "values": [["1", line]]} for line in lines]
        assert path == "/api/v1/query"
        points = [one for one in self._sink.points if one.metric == "rtobs.doctor.round_trips"]
        return [
            {"metric": one.attributes, "value": [0, "1"]}
            for one in points
            if query["query"]
            == f'rtobs_doctor_round_trips_total{{trip="{one.attributes["trip"]}"}}'
        ]


@contextmanager
def backends(sink: OTLPSink) -> Iterator[Backends]:
    """The backends for the length of a block."""
    there = Backends(sink)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            status, body = there.answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
            thread.join()


def round_trip(sink: OTLPSink, there: Backends, *words: str) -> tuple[int, dict[str, str], str]:
    """Exit code, what came back by its name, and standard error."""
    urls = [word for name in ("tempo", "loki", "prometheus") for word in (f"--{name}", there.url)]
    done = in_a_process(
        "--service", "shop", "--endpoint", sink.endpoint, "--round-trip", *urls, *words,
        "--format", "json",
    )  # fmt: skip
    found = {one["about"]: one["text"] for one in json.loads(done.stdout)}
    return done.returncode, {k: v for k, v in found.items() if " in " in k}, done.stderr


def test_a_round_trip_brings_everything_back() -> None:
    """A trace, a log record and a metric are sent by OTLP and found in their backends."""
    with OTLPSink() as sink, backends(sink) as there:
        code, found, errors = round_trip(sink, there)

        back = f"came back from {there.url}"
        assert found == {
            "trace in Tempo": back, "log in Loki": back, "metric in Prometheus": back,
        }  # fmt: skip
        assert (code, errors) == (0, "")


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("/loki/api/v1/query_range", "log in Loki"),
        ("/api/v1/query", "metric in Prometheus"),
    ],
)
def test_what_does_not_come_back_is_told_in_time(path: str, about: str) -> None:
    """A backend without it is asked until the time is over, and the exit code is 1."""
    with OTLPSink() as sink, backends(sink) as there:
        there.forgets = path
        code, found, _ = round_trip(sink, there, "--wait", "1")

        assert found.pop(about) == f"{there.url}: it answers, but what was sent is not there"
        assert set(found.values()) == {f"came back from {there.url}"}
        assert code == 1
