"""What rtobs costs where `OTEL_SDK_DISABLED=true`, against OpenTelemetry's API that does nothing.

A part of `benchmarks.instrument`, which starts it in a process of its own: there are no providers
here. It prints one JSON list for each pair: name, seconds of ours, seconds of theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from opentelemetry import metrics, trace

import rtobs
from benchmarks.instrument import fastest

COUNT = 20_000
LABELS: dict[str, str | int] = {"route": "/v1/chat", "status": 200}


def repeated(action: Callable[[], object]) -> Callable[[int], None]:
    """The action, `count` times."""

    def repeat(count: int) -> None:
        for _ in range(count):
            action()

    return repeat


def pairs() -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Name, ours and theirs."""
    tracer, meter = trace.get_tracer("bare"), metrics.get_meter("bare")
    bare_counter, bare_histogram = meter.create_counter("bare.c"), meter.create_histogram("bare.h")
    counter = rtobs.counter("ours.c", labels=["route", "status"])
    histogram = rtobs.histogram("ours.h", labels=["route", "status"])

    def our_span() -> None:
        with rtobs.span("work", route="/v1/chat", status=200):
            pass

    def bare_span() -> None:
        with tracer.start_as_current_span("work", attributes={"route": "/v1/chat", "status": 200}):
            pass

    @rtobs.instrument("work")
    def operation() -> None:
        pass

    def bare_operation() -> None:
        with tracer.start_as_current_span("work"):
            pass
        bare_counter.add(1, LABELS)
        bare_histogram.record(0.2, LABELS)

    yield "span", our_span, bare_span
    yield "counter", lambda: counter.add(1, LABELS), lambda: bare_counter.add(1, LABELS)
    yield (
        "histogram",
        lambda: histogram.record(0.2, LABELS),
        lambda: bare_histogram.record(0.2, LABELS),
    )
    yield "operation", operation, bare_operation


def main() -> None:
    """Print every pair."""
    rtobs.init("benchmark", logs="off")
    for name, ours, theirs in pairs():
        print(json.dumps([name, *fastest(repeated(ours), repeated(theirs), count=COUNT)]))


if __name__ == "__main__":
    main()
