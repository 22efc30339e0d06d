"""Web servers that end their process in a way that nobody can hear."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["flush_when_uvicorn_ends"]


def flush_when_uvicorn_ends(flush: Callable[[], object]) -> None:
    """Flush after the last request of a uvicorn that loads this application.

    uvicorn takes SIGTERM before it loads the application and, when it is done, puts the handler
    back that was there before and sends the signal again. So its process is ended by the kernel:
    `atexit` does not run, and a handler that the application installed is gone by then.

    Args:
        flush: exports what is left, in a bounded time; it runs in a thread.
    """
    # A uvicorn that is imported later is started by the application and finds our handler.
    server = getattr(sys.modules.get("uvicorn.server"), "Server", None)
    end = getattr(server, "shutdown", None)
    if server is None or end is None:
        return

    @functools.wraps(end)
    async def shutdown(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # uvicorn's signature
        try:
            await end(*args, **kwargs)
        finally:
            await asyncio.to_thread(flush)

    server.shutdown = shutdown
