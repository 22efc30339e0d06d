"""The bounds of everything that could grow."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rtobs.errors import ConfigurationError

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the library may hold or send.

    Attributes:
        queue: spans, and log records, that wait for export; the oldest give way.
        batch: items of one export request.
        attributes: attributes of one span, event or log record.
        value_length: characters of one text value.
        message_length: characters of an exception message.
        stack_length: characters of a stack trace.
        events: events of one span.
        label_values: distinct values of one metric label.
        label_sets: distinct label sets of one metric.
        log_lines_per_minute: lines that the library and OpenTelemetry may log.

    Raises:
        ConfigurationError: a bound is not a positive whole number.
    """

    queue: int = 2048
    batch: int = 512
    attributes: int = 64
    value_length: int = 1024
    message_length: int = 256
    stack_length: int = 16_384
    events: int = 64
    label_values: int = 200
    label_sets: int = 2000
    log_lines_per_minute: int = 5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(
                    f"rtobs.Limits: {field.name} must be a whole number above 0"
                )
