"""The receiver of `benchmarks.soak`: it counts what comes, keeps nothing, and fails on request."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, Final, Self

from rtobs.testing import OTLPSink

MODES: Final = ("refused", "cut", "silent", "unavailable")
_UNAVAILABLE: Final = 503


class Tally:
    """What arrived, over all restarts of the receiver.

    Numbered items are marked, so that one that comes twice counts once.

    Attributes:
        twice: items that came again, because an answer was lost.
        items: last value of the counter `soak.items` by instance.
        lost: last value of `rtobs.dropped` by instance, signal and reason.
    """

    def __init__(self) -> None:
        self.twice = 0
        self.items: dict[str, float] = {}
        self.lost: dict[tuple[str, str, str], float] = {}
        self._marks = {"traces": bytearray(), "logs": bytearray()}
        self._streams: set[bytes] = set()
        self._lock = threading.Lock()

    def count(self) -> Counter[str]:
        """Distinct spans, log records and streams."""
        with self._lock:
            counts = Counter({signal: sum(marks) for signal, marks in self._marks.items()})
            counts["streams"] = len(self._streams)
        return counts

    def take(self, path: str, request: Any) -> None:  # noqa: ANN401  # one of three messages
        """Count the content of a request."""
        with self._lock:
            if path == "/v1/traces":
                self._spans(request)
            elif path == "/v1/logs":
                self._logs(request)
            else:
                self._points(request)

    def _spans(self, request: Any) -> None:  # noqa: ANN401
        for group in request.resource_spans:
            for scope in group.scope_spans:
                for span in scope.spans:
                    number = _number(span.attributes)
                    if number is not None:
                        self._mark("traces", number)
                    elif span.span_id in self._streams:
                        self.twice += 1
                    else:
                        self._streams.add(span.span_id)

    def _logs(self, request: Any) -> None:  # noqa: ANN401
        for group in request.resource_logs:
            for scope in group.scope_logs:
                for record in scope.log_records:
                    number = _number(record.attributes)
                    if number is not None:
                        self._mark("logs", number)

    def _points(self, request: Any) -> None:  # noqa: ANN401
        for group in request.resource_metrics:
            resource = {pair.key: pair.value.string_value for pair in group.resource.attributes}
            instance = resource["service.instance.id"]
            for scope in group.scope_metrics:
                for metric in scope.metrics:
                    if metric.name not in {"soak.items", "rtobs.dropped"}:
                        continue
                    for point in metric.sum.data_points:
                        self._point(metric.name, instance, point)

    def _point(self, name: str, instance: str, point: Any) -> None:  # noqa: ANN401
        value = point.as_int or point.as_double
        if name == "soak.items":
            self.items[instance] = value
        else:
            labels = {pair.key: pair.value.string_value for pair in point.attributes}
            self.lost[instance, labels["signal"], labels["reason"]] = value

    def _mark(self, signal: str, number: int) -> None:
        marks = self._marks[signal]
        if number >= len(marks):
            marks.extend(bytes(number + 1024 - len(marks)))
        self.twice += marks[number]
        marks[number] = 1


class Collector(OTLPSink):
    """A receiver that can come back at the same port after it was gone.

    Args:
        tally: where everything is counted.
        port: 0 for a free one.
    """

    def __init__(self, tally: Tally, port: int = 0) -> None:
        super().__init__(http_port=port)
        self._tally = tally
        self._mode = ""
        self._back = threading.Event()

    def break_down(self, mode: str) -> None:
        """Fail from now on in one of the MODES, "refused" excepted: close for that."""
        self._back.clear()
        self._mode = mode

    def recover(self) -> None:
        """Take requests again."""
        self._mode = ""
        self._back.set()

    def receive(self, path: str, body: bytes) -> int:
        """Take one request, or fail without taking it."""
        if self._mode == "cut":
            raise ConnectionResetError
        if self._mode == "silent":
            self._back.wait(30.0)
            return _UNAVAILABLE
        if self._mode == "unavailable":
            return _UNAVAILABLE
        status = super().receive(path, body)
        self.bodies.clear()
        return status

    def keep(self, path: str, request: Any) -> None:  # noqa: ANN401  # one of three messages
        """Count instead of keeping."""
        self._tally.take(path, request)

    def restarted(self) -> Self:
        """Close this one; a new one at the same port, not started yet."""
        return type(self)(self._tally, int(self.endpoint.rpartition(":")[2]))


def _number(attributes: Any) -> int | None:  # noqa: ANN401
    for pair in attributes:
        if pair.key == "number":
            return int(pair.value.int_value)
    return None
