"""Log records on their way out: as JSON lines, or as OTLP."""

from __future__ import annotations

import json
import logging
import re
import sys
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
from rtobs.telemetry.redaction import LOOKAHEAD, Redactor
from rtobs.telemetry.scope import LONGEST_TENANT
from rtobs.telemetry.worker import in_worker

__all__ = ["JsonFormatter", "OtlpHandler", "QueueingLogProcessor"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_STANDARD_SIZE = len(vars(logging.makeLogRecord({})))
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
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
            text = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
        return self._redactor.text(text, self._limits.stack_length)

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the caller gave as `extra=`, redacted."""
        if len(vars(record)) <= _STANDARD_SIZE:
            return {}
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        return self._redactor.attributes(extra)

    def failure(self, record: logging.LogRecord) -> tuple[str, str] | None:
        """Type and stack of the exception that was logged."""
        if not record.exc_info or record.exc_info[0] is None:
            return None
        stack = logging.Formatter().formatException(record.exc_info)
        return record.exc_info[0].__qualname__, self._stack(stack)

    def origin(self, record: logging.LogRecord) -> str | None:
        """The stack of the call that logged, where `stack_info=True` asked for it."""
        return self._stack(record.stack_info) if record.stack_info else None

    def tenant(self) -> str | None:
        """The current tenant, which a caller may have sent."""
        tenant = baggage.get_baggage(conventions.TENANT_ID)
        return self._redactor.text(tenant, LONGEST_TENANT) if isinstance(tenant, str) else None

    def _stack(self, stack: str) -> str:
        """The end of a stack, which names the exception, so that the beginning gives way."""
        most = self._limits.stack_length
        shown = _whole_lines(stack, most + LOOKAHEAD)
        return self._redactor.text(shown, len(shown))[-most:]


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
        self._encoding = getattr(sys.stdout, "encoding", None) or "utf-8"

    def format(self, record: logging.LogRecord) -> str:
        """The line; a record that cannot be read becomes a line that says so, without its content.

        It does not raise: the standard library would print message and arguments as they are.
        """
        try:
            return self._fitted(self._line(record))
        except Exception as fault:  # noqa: BLE001
            return self._last_resort(record, fault)

    def _line(self, record: logging.LogRecord) -> str:
        """The line; own keys win over `extra` keys of the same name."""
        whole = self._reading.fields(record) | {
            **self._head(record, self._reading.message(record)),
            **self._correlation(),
            **self._stacks(record),
        }
        try:
            return _encode(whole)
        except ValueError:  # NaN and Infinity are no JSON: they become text
            return _encode(json.loads(json.dumps(whole), parse_constant=str))

    def _last_resort(self, record: logging.LogRecord, fault: Exception) -> str:
        place = f"{record.filename}:{record.lineno}"
        message = f"a record of {place} cannot be shown: {type(fault).__name__}"
        return json.dumps(self._head(record, message))

    def _head(self, record: logging.LogRecord, message: str) -> dict[str, object]:
        return {
            conventions.LOG_TIMESTAMP: _timestamp(record.created),
            conventions.LOG_LEVEL: record.levelname.lower(),
            conventions.LOG_MESSAGE: message,
            conventions.LOG_LOGGER: record.name,
            conventions.LOG_SERVICE: self._service,
        }

    def _correlation(self) -> dict[str, object]:
        found: dict[str, object] = {}
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            found[conventions.LOG_TRACE_ID] = trace.format_trace_id(context.trace_id)
            found[conventions.LOG_SPAN_ID] = trace.format_span_id(context.span_id)
        if tenant := self._reading.tenant():
            found[conventions.LOG_TENANT_ID] = tenant
        return found

    def _stacks(self, record: logging.LogRecord) -> dict[str, object]:
        failure, origin = self._reading.failure(record), self._reading.origin(record)
        if failure is None:
            return {conventions.LOG_STACK: origin} if origin else {}
        kind, stack = failure
        whole = f"{origin}\n{stack}" if origin else stack
        return {conventions.LOG_ERROR_TYPE: kind, conventions.LOG_STACK: whole}

    def _fitted(self, line: str) -> str:
        """A line that stdout can write: what its encoding lacks is escaped, as JSON allows."""
        if line.isascii():
            return line
        try:
            line.encode(self._encoding)
        except UnicodeEncodeError:
            return _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], line)
        return line


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
        attributes = self._reading.fields(record)
        if failure := self._reading.failure(record):
            attributes["exception.type"], attributes["exception.stacktrace"] = failure
        if origin := self._reading.origin(record):
            attributes["code.stacktrace"] = origin
        if tenant := self._reading.tenant():
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


def _timestamp(created: float) -> str:
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="microseconds")


def _whole_lines(stack: str, most: int) -> str:
    """The last lines of a stack that fit, none of them cut: half a secret has no shape any more.

    Of a last line that alone is too long it is the beginning.
    """
    if len(stack) <= most:
        return stack
    fitting = stack[-most:].partition("\n")[2]
    return fitting or stack[stack.rfind("\n") + 1 :][:most]


def _severity(level: int) -> SeverityNumber:
    return _LEVELS.get(min(level // 10 * 10, logging.CRITICAL), SeverityNumber.UNSPECIFIED)
