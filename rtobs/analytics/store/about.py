"""What an export says about itself: where it is from, what was asked, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from rtobs.analytics.dialect import Dialect
from rtobs.errors import ExportError

__all__ = ["About", "Hole", "Mode"]

Mode = Literal["raw", "grid"]


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of an export that the server did not give.

    Attributes:
        query: what was asked.
        start: first instant that is missing.
        end: last instant that is missing.
        reason: why, in one sentence without secrets.
    """

    query: str
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class About:
    """Where an export is from and what it holds.

    Attributes:
        source: address of the server without credentials, or a word for what made the data.
        server_version: what the server says it is ("Prometheus 3.5.0").
        dialect: how that server reads a range.
        start: first instant that was asked for, aware, UTC.
        end: last instant that was asked for, aware, UTC.
        mode: "raw" holds samples with the times of their scrapes, "grid" values at start + n step.
        step: distance of grid points; None for raw.
        queries: what was asked, in order.
        tenant: tenant that was asked, "" for none.
        warnings: what the server warned of, each text once.
        holes: what is missing.
        histograms_skipped: native histogram series that were met and left out.
        types: type of each metric where the server knows one ("counter").
    """

    source: str
    server_version: str
    dialect: Dialect
    start: datetime
    end: datetime
    mode: Mode
    step: timedelta | None
    queries: tuple[str, ...]
    tenant: str = ""
    warnings: tuple[str, ...] = ()
    holes: tuple[Hole, ...] = ()
    histograms_skipped: int = 0
    types: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ExportError("start and end of an export need a time zone, for example UTC")
        if self.end < self.start:
            raise ExportError(f"an export cannot end ({self.end}) before it starts ({self.start})")
        if (self.mode == "grid") != (self.step is not None):
            raise ExportError("a grid has a step, raw samples have none")
