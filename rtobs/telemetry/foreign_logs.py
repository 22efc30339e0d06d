"""Records of loguru, handed to the standard library, where rtobs formats, redacts and sends them.

structlog needs nothing of ours: its `stdlib.render_to_log_kwargs` hands events over by itself.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["loguru_sink"]


def loguru_sink(message: Any) -> None:  # noqa: ANN401  # loguru's Message, which we do not import
    """Give one record of loguru to the logger of the same name: `logger.add(rtobs.loguru_sink)`.

    Bound values become the fields of `extra=`; the exception goes along.
    """
    source = message.record
    failure = source["exception"]
    record = logging.LogRecord(
        source["name"] or "loguru",
        source["level"].no,
        source["file"].path,
        source["line"],
        source["message"],
        None,
        (failure.type, failure.value, failure.traceback) if failure else None,
        source["function"],
    )
    record.levelname = source["level"].name
    own = vars(record)
    own.update({name: value for name, value in source["extra"].items() if name not in own})
    logging.getLogger(record.name).handle(record)
