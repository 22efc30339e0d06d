"""Services that log through structlog or loguru write the same lines."""

from __future__ import annotations

import json

import pytest

from tests.telemetry.service import Ended, run

STRUCTLOG = """
import structlog
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.render_to_log_kwargs,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
rtobs.init("svc")
log = structlog.get_logger("shop")
with rtobs.span("pay"), rtobs.bind_tenant("acme"):
    ids = rtobs.current_trace()
    log.info("paid", order=7, password="hunter2-structlog")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("broken")
print(*ids)
"""
LOGURU = """
from loguru import logger
rtobs.init("svc")
logger.remove()
logger.add(rtobs.loguru_sink)
with rtobs.span("pay"), rtobs.bind_tenant("acme"):
    ids = rtobs.current_trace()
    logger.bind(order=7, password="hunter2-structlog").info("paid")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("broken")
print(*ids)
"""


def lines(ended: Ended) -> tuple[list[dict[str, object]], list[str]]:
    """The JSON lines, and the ids that the service printed last."""
    *logged, ids = ended.out.splitlines()
    return [json.loads(line) for line in logged], ids.split()


@pytest.mark.parametrize(
    ("package", "script"), [("structlog", STRUCTLOG), ("loguru", LOGURU)], ids=lambda one: one[:9]
)
def test_the_lines_are_those_of_the_standard_library(package: str, script: str) -> None:
    """Message, fields, trace, tenant, failure and hidden secrets stand under the usual keys."""
    pytest.importorskip(package)
    ended = run(script)
    assert (ended.code, ended.err) == (0, "")
    (paid, broken), (trace_id, span_id) = lines(ended)
    assert {key: paid[key] for key in paid if key not in {"timestamp", "logger"}} == {
        "level": "info",
        "message": "paid",
        "service": "svc",
        "trace_id": trace_id,
        "span_id": span_id,
        "tenant_id": "acme",
        "order": 7,
        "password": "[redacted]",
    }
    assert (broken["message"], broken["error_type"], broken["level"]) == (
        "broken",
        "ZeroDivisionError",
        "error",
    )
    assert "1 / 0" in str(broken["stack"]) or "division by zero" in str(broken["stack"])
    assert "hunter2-structlog" not in ended.out
