"""How an operation ended, in the words of `conventions.OUTCOMES`."""

from __future__ import annotations

import asyncio

__all__ = ["ABANDONED", "CANCELLED", "ERROR", "OK", "error_type", "outcome_of"]

OK = "ok"
CANCELLED = "cancelled"
ERROR = "error"
ABANDONED = "abandoned"
_CANCELLATIONS = (GeneratorExit, asyncio.CancelledError, KeyboardInterrupt)


def outcome_of(error: BaseException | None) -> str:
    """The outcome that an exception, or none, stands for.

    Someone who goes away is not a failure of the service; SystemExit 0 is a normal end.
    """
    if error is None or (isinstance(error, SystemExit) and error.code in {None, 0}):
        return OK
    return CANCELLED if isinstance(error, _CANCELLATIONS) else ERROR


def error_type(error: BaseException) -> str:
    """The value of `error.type`: the qualified class name, never the message."""
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
