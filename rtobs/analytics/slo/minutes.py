"""The minutes of an SLO, from either source: what was recorded, or raw counters."""

from __future__ import annotations

from rtobs.analytics.slo.counted import counted_minutes
from rtobs.analytics.slo.recorded import recorded_minutes, recorded_tiles

__all__ = ["counted_minutes", "recorded_minutes", "recorded_tiles"]
