"""Log records on their way out: as JSON lines on stdout, or as OTLP; never both."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from opentelemetry import baggage, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import (
    LoggerProvider,
    LogRecordProcessor,
    ReadableLogRecord,
    ReadWriteLogRecord,
)

from rtobs import conventions
from rtobs.telemetry.export_queue import ExportQueue
from rtobs.telemetry.limits import Limits
from rtobs.telemetry.redaction import Redactor
from rtobs.telemetry.worker import in_worker

__all__ = ["JsonFormatter", "LogRouting", "OtlpHandler", "QueueingLogProcessor"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_STANDARD_SIZE = len(vars(logging.makeLogRecord({})))
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_LEVELS = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}


class _Reading:
    """The parts of a log record that may leave the process.

    Args:
        redactor: hides secrets.
        limits: bounds of message and stack.
    """

    def __init__(self, redactor: Redactor, limits: Limits) -> None:
        self._redactor = redactor
        self._limits = limits

    def message(self, record: logging.LogRecord) -> str:
        """The message with its arguments, redacted; a broken format string is shown as it is."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001  # a wrong format string must not stop the service
            text = str(record.msg)
        return self._redactor.text(text, self._limits.stack_length)

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the caller gave as `extra=`, redacted."""
        if len(vars(record)) <= _STANDARD_SIZE:
            return {}
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return self._redactor.attributes(extra)

    def failure(self, record: logging.LogRecord) -> dict[str, str]:
        """Type and stack of the exception that was logged."""
        if not record.exc_info or record.exc_info[0] is None:
            return {}
        stack = logging.Formatter().formatException(record.exc_info)
        # The end of a stack names the exception, so the beginning gives way.
        kept = self._redactor.text(stack, len(stack))[-self._limits.stack_length :]
        return {
            conventions.LOG_ERROR_TYPE: record.exc_info[0].__qualname__,
            conventions.LOG_STACK: kept,
        }


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the keys of `conventions` and the ids of the current span.

    Args:
        service: value of the `service` key.
        redactor: hides secrets.
        limits: bounds of message and stack.
    """

    def __init__(self, service: str, redactor: Redactor, limits: Limits) -> None:
        super().__init__()
        self._service = service
        self._reading = _Reading(redactor, limits)

    def format(self, record: logging.LogRecord) -> str:
        """The line; own keys win over `extra` keys of the same name."""
        line = {
            conventions.LOG_TIMESTAMP: _timestamp(record.created),
            conventions.LOG_LEVEL: record.levelname.lower(),
            conventions.LOG_MESSAGE: self._reading.message(record),
            conventions.LOG_LOGGER: record.name,
            conventions.LOG_SERVICE: self._service,
            **_correlation(),
            **self._reading.failure(record),
        }
        whole = self._reading.fields(record) | line
        try:
            return _encode(whole)
        except ValueError:  # NaN and Infinity are no JSON: they become text
            return _encode(json.loads(json.dumps(whole), parse_constant=str))


class RedactedRecord(LogRecord):
    """A log record that holds no secret any more."""


class OtlpHandler(logging.Handler):
    """Turns log records into OTLP log records.

    Args:
        provider: makes loggers.
        redactor: hides secrets.
        limits: bounds of message and stack.
    """

    def __init__(self, provider: LoggerProvider, redactor: Redactor, limits: Limits) -> None:
        super().__init__()
        self._provider = provider
        self._reading = _Reading(redactor, limits)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record; what exporting itself logs is left out, or it would never end."""
        if in_worker():
            return
        try:
            self._provider.get_logger(record.name).emit(self._translate(record))
        except Exception:  # noqa: BLE001  # logging never raises into the service
            self.handleError(record)

    def _translate(self, record: logging.LogRecord) -> RedactedRecord:
        attributes: dict[str, object] = self._reading.fields(record)
        failure = self._reading.failure(record)
        if failure:
            attributes["exception.type"] = failure[conventions.LOG_ERROR_TYPE]
            attributes["exception.stacktrace"] = failure[conventions.LOG_STACK]
        if tenant := _tenant():
            attributes[conventions.TENANT_ID] = tenant
        return RedactedRecord(
            timestamp=int(record.created * 1e9),
            severity_text=record.levelname,
            severity_number=_severity(record.levelno),
            body=self._reading.message(record),
            attributes=cast("Any", attributes),
        )


class QueueingLogProcessor(LogRecordProcessor):
    """Queues log records.

    The handler has redacted its own; records that other code emits through the OpenTelemetry API
    are redacted here.

    Args:
        queue: where records wait.
        redactor: hides secrets.
    """

    def __init__(self, queue: ExportQueue[ReadableLogRecord], redactor: Redactor) -> None:
        self._queue = queue
        self._redactor = redactor

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue a redacted copy."""
        record = log_record.log_record
        try:
            kept = record if isinstance(record, RedactedRecord) else self._clean(record)
        except Exception:  # noqa: BLE001  # a record that cannot be read must not break its caller
            self._queue.refuse()
            return
        # The context may hold large objects; the ids of the span are on the record already.
        kept.context = Context()
        resource = log_record.resource
        if resource is not None:
            self._queue.put(ReadableLogRecord(kept, resource, log_record.instrumentation_scope))

    def _clean(self, record: LogRecord) -> RedactedRecord:
        body = record.body
        return RedactedRecord(
            timestamp=record.timestamp,
            observed_timestamp=record.observed_timestamp,
            context=record.context,
            severity_text=record.severity_text,
            severity_number=record.severity_number,
            body=cast("Any", self._redactor.value("", body)),
            attributes=cast("Any", self._redactor.attributes(dict(record.attributes or {}))),
            event_name=record.event_name,
        )

    def shutdown(self) -> None:
        """Nothing to do: the runtime closes the queue."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing to do: the runtime flushes the queue."""
        del timeout_millis
        return True


class LogRouting:
    """Sends the records of the root logger to one place, and can undo it.

    Handlers that already write to stdout or stderr keep their place and get the JSON format, so
    that no line is written twice.

    Args:
        level: level of the root logger when nobody set one.
    """

    def __init__(self, level: str) -> None:
        self._level = level
        self._added: list[logging.Handler] = []
        self._formats: list[tuple[logging.Handler, logging.Formatter | None]] = []
        self._level_before: int | None = None

    def to_stdout(self, formatter: logging.Formatter) -> None:
        """Write each record as one line of `formatter`."""
        root = logging.getLogger()
        console = [handler for handler in root.handlers if _writes_to_console(handler)]
        for handler in console:
            self._formats.append((handler, handler.formatter))
            handler.setFormatter(formatter)
        if not console:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(formatter)
            self._add(handler)

    def to(self, handler: logging.Handler) -> None:
        """Give each record to `handler`."""
        self._add(handler)

    def undo(self) -> None:
        """Leave logging as it was found."""
        root = logging.getLogger()
        for handler in self._added:
            root.removeHandler(handler)
        for handler, formatter in self._formats:
            handler.setFormatter(formatter)
        if self._level_before is not None:
            root.setLevel(self._level_before)
        self._added, self._formats, self._level_before = [], [], None

    def _add(self, handler: logging.Handler) -> None:
        root = logging.getLogger()
        if not root.handlers and root.level == logging.WARNING:
            self._level_before = root.level
            root.setLevel(self._level)
        root.addHandler(handler)
        self._added.append(handler)


def _writes_to_console(handler: logging.Handler) -> bool:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return type(handler) is logging.StreamHandler and handler.stream in streams


def _timestamp(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="microseconds")


def _correlation() -> Mapping[str, str]:
    found = {}
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        found[conventions.LOG_TRACE_ID] = trace.format_trace_id(context.trace_id)
        found[conventions.LOG_SPAN_ID] = trace.format_span_id(context.span_id)
    if tenant := _tenant():
        found[conventions.LOG_TENANT_ID] = tenant
    return found


def _tenant() -> str | None:
    tenant = baggage.get_baggage(conventions.TENANT_ID)
    return tenant if isinstance(tenant, str) else None


def _severity(level: int) -> SeverityNumber:
    return _LEVELS.get(min(level // 10 * 10, logging.CRITICAL), SeverityNumber.UNSPECIFIED)
