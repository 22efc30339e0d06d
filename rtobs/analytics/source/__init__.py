"""Exports from a server: planned, fetched in chunks, resumed after a crash.

`plan` says what will be asked and how much will come, `download` does it.
"""

from __future__ import annotations

from rtobs.analytics.source.adapter import from_api_client
from rtobs.analytics.source.chunks import Chunk
from rtobs.analytics.source.errand import NothingFoundError, Progress, download
from rtobs.analytics.source.events import Events, questions_of
from rtobs.analytics.source.planning import Plan, plan
from rtobs.analytics.source.questions import Question

__all__ = [
    "Chunk",
    "Events",
    "NothingFoundError",
    "Plan",
    "Progress",
    "Question",
    "download",
    "from_api_client",
    "plan",
    "questions_of",
]
