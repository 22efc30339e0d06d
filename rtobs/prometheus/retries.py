"""When a request is sent again, and after what pause."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from rtobs.prometheus.connection import Patience

__all__ = ["asked_pause", "is_passing", "pause_before"]

_FOR_EVER: Final = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED})
_LEAST_SHARE: Final = 0.5


def is_passing(status: int) -> bool:
    """Whether a failure may be gone in a moment: too many requests, or the server's own fault."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _FOR_EVER


def asked_pause(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110: seconds, or a date); None for none."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def pause_before(
    attempt: int, patience: Patience, asked: float | None, dice: random.Random
) -> float:
    """Seconds to wait before try number `attempt` (2 is the first repetition).

    Half to all of a pause that doubles, so that many clients do not return at one moment; never
    less than the server asked for.
    """
    doubled = patience.pause * 2.0 ** (attempt - 2)
    own = min(doubled, patience.longest_pause) * dice.uniform(_LEAST_SHARE, 1.0)
    return own if asked is None else max(own, asked)
