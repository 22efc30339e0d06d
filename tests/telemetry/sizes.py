"""How large tests are that could run for long, and how much memory a process has.

Each run takes the short sizes; with RTOBS_FULL_SIZES=1 the bars are met at their full sizes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FULL: Final = os.environ.get("RTOBS_FULL_SIZES") == "1"


def size(short: int, full: int) -> int:
    """The size of this run."""
    return full if FULL else short


def resident() -> int:
    """Bytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
