"""What `rtobs.init` would decide here, and from where."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rtobs.cli.diagnosis.finding import Finding, State
from rtobs.errors import ConfigurationError
from rtobs.telemetry.options import EnvironmentFault, Options, Settings, resolve, variables_of

__all__ = ["Decided", "decide", "setting_findings", "unknown_variables"]

_PREFIX: Final = "RTOBS_"
# Read by parts of rtobs that are not the library.
_OTHERS: Final = ("RTOBS_DEBUG", "RTOBS_PROMTOOL", "RTOBS_WITHOUT_PARTS")
_IN_CODE: Final = ("redaction", "limits")
_HEADERS: Final = ("", "_TRACES", "_METRICS", "_LOGS")
_STAND_IN: Final = "unnamed"


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome of reading arguments and environment.

    Attributes:
        settings: what is decided where everything usable is used.
        origins: by option, where it comes from.
        faults: what cannot be used; with any of them telemetry is off.
        environ: the environment without what cannot be used.
    """

    settings: Settings
    origins: Mapping[str, str]
    faults: tuple[Finding, ...]
    environ: Mapping[str, str]


def decide(service: str | None, options: Options, environ: Mapping[str, str]) -> Decided:
    """Decide as `rtobs.init` does, but go on after a fault, so that all of them are seen."""
    usable, faults = dict(environ), []
    while True:
        try:
            settings = resolve(service, options, usable)
            break
        except EnvironmentFault as fault:
            variable, _, reason = str(fault).partition(" ")
            faults.append(Finding(variable, State.BROKEN, reason))
            del usable[variable]
        except ConfigurationError as fault:
            if service is not None:
                raise
            faults.append(Finding("service", State.BROKEN, str(fault)))
            service = _STAND_IN
    given = {"service": service, **options}
    origins = {
        name: _origin(given.get(name), variables, usable)
        for name, variables in variables_of().items()
    }
    return Decided(settings, origins, tuple(faults), usable)


def _origin(given: object, variables: tuple[str, ...], environ: Mapping[str, str]) -> str:
    if given is not None:
        return "argument"
    return next((name for name in variables if environ.get(name, "").strip()), "default")


def setting_findings(decided: Decided) -> Iterator[Finding]:
    """A line for each option that the environment can give, and one for headers that are set."""
    for name, origin in decided.origins.items():
        if name in _IN_CODE or (name == "service" and decided.settings.service == _STAND_IN):
            continue
        yield Finding(name, State.FINE, _shown(getattr(decided.settings, name)), origin)
    for signal in _HEADERS:
        variable = f"OTEL_EXPORTER_OTLP{signal}_HEADERS"
        if value := decided.environ.get(variable, "").strip():
            names = sorted(pair.partition("=")[0].strip() for pair in value.split(","))
            yield Finding("headers", State.FINE, ", ".join(f"{n}=***" for n in names), variable)


def _shown(value: object) -> str:
    """A value for people; of attributes only the keys, since anything may stand in the rest."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | tuple):
        return ", ".join(sorted(map(str, value))) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def unknown_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings of rtobs and are none."""
    by_environment = [
        names[0] for option, names in variables_of().items() if option not in _IN_CODE
    ]
    known = {*by_environment, *_OTHERS}
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else ""
            yield Finding(name, State.BROKEN, "is no setting of rtobs", hint=hint)
