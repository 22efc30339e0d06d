"""Where a batch of telemetry goes, and how that ended."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol, TypeVar

__all__ = ["Outlet", "Sent"]

T_contra = TypeVar("T_contra", contravariant=True)


class Sent(Enum):
    """How an export ended; of what is unencodable nothing was sent."""

    OK = "ok"
    RETRY = "retry"
    REJECTED = "rejected"
    UNENCODABLE = "unencodable"


class Outlet(Protocol[T_contra]):
    """A receiver; `send` is called by one thread at a time and never raises."""

    def send(self, batch: Sequence[T_contra]) -> tuple[Sent, float]:
        """Send a batch; says how it ended and how many seconds the receiver wants to rest."""

    def abort(self) -> None:
        """End a send that waits; every later send fails at once."""

    def close(self) -> None:
        """Give the connection back; called when no send is under way."""

    def renew(self) -> None:
        """Forget connections in a forked child; they belong to the parent."""
