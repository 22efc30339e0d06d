"""Every name of OpenTelemetry that may change without notice is known, and is there."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import rtobs

# What begins with an underscore: logs have no other home yet, and the encoders are private by
# file name only. A release that moves one of them fails here, with its name.
PRIVATE = {
    "opentelemetry._logs.LogRecord",
    "opentelemetry._logs.SeverityNumber",
    "opentelemetry._logs.get_logger_provider",
    "opentelemetry._logs.set_logger_provider",
    "opentelemetry.exporter.otlp.proto.common._log_encoder.encode_logs",
    "opentelemetry.exporter.otlp.proto.grpc._log_exporter.OTLPLogExporter",
    "opentelemetry.metrics._Gauge",
    "opentelemetry.sdk._logs.LogRecordProcessor",
    "opentelemetry.sdk._logs.LoggerProvider",
    "opentelemetry.sdk._logs.ReadWriteLogRecord",
    "opentelemetry.sdk._logs.ReadableLogRecord",
}


def _names(tree: ast.Module) -> Iterator[str]:
    """Names of OpenTelemetry that a module imports, and private ones that it reaches through."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opentelemetry"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and isinstance(node.value, ast.Name)
            and node.value.id in {"metrics", "trace", "context", "baggage"}
        ):
            yield f"opentelemetry.{node.value.id}.{node.attr}"


def test_the_private_names_that_are_used_are_these() -> None:
    """Whoever uses another one adds it here, and with it the test that it exists."""
    folder = Path(rtobs.__file__).parent
    files = [
        *(folder / "telemetry").glob("*.py"),
        *(folder / f"{n}.py" for n in ("llm", "whisper")),
    ]
    used = {
        name
        for file in files
        for name in _names(ast.parse(file.read_text(encoding="utf-8")))
        if any(part.startswith("_") for part in name.split("."))
    }
    assert used == PRIVATE


@pytest.mark.parametrize("name", sorted(PRIVATE))
def test_a_private_name_is_there(name: str) -> None:
    """The installed OpenTelemetry has it."""
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)
