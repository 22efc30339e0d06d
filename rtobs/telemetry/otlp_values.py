"""What an OTLP request holds, as plain values that a test can compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

__all__ = ["Log", "Point", "Span", "logs_of", "points_of", "spans_of"]


@dataclass(frozen=True, slots=True)
class Span:
    """One received span.

    Attributes:
        name: its name.
        trace_id: hexadecimal.
        span_id: hexadecimal.
        parent_id: hexadecimal, empty for a root span.
        attributes: by key.
        events: name and attributes of each.
        status: "UNSET", "OK" or "ERROR".
        resource: attributes of the sender.
        kind: "INTERNAL", "SERVER", "CLIENT", "PRODUCER" or "CONSUMER".
    """

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]
    status: str
    resource: Mapping[str, Any]
    kind: str


@dataclass(frozen=True, slots=True)
class Point:
    """One received data point.

    Attributes:
        metric: OpenTelemetry name.
        unit: UCUM unit.
        type: "sum", "gauge" or "histogram".
        attributes: by key.
        value: of a sum or gauge; the sum of a histogram.
        resource: attributes of the sender.
        count: observations of a histogram.
        bounds: upper bounds of a histogram without +Inf.
        buckets: observations of each bucket, not cumulative, one more than bounds.
        exemplar_traces: trace ids of the exemplars, hexadecimal.
        monotonic: whether a sum only rises, as that of a counter does.
    """

    metric: str
    unit: str
    type: str
    attributes: Mapping[str, Any]
    value: float
    resource: Mapping[str, Any]
    count: int = 0
    bounds: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()
    exemplar_traces: tuple[str, ...] = field(default=())
    monotonic: bool = True


@dataclass(frozen=True, slots=True)
class Log:
    """One received log record.

    Attributes:
        body: the message.
        severity: severity text.
        attributes: by key.
        trace_id: hexadecimal, empty outside of a span.
        span_id: hexadecimal, empty outside of a span.
        logger: name of the logger.
        resource: attributes of the sender.
    """

    body: Any
    severity: str
    attributes: Mapping[str, Any]
    trace_id: str
    span_id: str
    logger: str
    resource: Mapping[str, Any]


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """The spans of a trace request."""
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield Span(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes=_attributes(span.attributes),
                    events=tuple((one.name, _attributes(one.attributes)) for one in span.events),
                    status=("UNSET", "OK", "ERROR")[span.status.code],
                    resource=resource,
                    kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                )


def points_of(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    """The data points of a metrics request."""
    for group in request.resource_metrics:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data") or ""
                for point in getattr(metric, kind).data_points if kind else ():
                    yield _point(metric, kind, point, resource)


def logs_of(request: ExportLogsServiceRequest) -> Iterator[Log]:
    """The records of a log request."""
    for group in request.resource_logs:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_logs:
            for record in scope.log_records:
                yield Log(
                    body=_value(record.body),
                    severity=record.severity_text,
                    attributes=_attributes(record.attributes),
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                    logger=scope.scope.name,
                    resource=resource,
                )


def _point(metric: Any, kind: str, point: Any, resource: Mapping[str, Any]) -> Point:  # noqa: ANN401  # protobuf has one type for each kind
    exemplars = tuple(one.trace_id.hex() for one in point.exemplars)
    if kind == "histogram":
        return Point(
            metric.name,
            metric.unit,
            kind,
            _attributes(point.attributes),
            point.sum,
            resource,
            point.count,
            tuple(point.explicit_bounds),
            tuple(point.bucket_counts),
            exemplars,
        )
    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    return Point(
        metric.name,
        metric.unit,
        kind,
        _attributes(point.attributes),
        value,
        resource,
        exemplar_traces=exemplars,
        monotonic=kind == "sum" and metric.sum.is_monotonic,
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:  # noqa: ANN401  # OTLP values are of any type
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
