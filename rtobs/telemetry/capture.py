"""What a piece of code emitted, caught in the process, without any network."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from rtobs.errors import ConfigurationError
from rtobs.telemetry.clock import clock
from rtobs.telemetry.deferred import run_deferred
from rtobs.telemetry.instruments import instruments
from rtobs.telemetry.limits import Limits
from rtobs.telemetry.otlp_values import Point, Span, points_of, spans_of
from rtobs.telemetry.redaction import Redaction, Redactor
from rtobs.telemetry.tracing import FinishedSpan, QueueingProcessor

__all__ = ["Captured", "FakeClock", "capture", "fake_clock"]


class Captured:
    """Spans, metrics and log records since the capture began; may be read after its end too.

    Attributes:
        records: log records of the standard library; without `rtobs.init` from the level INFO on,
            which is what `rtobs.init` sends.
    """

    def __init__(self, spans: list[ReadableSpan], reader: InMemoryMetricReader) -> None:
        self.records: list[logging.LogRecord] = []
        self._spans = spans
        self._reader = reader
        self._last: list[Point] | None = None

    def freeze(self) -> None:
        """Keep the metrics as they are now, before the reader is taken away."""
        self._last = self.points

    @property
    def spans(self) -> list[Span]:
        """Ended spans in the order of their ends, redacted as they would be sent."""
        run_deferred()
        limits, redactor = _rules()
        clean = [FinishedSpan(span, redactor, limits) for span in self._spans]
        return list(spans_of(encode_spans(clean)))

    @property
    def points(self) -> list[Point]:
        """Every data point, counted from the beginning of the capture."""
        if self._last is not None:
            return self._last
        run_deferred()
        data = self._reader.get_metrics_data()
        return [] if data is None else list(points_of(encode_metrics(data)))

    def span(self, name: str) -> Span:
        """The only span of this name.

        Raises:
            LookupError: there is none, or more than one.
        """
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            raise LookupError(f'{len(found)} spans are named "{name}"')
        return found[0]

    def value(self, metric: str, **attributes: object) -> float:
        """The value of a counter or gauge, the count of a histogram; summed over what matches.

        A dot in the name of an attribute is written as two underscores. What may occur and did
        not is 0.

        Raises:
            LookupError: what is asked for can never occur: there is no such metric or label, or
                the label never has this value.
        """
        return sum(
            point.count if point.type == "histogram" else point.value
            for point in self._matching(metric, attributes)
        )

    def total(self, metric: str, **attributes: object) -> float:
        """The sum of what a histogram recorded, over the points that match.

        Raises:
            LookupError: as `value` does.
        """
        return sum(point.value for point in self._matching(metric, attributes))

    def _matching(self, metric: str, attributes: Mapping[str, object]) -> list[Point]:
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        points = self.points
        found = [point for point in points if point.metric == metric]
        labels = instruments.labels_of(metric)
        if labels is None and not found:
            names = {*instruments.names(), *(point.metric for point in points)}
            raise LookupError(f'no metric is named "{metric}"{_meant(metric, names)}')
        for label, value in wanted.items():
            _refuse_impossible(metric, label, value, {**_seen(found), **(labels or {})})
        return [point for point in found if wanted.items() <= point.attributes.items()]


def _seen(points: Iterable[Point]) -> dict[str, tuple[str, ...] | None]:
    """The labels that occur, each open: those of other libraries, and that of an overflow."""
    return dict.fromkeys(label for point in points for label in point.attributes)


def _refuse_impossible(
    metric: str, label: str, value: object, labels: Mapping[str, tuple[str, ...] | None]
) -> None:
    """A typing mistake in a test must not read as a count of 0."""
    if label not in labels:
        raise LookupError(f'"{label}" is no label of {metric}{_meant(label, labels)}')
    closed = labels[label]
    if closed is not None and value not in closed:
        raise LookupError(f'{label} of {metric} is never "{value}"{_meant(str(value), closed)}')


def _meant(text: str, choices: Collection[str]) -> str:
    """The end of a sentence: what was probably meant, else everything that there is."""
    close = difflib.get_close_matches(text, choices, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; there is {', '.join(sorted(choices))}" if choices else "; there is none"


def _rules() -> tuple[Limits, Redactor]:
    """What `rtobs.init` decided; before it, the defaults."""
    limits = instruments.policy.limits
    redactor = instruments.policy.redactor
    return limits, redactor or Redactor(Redaction(), limits.value_length, limits.attributes)


class _Collect(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.on = True

    def on_end(self, span: ReadableSpan) -> None:
        if self.on:
            self.spans.append(span)


class _Records(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@contextmanager
def capture() -> Iterator[Captured]:
    """Catch spans, metrics and log records of the block.

    Uses the providers that are set, and sets some where there are none. Metrics count from 0.

    Raises:
        ConfigurationError: a provider is set that is not OpenTelemetry's SDK.
    """
    run_deferred()
    tracer_provider, meter_provider = _providers()
    collect = _Collect()
    reader = InMemoryMetricReader()
    tracer_provider.add_span_processor(collect)
    meter_provider.add_metric_reader(reader)
    captured = Captured(collect.spans, reader)
    instruments.prime_again()
    try:
        with _logging_to(_Records(captured.records)):
            yield captured
    finally:
        captured.freeze()
        collect.on = False
        meter_provider.remove_metric_reader(reader)


@contextmanager
def _logging_to(handler: logging.Handler) -> Iterator[None]:
    root = logging.getLogger()
    lowered = instruments.policy.redactor is None and root.level == logging.WARNING
    if lowered:
        root.setLevel(logging.INFO)  # as `rtobs.init` does where nobody chose a level
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        if lowered and root.level == logging.INFO:
            root.setLevel(logging.WARNING)


def _providers() -> tuple[TracerProvider, MeterProvider]:
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        made = TracerProvider(shutdown_on_exit=False)
        limits, redactor = _rules()
        made.add_span_processor(QueueingProcessor(None, redactor, limits))
        trace.set_tracer_provider(made)
    tracer_provider = trace.get_tracer_provider()
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        metrics.set_meter_provider(MeterProvider(shutdown_on_exit=False))
    meter_provider = metrics.get_meter_provider()
    if isinstance(tracer_provider, TracerProvider) and isinstance(meter_provider, MeterProvider):
        return tracer_provider, meter_provider
    raise ConfigurationError("capture needs the providers of the OpenTelemetry SDK")


class FakeClock:
    """A clock that moves only when it is told to.

    Attributes:
        nanoseconds: its reading.
    """

    def __init__(self) -> None:
        self.nanoseconds = 1_000_000_000

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.nanoseconds += round(seconds * 1e9)

    def read(self) -> int:
        """The reading in nanoseconds."""
        return self.nanoseconds


@contextmanager
def fake_clock() -> Iterator[FakeClock]:
    """Measure durations in the block with a clock that the test moves."""
    fake = FakeClock()
    before, clock.now = clock.now, fake.read
    try:
        yield fake
    finally:
        clock.now = before
