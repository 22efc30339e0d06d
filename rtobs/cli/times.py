"""Times and durations as people write them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from rtobs.errors import ExportError
from rtobs.model.duration import Duration

__all__ = ["duration", "instant", "instant_or_now"]

_RELATIVE: Final = re.compile(r"now(?:-(.+))?")


def instant(text: str) -> datetime:
    """An aware instant from "2026-11-01", "2026-11-01T12:30:00+01:00", "now" or "now-7d".

    Raises:
        ExportError: it is none of these; argparse would add the usage of all options to it.
    """
    try:
        if match := _RELATIVE.fullmatch(text):
            ago = duration(match[1]).seconds if match[1] else 0
            return datetime.now(UTC) - timedelta(seconds=ago)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ExportError(f'"{text}" is outside of the years 1 to 9999') from None
    except ValueError:
        raise ExportError(
            f'"{text}" is no time such as 2026-11-01, 2026-11-01T12:30:00Z or now-7d'
        ) from None


def instant_or_now(text: str) -> datetime | None:
    """An instant; None for "now" itself."""
    return None if text == "now" else instant(text)


def duration(text: str) -> Duration:
    """A duration such as "30d" or "90s".

    Raises:
        ExportError: it is none.
    """
    try:
        found = Duration.parse(text)
        timedelta(seconds=found.seconds)
    except ValueError as error:
        raise ExportError(str(error)) from None
    except OverflowError:
        raise ExportError(f'"{text}" is longer than any data') from None
    return found
