"""What the rules are measured on: the raw series of many SLOs, now and in the past.

Each SLO has a service of five pods that count requests by four status codes. The load follows the
hour of the day, and a fifth of the error budget is spent, so no alert fires.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from benchmarks.history import HOUR, Past
from benchmarks.sloth import error_ratio, sloth_labels
from rtobs import conventions as names
from rtobs.model.selector import Matcher, Selector
from rtobs.model.slo import ResolvedSlo
from rtobs.promql.text import selector_text
from rtobs.rules.recordings import identity_labels
from tests.proof.slos import events, select, slo
from tests.servers.listener import Listener
from tests.servers.loopback import Answer

__all__ = ["SCRAPE_SECONDS", "RequestsPage", "count", "page_text", "past", "slos"]

SCRAPE_SECONDS: Final = 15
_METRIC: Final = "http_requests_total"
_PODS: Final = 5
_RATES: Final = {"200": 3.6, "404": 0.399, "500": 0.0006, "503": 0.0002}  # a second and pod
_TOTAL: Final = _PODS * sum(_RATES.values())
_BAD: Final = _PODS * (_RATES["500"] + _RATES["503"])
_DAY: Final = 24 * HOUR
_TURN: Final = 2 * math.pi / _DAY
_SWING: Final = 0.5
_COUNTED_FROM: Final = 1_700_000_000


def slos(number: int) -> tuple[ResolvedSlo, ...]:
    """SLOs on the share of requests that do not fail: 99.9 % within 30 days, all four tiers."""
    return tuple(_slo(f"service-{index:04}") for index in range(number))


def _slo(service: str) -> ResolvedSlo:
    total = select(_METRIC, service=service)
    indicator = events(total, select(_METRIC, service=service, status="=~5.."))
    made = slo("requests", indicator)
    return replace(made, slo_id=f"{service}-requests", service=service, component="http-service")


@dataclass(frozen=True, slots=True)
class _Counter:
    """The same counter of every service, and its events a second."""

    series: tuple[str, ...]
    rate: float

    def at(self, now: float) -> float:
        return count(self.rate, now)


def _counters(services: Sequence[str]) -> Iterator[_Counter]:
    for pod in range(_PODS):
        for status, rate in _RATES.items():
            labels = {"pod": f"pod-{pod}", "status": status}
            series = (_series(_METRIC, {"service": name, **labels}) for name in services)
            # No two pods are alike.
            yield _Counter(tuple(series), rate * (1 + pod / 100))


def count(rate: float, now: float) -> float:
    """A counter that grows by `rate` a second on average, half as fast or as slow by the hour."""
    wave = _SWING / _TURN * math.cos(_TURN * now)
    return float(math.floor(rate * (now - _COUNTED_FROM - wave)))


class RequestsPage(Listener):
    """The /metrics page of all pods; the counters grow with the clock."""

    def __init__(self, of: Sequence[ResolvedSlo]) -> None:
        self._services = [slo.service for slo in of]
        super().__init__()

    def answer(self, body: bytes) -> Answer:
        """See Listener."""
        del body
        return Answer(HTTPStatus.OK, page_text(self._services, time.time()))


def page_text(services: Sequence[str], now: float) -> str:
    """Every counter at a Unix time, in the text format of Prometheus."""
    values = ((counter.series, counter.at(now)) for counter in _counters(services))
    return "".join(f"{name} {value}\n" for series, value in values for name in series)


def past(of: Sequence[ResolvedSlo]) -> tuple[Past, ...]:
    """Three days of raw series, and what the rules of both shapes would have recorded from them."""
    raw = [
        Past(counter.series, SCRAPE_SECONDS, 3 * _DAY, counter.at)
        for counter in _counters([slo.service for slo in of])
    ]
    ours = [identity_labels(slo) for slo in of]
    total, bad = _wave(_TOTAL, 0), _wave(_BAD, 1)
    return (
        *raw,
        _recorded(names.TOTAL_RATE, ours, 60, 3, total),
        _recorded(names.BAD_RATE, ours, 60, 3, bad),
        _recorded(names.TOTAL_TILE, ours, 300, 30, _wave(300 * _TOTAL, 0)),
        _recorded(names.BAD_TILE, ours, 300, 30, _wave(300 * _BAD, 1)),
        _recorded(
            error_ratio("5m"),
            [sloth_labels(slo, "5m") for slo in of],
            60,
            30,
            lambda at: bad(at) / total(at),
        ),
    )


def _recorded(
    name: str,
    labels: Sequence[dict[str, str]],
    step: int,
    days: int,
    value: Callable[[int], float],
) -> Past:
    return Past([_series(name, each) for each in labels], step, days * _DAY, value)


def _wave(mean: float, phase: float) -> Callable[[int], float]:
    """Follows the hour of the day; every sample has a full mantissa, as recorded rates have."""
    return lambda at: mean * (1 + _SWING * math.sin(_TURN * at + phase))


def _series(name: str, labels: dict[str, str]) -> str:
    matchers = (Matcher(label, "=", value) for label, value in labels.items())
    return selector_text(Selector(name, tuple(matchers)))
