"""What `rtobs.init` accepts, and where each value comes from.

One table says for every option how a value is read, which environment variables may give it and
what it is otherwise. Order: argument, `RTOBS_<OPTION>`, the standard `OTEL_*` variable, default.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, cast

from rtobs import conventions
from rtobs.errors import ConfigurationError
from rtobs.telemetry import readers
from rtobs.telemetry.limits import Limits
from rtobs.telemetry.redaction import Redaction

__all__ = ["EnvironmentFault", "Options", "Settings", "resolve", "variables_of"]

Protocol = Literal["http/protobuf", "grpc"]
LogRoute = Literal["stdout-json", "otlp", "off"]


class Options(TypedDict, total=False):
    """The keyword arguments of `rtobs.init`; each may be left out."""

    domain: str
    namespace: str
    environment: str
    version: str
    endpoint: str
    protocol: Protocol
    signals: tuple[str, ...]
    logs: LogRoute
    log_level: str
    sample: float
    resource: Mapping[str, str]
    instrument: bool
    redaction: Redaction
    limits: Limits
    timeout: float
    exit_budget: float
    handle_sigterm: bool
    accept_baggage: bool
    temporal: bool
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `rtobs.init` decided, before anything is started.

    Attributes:
        service: `service.name`.
        namespace: `service.namespace`.
        domain: domain of the runtime layer, None when not given.
        environment: `deployment.environment.name`, None when not given.
        version: `service.version`, None when not given.
        endpoint: base URL of the OTLP receiver; None exports nothing.
        protocol: how OTLP is carried.
        signals: which of traces, metrics and logs leave the process by OTLP.
        logs: where log records go; never to two places.
        log_level: level of the root logger, used only when nobody configured logging.
        sample: share of root spans that are kept, None when `OTEL_TRACES_SAMPLER` decides.
        resource: more resource attributes.
        instrument: whether installed contrib instrumentations are enabled.
        redaction: what must not leave the process.
        limits: bounds of every queue, cache and value.
        timeout: seconds that one export may take, with its retries.
        exit_budget: seconds that the end of the process may be delayed.
        handle_sigterm: whether SIGTERM flushes; None: only when nobody handles it.
        accept_baggage: whether the tenant of a caller is believed; False at the platform's edge.
        temporal: whether the process runs Temporal workflows, whose replays must emit no spans.
        strict: whether a bad environment raises instead of switching telemetry off.
        disabled: the environment switched the SDK off.
        stand_aside: a declarative OpenTelemetry configuration makes the providers.
    """

    service: str
    namespace: str
    domain: str | None
    environment: str | None
    version: str | None
    endpoint: str | None
    protocol: Protocol
    signals: tuple[str, ...]
    logs: LogRoute
    log_level: str
    sample: float | None
    resource: Mapping[str, str]
    instrument: bool
    redaction: Redaction
    limits: Limits
    timeout: float
    exit_budget: float
    handle_sigterm: bool | None
    accept_baggage: bool
    temporal: bool
    strict: bool
    disabled: bool
    stand_aside: bool


class EnvironmentFault(Exception):  # noqa: N818  # a fault of the environment, not of the code
    """An environment variable cannot be used; its value is not shown, it may be a secret.

    Args:
        variable: its name.
        reason: what is expected.
    """

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable} {reason}")


@dataclass(frozen=True, slots=True)
class _Option:
    """How one option is read.

    Attributes:
        read: value or text to the final value; ValueError says what is expected.
        default: used when nobody gave a value.
        otel: standard variables, first wins.
        shown: whether a wrong value is repeated; not where it may hold credentials.
    """

    read: Callable[[object], object]
    default: object = None
    otel: tuple[str, ...] = ()
    shown: bool = True


_RESOURCE = "OTEL_RESOURCE_ATTRIBUTES"
_TABLE: Mapping[str, _Option] = {
    "service": _Option(readers.name, None, ("OTEL_SERVICE_NAME",)),
    "namespace": _Option(readers.name, conventions.DEFAULT_NAMESPACE),
    "domain": _Option(readers.choice(*(str(domain) for domain in conventions.Domain))),
    "environment": _Option(readers.name),
    "version": _Option(readers.text),
    "endpoint": _Option(readers.url, None, ("OTEL_EXPORTER_OTLP_ENDPOINT",), shown=False),
    "protocol": _Option(
        readers.choice("http/protobuf", "grpc"), "http/protobuf", ("OTEL_EXPORTER_OTLP_PROTOCOL",)
    ),
    "signals": _Option(readers.subset(*conventions.SIGNALS), conventions.SIGNALS),
    "logs": _Option(readers.choice("stdout-json", "otlp", "off"), "stdout-json"),
    "log_level": _Option(readers.choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
    "sample": _Option(readers.ratio),
    "resource": _Option(readers.attributes, {}, (_RESOURCE,), shown=False),
    "instrument": _Option(readers.flag, default=True),
    "redaction": _Option(readers.instance(Redaction), Redaction()),
    "limits": _Option(readers.instance(Limits), Limits()),
    "timeout": _Option(readers.seconds(60.0), 10.0, ("OTEL_EXPORTER_OTLP_TIMEOUT",)),
    "exit_budget": _Option(readers.seconds(60.0), 3.0),
    "handle_sigterm": _Option(readers.flag),
    "accept_baggage": _Option(readers.flag, default=True),
    "temporal": _Option(readers.flag, default=False),
    "strict": _Option(readers.flag, default=False),
}


def variables_of() -> Mapping[str, tuple[str, ...]]:
    """By option, the environment variables that may give it, the first of them wins."""
    return {name: _variables(name, option) for name, option in _TABLE.items()}


def resolve(service: str | None, options: Options, environ: Mapping[str, str]) -> Settings:
    """Settle every option.

    Args:
        service: the first argument of `rtobs.init`, if it was given.
        options: the keyword arguments.
        environ: the process environment.

    Raises:
        ConfigurationError: an argument is wrong or the service has no name.
        EnvironmentFault: a variable of the environment is wrong.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if service is not None:
        given["service"] = service
    _refuse_unknown(given)
    values = {name: _read_argument(name, value) for name, value in given.items()}
    for name, option in _TABLE.items():
        if name not in values:
            values[name] = _read_environment(name, option, environ)
    if values["service"] is None:
        raise ConfigurationError(
            'the service has no name: write rtobs.init(service="...") or set OTEL_SERVICE_NAME'
        )
    return Settings(
        **cast("dict[str, Any]", values),
        disabled=environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true",
        stand_aside=bool(environ.get("OTEL_CONFIG_FILE")),
    )


def _refuse_unknown(given: Mapping[str, object]) -> None:
    for name in given:
        if name not in _TABLE:
            close = difflib.get_close_matches(name, _TABLE, n=1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise ConfigurationError(f'rtobs.init has no argument "{name}"{hint}')


def _read_argument(name: str, value: object) -> object:
    option = _TABLE[name]
    try:
        return option.read(value)
    except ValueError as fault:
        got = f", got {value!r}" if option.shown else ""
        raise ConfigurationError(f"rtobs.init: {name} {fault}{got}") from None


def _read_environment(name: str, option: _Option, environ: Mapping[str, str]) -> object:
    for variable in _variables(name, option):
        raw = environ.get(variable, "").strip()
        if not raw:
            continue
        try:
            return option.read(raw)
        except ValueError as fault:
            raise EnvironmentFault(variable, str(fault)) from None
    return option.default


def _variables(name: str, option: _Option) -> tuple[str, ...]:
    return (f"RTOBS_{name.upper()}", *option.otel)
