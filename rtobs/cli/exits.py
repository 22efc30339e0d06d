"""Exit codes of every verb."""

from __future__ import annotations

from typing import Final

__all__ = ["FINDINGS", "FINE", "INTERRUPTED", "USAGE"]

FINE: Final = 0
FINDINGS: Final = 1  # problems, drift, a proof that does not hold
USAGE: Final = 2  # wrong words on the command line, or an error of our own
INTERRUPTED: Final = 130
