"""Python imports this at its start: it refuses networks, and writing outside one folder.

The folder is named by GUARD_WRITABLE. What was refused is also said on stderr, in case that the
program goes on without it.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Any

WRITABLE = os.path.realpath(os.environ["GUARD_WRITABLE"])
NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"})
# Where the folder that a relative path belongs to stands among the arguments.
CHANGES = {"os.mkdir": 2, "os.rename": 2, "os.remove": 1, "os.rmdir": 1, "os.symlink": 2}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise what must not happen."""
    if event in NETWORK:
        stop(f"{event} {arguments[1:]}")
    if event == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & WRITING:
        check(event, arguments[0])
    if event in CHANGES:
        folder = arguments[CHANGES[event]]
        check(event, arguments[0], f"/proc/self/fd/{folder}" if folder >= 0 else "")


def check(event: str, path: str | bytes, folder: str = "") -> None:
    """Refuse a change of what lies outside the folder."""
    place = os.path.realpath(Path(folder, os.fsdecode(path)))
    if not place.startswith(f"{WRITABLE}{os.sep}") and place != os.devnull:
        stop(f"{event} {place}")


def stop(what: str) -> None:
    """Refuse."""
    os.write(2, f"refused: {what}\n".encode())
    raise PermissionError(what)


def pandas_is_absent() -> None:
    """Say so if a frame of another library was loaded."""
    if "pandas" in sys.modules:
        os.write(2, b"refused: pandas\n")


sys.addaudithook(refuse)
atexit.register(pandas_is_absent)
