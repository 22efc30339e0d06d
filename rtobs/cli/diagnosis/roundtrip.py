"""One trace, one log record and one metric, sent as a service sends them and asked for again."""

from __future__ import annotations

import json
import logging
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import rtobs
from rtobs.cli.diagnosis.finding import Finding, State
from rtobs.telemetry.options import Options, Settings

__all__ = ["Backends", "round_trip"]

METRIC: Final = "rtobs.doctor.round_trips"
_SERIES: Final = "rtobs_doctor_round_trips_total"
_PAUSE: Final = 0.5
_REQUEST_SECONDS: Final = 3.0
_MOST_BYTES: Final = 1 << 20
_LOOK_BACK: Final = 600  # seconds


@dataclass(frozen=True, slots=True)
class Backends:
    """Base URLs of what is asked, "" for what is not.

    Attributes:
        tempo: Tempo.
        loki: Loki.
        prometheus: Prometheus, or Mimir with its prefix.
    """

    tempo: str
    loki: str
    prometheus: str


@dataclass(frozen=True, slots=True)
class _Sent:
    """What was sent: a word that nobody else uses, in which trace, by which service."""

    marker: str
    trace_id: str
    service: str


def round_trip(
    settings: Settings, options: Options, backends: Backends, wait: float
) -> Iterator[Finding]:
    """Send, and ask each backend until it has what was sent.

    Args:
        settings: what was decided; telemetry starts in this process with it.
        options: the arguments that led to it.
        backends: what to ask.
        wait: seconds to wait for all of them together.
    """
    sent = _send(settings, options)
    if sent is None:
        yield Finding("round trip", State.BROKEN, "nothing could be sent: see the signals above")
        return
    deadline = time.monotonic() + wait
    questions: tuple[tuple[str, str, Callable[[str, _Sent], bool]], ...] = (
        ("trace in Tempo", backends.tempo, _in_tempo),
        ("log in Loki", backends.loki, _in_loki),
        ("metric in Prometheus", backends.prometheus, _in_prometheus),
    )
    for about, url, ask in questions:
        if url:
            yield _asked(about, url, partial(ask, url, sent), deadline)
        else:
            yield Finding(about, State.NOTE, "not asked: its URL was not given")


def _send(settings: Settings, options: Options) -> _Sent | None:
    marker = f"rtobs-doctor-{secrets.token_hex(8)}"
    changed: Options = {**options, "logs": "otlp", "sample": 1.0, "instrument": False}
    handle = rtobs.init(settings.service, **changed)
    counter = rtobs.counter(
        METRIC, "{trip}", description="Trials of rtobs doctor.", labels=["trip"]
    )
    with rtobs.span("rtobs doctor"):
        trace = rtobs.current_trace()
        logging.getLogger("rtobs.doctor").warning("round trip %s", marker)
        counter.add(1, trip=marker)
    arrived = handle.flush(settings.timeout)
    handle.shutdown(settings.timeout)
    return _Sent(marker, trace[0], settings.service) if arrived and trace is not None else None


def _asked(about: str, url: str, ask: Callable[[], bool], deadline: float) -> Finding:
    """Ask until the answer is yes or the time is over, at least once."""
    reason = ""
    while True:
        try:
            if ask():
                return Finding(about, State.FINE, f"came back from {url}")
            reason = "it answers, but what was sent is not there"
        except (OSError, ValueError, LookupError, TypeError) as error:
            reason = _said(error)
        if time.monotonic() + _PAUSE > deadline:
            hint = "follow it from the receiver on; new data may need longer: --wait 60"
            return Finding(about, State.BROKEN, f"{url}: {reason}", hint=hint)
        time.sleep(_PAUSE)


def _said(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"cannot be reached: {error.reason}"
    if isinstance(error, OSError):
        return f"cannot be reached: {error}"
    return "its answer is not that of this API"


def _in_tempo(url: str, sent: _Sent) -> bool:
    try:
        found = _get(f"{url}/api/traces/{sent.trace_id}", {})
    except urllib.error.HTTPError as error:
        if error.code == 404:  # noqa: PLR2004  # Tempo's word for "not yet"
            return False
        raise
    return bool(found.get("batches") or found.get("resourceSpans") or found.get("trace"))


def _in_loki(url: str, sent: _Sent) -> bool:
    query = f'{{service_name="{sent.service}"}} |= "{sent.marker}"'
    start = int((time.time() - _LOOK_BACK) * 1e9)
    found = _get(f"{url}/loki/api/v1/query_range", {"query": query, "start": start, "limit": 1})
    return any(stream["values"] for stream in found["data"]["result"])


def _in_prometheus(url: str, sent: _Sent) -> bool:
    found = _get(f"{url}/api/v1/query", {"query": f'{_SERIES}{{trip="{sent.marker}"}}'})
    return bool(found["data"]["result"])


def _get(url: str, query: Mapping[str, object]) -> dict[str, Any]:
    whole = f"{url}?{urlencode(query)}" if query else url
    request = urllib.request.Request(whole, headers={"accept": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310  # http(s) only: checked when the option was read
        body = json.loads(answer.read(_MOST_BYTES))
    if not isinstance(body, dict):
        raise TypeError("no object")
    return body
