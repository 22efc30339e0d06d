"""What rtobs costs against the bare OpenTelemetry SDK, as ratios measured in one run.

Each pair is measured in turns, so that other load on the machine hits both; the fastest round of
each counts. Run it with `python benchmarks/instrument.py`; it exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import itertools
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

import rtobs
from rtobs.telemetry.export_queue import ExportQueue
from rtobs.telemetry.health import Health
from rtobs.telemetry.limits import Limits
from rtobs.telemetry.logs import JsonFormatter
from rtobs.telemetry.outlet import Sent
from rtobs.telemetry.redaction import Redaction, Redactor
from rtobs.telemetry.tracing import QueueingProcessor

ROUNDS = 9
PROVIDER = TracerProvider(resource=Resource({"service.name": "svc"}), shutdown_on_exit=False)
CHUNKS = 20_000


@dataclass(frozen=True)
class Bar:
    """One comparison: `ours` over `theirs`, or the difference in microseconds."""

    name: str
    ours: float
    theirs: float
    limit: float
    difference: bool = False

    @property
    def value(self) -> float:
        """The ratio, or the difference in microseconds."""
        return (self.ours - self.theirs) * 1e6 if self.difference else self.ours / self.theirs

    def __str__(self) -> str:
        unit = "us more" if self.difference else "x"
        verdict = "ok" if self.value <= self.limit else "MISSED"
        return (
            f"{self.name:36} {self.value:8.2f} {unit:8} bar {self.limit:<5g} {verdict:7}"
            f" ({self.ours * 1e6:.2f} us against {self.theirs * 1e6:.2f} us)"
        )


class Discard(SpanExporter):
    """Takes spans and forgets them."""

    def export(self, _: object) -> SpanExportResult:
        """Forget."""
        return SpanExportResult.SUCCESS


class DiscardOutlet:
    """Takes batches and forgets them."""

    def send(self, _: object) -> tuple[Sent, float]:
        """Forget."""
        return Sent.OK, 0.0

    def abort(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def renew(self) -> None:
        """Nothing is kept."""


def fastest(*actions: Callable[[int], None], count: int) -> list[float]:
    """Seconds of CPU for one call of each action, the best of the rounds, taken in turns."""
    best = [float("inf")] * len(actions)
    for _ in range(ROUNDS):
        for place, action in enumerate(actions):
            gc.collect()
            began = time.thread_time()
            action(count)
            best[place] = min(best[place], (time.thread_time() - began) / count)
    return best


def spans() -> Iterator[Bar]:
    """A span with two attributes, redaction included."""
    resource = Resource({"service.name": "benchmark"})
    bare = TracerProvider(resource=resource, shutdown_on_exit=False)
    bare.add_span_processor(BatchSpanProcessor(Discard(), max_queue_size=2048))
    limits = Limits()
    queue: ExportQueue[ReadableSpan] = ExportQueue(
        "traces", DiscardOutlet(), Health(), limits.queue, limits.batch
    )
    PROVIDER.add_span_processor(
        QueueingProcessor(queue, Redactor(Redaction(), limits.value_length, 64), limits)
    )
    tracer = bare.get_tracer("bare")

    def with_rtobs(count: int) -> None:
        for _ in range(count):
            with rtobs.span("work", route="/v1/chat", status=200):
                pass

    def with_sdk(count: int) -> None:
        for _ in range(count):
            with tracer.start_as_current_span(
                "work", attributes={"route": "/v1/chat", "status": 200}
            ):
                pass

    ours, theirs = fastest(with_rtobs, with_sdk, count=2000)
    yield Bar("span", ours, theirs, limit=1.25)


def measurements() -> Iterator[Bar]:
    """A counter and a histogram with two labels, guard included."""
    meter = metrics.get_meter("bare")
    bare_counter, bare_histogram = meter.create_counter("bare.c"), meter.create_histogram("bare.h")
    counter = rtobs.counter("ours.c", labels=["route", "status"])
    histogram = rtobs.histogram("ours.h", labels=["route", "status"])
    labels: dict[str, str | int] = {"route": "/v1/chat", "status": 200}

    def ours_counter(count: int) -> None:
        for _ in range(count):
            counter.add(1, labels)

    def sdk_counter(count: int) -> None:
        for _ in range(count):
            bare_counter.add(1, labels)

    def ours_histogram(count: int) -> None:
        for _ in range(count):
            histogram.record(0.2, labels)

    def sdk_histogram(count: int) -> None:
        for _ in range(count):
            bare_histogram.record(0.2, labels)

    ours, theirs = fastest(ours_counter, sdk_counter, count=5000)
    yield Bar("counter", ours, theirs, limit=1.15)
    ours, theirs = fastest(ours_histogram, sdk_histogram, count=5000)
    yield Bar("histogram", ours, theirs, limit=1.15)


def log_lines() -> Iterator[Bar]:
    """A JSON line with redaction against a JSON line of the standard library alone."""
    limits = Limits()
    formatter = JsonFormatter("svc", Redactor(Redaction(), limits.value_length, 64), limits)

    class Plain(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            span = trace.get_current_span().get_span_context()
            when = datetime.fromtimestamp(record.created, UTC).isoformat()
            line = {"timestamp": when, "level": record.levelname, "message": record.getMessage()}
            line |= {"logger": record.name, "trace_id": f"{span.trace_id:032x}"}
            return json.dumps(line)

    def logger(name: str, form: logging.Formatter) -> logging.Logger:
        handler = logging.StreamHandler(io.StringIO())
        handler.setFormatter(form)
        made = logging.getLogger(name)
        made.propagate = False
        made.setLevel(logging.INFO)
        made.addHandler(handler)
        return made

    numbers = itertools.count()  # no two lines are the same: nothing is remembered
    redacting, plain = logger("bench.ours", formatter), logger("bench.plain", Plain())

    def run(target: logging.Logger) -> Callable[[int], None]:
        def lines(count: int) -> None:
            for number in islice(numbers, count):
                target.info("answered request %d of %s in %.3f s", number, "chat-api", 0.25)

        return lines

    ours, theirs = fastest(run(redacting), run(plain), count=2000)
    yield Bar("JSON log line", ours, theirs, limit=1.5)


def streams() -> Iterator[Bar]:
    """One chunk of a stream, synchronous and asynchronous, text and OpenAI objects."""
    chunk = SimpleNamespace(
        choices=[SimpleNamespace(delta=SimpleNamespace(content="x"), finish_reason=None)]
    )

    def wrapped(item: object) -> Callable[[int], None]:
        def read(count: int) -> None:
            for _ in rtobs.llm.stream(iter([item] * count), model="m"):
                pass

        return read

    def bare(item: object) -> Callable[[int], None]:
        def read(count: int) -> None:
            for _ in iter([item] * count):
                pass

        return read

    for name, item in (("text", "x"), ("object", chunk)):
        ours, theirs = fastest(wrapped(item), bare(item), count=CHUNKS)
        yield Bar(f"chunk of a stream, {name}", ours, theirs, limit=1.0, difference=True)


def async_streams() -> Iterator[Bar]:
    """One chunk of an asynchronous stream."""

    async def source(count: int) -> AsyncIterator[str]:
        for _ in range(count):
            yield "x"

    async def read(items: AsyncIterator[str]) -> None:
        async for _ in items:
            pass

    def ours_async(count: int) -> None:
        asyncio.run(read(rtobs.llm.stream(source(count), model="m")))

    def bare_async(count: int) -> None:
        asyncio.run(read(source(count)))

    ours, theirs = fastest(ours_async, bare_async, count=CHUNKS)
    yield Bar("chunk of an asynchronous stream", ours, theirs, limit=1.5, difference=True)


def imports() -> Iterator[Bar]:
    """`import rtobs` against the import of OpenTelemetry's API."""

    def seconds(statement: str) -> float:
        script = (
            "import time; began = time.process_time(); "
            f"{statement}; print(time.process_time() - began)"
        )
        runs = [
            subprocess.run(
                [sys.executable, "-c", script], capture_output=True, check=True, text=True
            )
            for _ in range(7)
        ]
        return min(float(run.stdout) for run in runs)

    ours = seconds("import rtobs")
    theirs = seconds("import opentelemetry.trace, opentelemetry.metrics")
    yield Bar("import", ours, theirs, limit=1.15)


def disabled() -> Iterator[Bar]:
    """Each kind of call where the environment switched the SDK off."""
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "benchmarks.instrument_disabled"]
    environ = {**os.environ, "OTEL_SDK_DISABLED": "true"}
    done = subprocess.run(
        command, cwd=root, env=environ, capture_output=True, check=True, text=True
    )
    for line in done.stdout.splitlines():
        name, ours, theirs = json.loads(line)
        yield Bar(f"switched off: {name}", ours, theirs, limit=2.0)


def main() -> int:
    """Print every bar; 1 when one is missed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    trace.set_tracer_provider(PROVIDER)
    metrics.set_meter_provider(MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False))
    missed = 0
    for group in (spans, measurements, log_lines, streams, async_streams, disabled, imports):
        for bar in group():
            print(bar, flush=True)
            missed += bar.value > bar.limit
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
