"""What `rtobs.init` decides, refuses and leaves alone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from rtobs import ConfigurationError, Limits
from rtobs.telemetry.options import EnvironmentFault, Settings, resolve
from rtobs.testing import OTLPSink
from tests.telemetry.service import run


def settled(environ: dict[str, str] | None = None, **options: Any) -> Settings:
    """The settings of a service."""
    return resolve(options.pop("service", "svc"), options, environ or {})  # type: ignore[arg-type]


def test_the_defaults_are_what_the_platform_wants() -> None:
    """Without any option: namespace runtime, JSON on stdout, HTTP, everything sampled."""
    settings = settled()
    assert (settings.namespace, settings.logs, settings.protocol) == (
        "runtime",
        "stdout-json",
        "http/protobuf",
    )
    assert (settings.endpoint, settings.sample, settings.exit_budget) == (None, None, 3.0)
    assert settings.signals == ("traces", "metrics", "logs")


@pytest.mark.parametrize(
    ("environ", "options", "endpoint"),
    [
        ({}, {}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:1"}, {}, "http://otel:1"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:1", "RTOBS_ENDPOINT": "http://rtobs:2/"},
            {},
            "http://rtobs:2",
        ),
        ({"RTOBS_ENDPOINT": "http://rtobs:2"}, {"endpoint": "http://arg:3"}, "http://arg:3"),
        ({"RTOBS_ENDPOINT": "nonsense"}, {"endpoint": "http://arg:3"}, "http://arg:3"),
        ({"RTOBS_ENDPOINT": " "}, {}, None),
    ],
)
def test_an_argument_wins_over_rtobs_over_otel_over_the_default(
    environ: dict[str, str], options: dict[str, Any], endpoint: str | None
) -> None:
    """The order of sources holds, and an empty variable is none."""
    assert settled(environ, **options).endpoint == endpoint


def test_the_environment_can_give_every_plain_option() -> None:
    """Numbers, flags, lists and attributes are read from text."""
    settings = settled(
        {
            "RTOBS_SIGNALS": "metrics, traces",
            "RTOBS_SAMPLE": "0.25",
            "RTOBS_STRICT": "yes",
            "RTOBS_EXIT_BUDGET": "1.5",
            "OTEL_RESOURCE_ATTRIBUTES": "team=ai,note=a%20b",
        }
    )
    assert (settings.signals, settings.sample) == (("traces", "metrics"), 0.25)
    assert (settings.strict, settings.exit_budget) == (True, 1.5)
    assert settings.resource == {"team": "ai", "note": "a b"}


def test_the_name_of_the_service_may_come_from_the_environment() -> None:
    """`OTEL_SERVICE_NAME` names the service; without any name there is an error."""
    assert resolve(None, {}, {"OTEL_SERVICE_NAME": "from-otel"}).service == "from-otel"
    with pytest.raises(ConfigurationError, match="no name"):
        resolve(None, {}, {})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("service", ""),
        ("service", "a b"),
        ("domain", "finance"),
        ("endpoint", "alloy:4318"),
        ("endpoint", "http://user:pw@alloy:4318"),
        ("endpoint", "http://alloy:port"),
        ("protocol", "http/json"),
        ("signals", ["traces", "profiles"]),
        ("signals", 3),
        ("logs", "both"),
        ("sample", 1.5),
        ("sample", True),
        ("sample", "much"),
        ("exit_budget", 0),
        ("exit_budget", 3600),
        ("resource", {"a": 1}),
        ("limits", {"queue": 1}),
        ("strict", "perhaps"),
    ],
)
def test_a_wrong_argument_raises_at_once(option: str, value: object) -> None:
    """The message names the argument, and what is allowed."""
    with pytest.raises(ConfigurationError, match=rf"{option} must be"):
        settled({}, **{option: value})


@pytest.mark.parametrize(
    ("option", "value"),
    [("endpoint", "http://user:hunter2@alloy:4318"), ("resource", {"api_key": "hunter2", "n": 1})],
)
def test_a_wrong_argument_with_credentials_is_not_repeated(option: str, value: object) -> None:
    """The message of an error ends in a log, so it shows no address and no attributes."""
    with pytest.raises(ConfigurationError) as caught:
        settled({}, **{option: value})
    assert "hunter2" not in str(caught.value)


def test_an_unknown_argument_is_named_with_a_suggestion() -> None:
    """A misspelt argument is not ignored."""
    with pytest.raises(ConfigurationError, match=re.escape('did you mean "endpoint"?')):
        settled(endpiont="http://x:1")


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_limits_are_whole_and_positive(value: Any) -> None:
    """A bound that is none is refused."""
    with pytest.raises(ConfigurationError, match="queue"):
        Limits(queue=value)


def test_a_bad_variable_is_named_without_its_value() -> None:
    """The value may be a secret, so only the name and the expectation are told."""
    with pytest.raises(EnvironmentFault) as fault:
        settled({"RTOBS_ENDPOINT": "http://user:hunter2@x"})
    assert str(fault.value).startswith("RTOBS_ENDPOINT must be a URL")
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"RTOBS_ENDPOINT": "nonsense"},
        {"RTOBS_PROTOCOL": "carrier-pigeon"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "nonsense"},
        {"RTOBS_ENDPOINT": "https://x", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/file"},
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "abc"},
        {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "abc"},
        {"OTEL_METRICS_EXEMPLAR_FILTER": "foo"},
        {"OTEL_PROPAGATORS": "foo"},
    ],
)
def test_a_bad_environment_is_one_warning_and_no_telemetry(environ: dict[str, str]) -> None:
    """The service goes on, its own work is untouched, and nothing global is changed."""
    ended = run(
        """
        from opentelemetry import metrics, trace
        handle = rtobs.init("svc")
        providers = trace.get_tracer_provider(), metrics.get_meter_provider()
        assert all(type(one).__module__.startswith("opentelemetry.sdk") is False
                   for one in providers), providers
        with rtobs.span("one"):
            rtobs.counter("c").add()
        print(handle.enabled, handle.flush(), handle.stats()["enabled"], handle.shutdown().seconds)
        """,
        environ=environ,
    )
    assert ended.code == 0
    assert ended.out.split()[:3] == ["False", "True", "False"]
    assert len(ended.err.splitlines()) == 1
    assert "telemetry is off" in ended.err


def test_strict_raises_for_a_bad_environment() -> None:
    """With `strict`, a deployment with a bad environment does not start."""
    ended = run("rtobs.init('svc', strict=True)", environ={"RTOBS_ENDPOINT": "nonsense"})
    assert ended.code == 1
    assert "ConfigurationError: telemetry cannot start: RTOBS_ENDPOINT" in ended.err


@pytest.mark.parametrize(
    ("variable", "argument", "code"),
    [
        ("1", None, 1),
        ("true", None, 1),
        ("true", False, 0),
        ("false", True, 1),
        ("", None, 0),
        ("perhaps", None, 0),
    ],
)
def test_strict_is_read_as_every_option(variable: str, argument: Any, code: int) -> None:
    """The argument wins over the variable, which may say it in every word of a switch."""
    environ = {"RTOBS_ENDPOINT": "nonsense", "RTOBS_STRICT": variable}
    ended = run(f"rtobs.init('svc', strict={argument})", environ=environ)
    assert ended.code == code
    assert ended.err.count("ConfigurationError: telemetry cannot start") == code


def test_the_sdk_can_be_switched_off() -> None:
    """`OTEL_SDK_DISABLED=true` leaves no provider, no thread and no handler."""
    ended = run(
        """
        import logging, threading
        handle = rtobs.init("svc", endpoint="http://127.0.0.1:9")
        print(handle.enabled, threading.active_count(), logging.getLogger().handlers)
        """,
        environ={"OTEL_SDK_DISABLED": "true"},
    )
    assert (ended.out.strip(), ended.err) == ("False 1 []", "")


def test_without_an_endpoint_nothing_runs_and_logs_are_correlated() -> None:
    """No thread is started, no signal is handled, and log lines still carry trace ids."""
    ended = run("""
        import logging, signal, threading
        rtobs.init("svc")
        with rtobs.span("one"):
            logging.info("x")
        print(threading.active_count(), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
    """)
    line, state = ended.out.splitlines()
    assert '"trace_id"' in line
    assert state == "1 True"


def test_a_second_call_changes_nothing() -> None:
    """The same handle comes back with one warning."""
    ended = run("""
        first = rtobs.init("svc")
        print(rtobs.init("other") is first, first.settings.service)
    """)
    assert ended.out.splitlines()[-1] == "True svc"
    assert ended.out.count("called again") == 1


def test_providers_of_the_application_stay() -> None:
    """Providers that are set already are used and get no second export."""
    with OTLPSink() as sink:
        ended = run(f"""
            from opentelemetry import metrics, trace
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import InMemoryMetricReader
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import SimpleSpanProcessor
            from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
            spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
            tracer_provider = TracerProvider()
            tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
            meter_provider = MeterProvider([reader])
            trace.set_tracer_provider(tracer_provider)
            metrics.set_meter_provider(meter_provider)
            handle = rtobs.init("svc", endpoint={sink.endpoint!r}, logs="off")
            with rtobs.span("one"):
                rtobs.counter("items").add()
            handle.flush()
            print(trace.get_tracer_provider() is tracer_provider,
                  metrics.get_meter_provider() is meter_provider,
                  [span.name for span in spans.get_finished_spans()],
                  "items" in reader.get_metrics_data().to_json())
        """)
        assert (ended.out.strip(), ended.err) == ("True True ['one'] True", "")
        assert sink.requests == 0


def test_console_handlers_are_not_doubled() -> None:
    """A service that had configured logging gets JSON on its handler, also after the end."""
    ended = run("""
        import logging, sys
        logging.basicConfig(stream=sys.stdout, level=logging.WARNING)
        handle = rtobs.init("svc")
        logging.info("hidden"); logging.warning("shown")
        handle.shutdown()
        logging.warning("late")
    """)
    shown, late = (json.loads(line)["message"] for line in ended.out.splitlines())
    assert (shown, late) == ("shown", "late")


def test_the_library_cannot_flood_the_log() -> None:
    """A thousand complaints of OpenTelemetry and rtobs become five lines a minute."""
    ended = run("""
        import logging
        rtobs.init("svc")
        for name in ("opentelemetry.sdk.x", "rtobs.telemetry.x"):
            for _ in range(500):
                logging.getLogger(name).warning("again")
        logging.getLogger("service").warning("mine")
    """)
    assert len(ended.out.splitlines()) == 6
    assert '"message": "mine"' in ended.out


def test_grpc_that_is_missing_is_one_warning() -> None:
    """Choosing gRPC where it is not installed switches telemetry off and says so."""
    ended = run("""
        import sys
        sys.modules["grpc"] = None
        print(rtobs.init("svc", endpoint="http://127.0.0.1:9", protocol="grpc").enabled)
    """)
    assert ended.out.strip() == "False"
    assert "telemetry is off" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_an_instrumentation_without_its_library_is_left_alone(tmp_path: Any) -> None:
    """Where only the contrib package is there, nothing is imported and nothing complained about."""
    package = tmp_path / "opentelemetry" / "instrumentation" / "asyncpg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('no asyncpg')\n")
    ended = run("rtobs.init('svc', logs='off')", environ={"PYTHONPATH": str(tmp_path)})
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_installed_instrumentations_are_enabled_once(tmp_path: Any) -> None:
    """An importable contrib package is enabled with our arguments; a broken one is a warning."""
    package = tmp_path / "opentelemetry" / "instrumentation"
    for name in ("fastapi", "redis"):
        (package / name).mkdir(parents=True)
    for library in ("fastapi", "redis"):
        (tmp_path / f"{library}.py").touch()
    (package / "fastapi" / "__init__.py").write_text(
        "class FastAPIInstrumentor:\n"
        "    is_instrumented_by_opentelemetry = False\n"
        "    def instrument(self, **arguments):\n"
        "        print(sorted(arguments.items()))\n"
    )
    (package / "redis" / "__init__.py").write_text("raise RuntimeError('broken')\n")
    ended = run(
        """
        import os
        rtobs.init("svc")
        print(os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"])
        """,
        environ={"PYTHONPATH": str(tmp_path)},
    )
    lines = ended.out.splitlines()
    assert lines[-1] == "http,database"
    assert "('exclude_spans', ['receive', 'send'])" in ended.out
    assert ended.out.count("cannot be enabled: RuntimeError") == 1
