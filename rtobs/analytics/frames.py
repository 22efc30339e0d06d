"""The frames that analytics passes around: their columns, types and units.

A function says in its docstring which of these it takes and gives. `check` guards the door, so a
wrong frame is one clear sentence and not a failure deep inside. Frames that a function returns are
sorted by the columns in `Schema.key`, whatever engine polars used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

import polars as pl

from rtobs.errors import FrameError

__all__ = [
    "ALERTS",
    "BUDGET",
    "BURN",
    "INCIDENTS",
    "LABELS",
    "MINUTES",
    "SAMPLES",
    "SERIES",
    "TILES",
    "TIME",
    "WINDOWED",
    "Schema",
    "check",
    "empty",
    "utc",
]

_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)

TIME: Final = pl.Datetime("ms", "UTC")
LABELS: Final = pl.List(pl.Struct({"name": pl.String, "value": pl.String}))


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns of a frame.

    Attributes:
        name: what the frame holds, for messages.
        columns: type by column, in order.
        key: columns that the frame is sorted by and unique in.
    """

    name: str
    columns: Mapping[str, pl.DataType | type[pl.DataType]]
    key: tuple[str, ...]


SERIES: Final = Schema(
    "series",
    {
        "series_id": pl.UInt32,  # within one export
        "fingerprint": pl.String,  # of the sorted labels; the same in every export
        "metric": pl.String,
        "labels": LABELS,  # sorted by name, without __name__
    },
    ("series_id",),
)
SAMPLES: Final = Schema(
    "samples",
    {
        "series_id": pl.UInt32,
        "ts": TIME,  # of the scrape, or of the grid
        "value": pl.Float64,
    },
    ("series_id", "ts"),
)
WINDOWED: Final = Schema(
    "windowed values",  # what a PromQL function over a range gives
    {
        "series_id": pl.UInt32,
        "ts": TIME,  # end of the window
        "window_s": pl.Int32,
        "value": pl.Float64,
        "samples": pl.UInt32,  # in the window
        "coverage": pl.Float32,  # time between first and last sample, as a share of the window
    },
    ("series_id", "window_s", "ts"),
)
MINUTES: Final = Schema(
    "minutes",  # what the rules of an SLO record every minute, for each group of its groupBy
    {
        "slo_id": pl.String,
        "group": pl.String,  # 'model_name="llama", zone="a"' in the order of groupBy; "" for none
        "ts": TIME,  # of the evaluation
        "total": pl.Float64,  # events (or sampled minutes) a second over the last 5m
        "bad": pl.Float64,  # the same, of bad ones
        "error_1h": pl.Float64,  # error ratio of the last hour from raw series; null: no data
        "slice_bad": pl.Float64,  # 0 or 1 for a time slice; null for events
    },
    ("slo_id", "group", "ts"),
)
TILES: Final = Schema(
    "tiles",  # what the rules of an SLO record every five minutes; tiles do not overlap
    {
        "slo_id": pl.String,
        "group": pl.String,
        "ts": TIME,  # of the evaluation
        "total": pl.Float64,  # events (or sampled minutes) in the five minutes before ts
        "bad": pl.Float64,
    },
    ("slo_id", "group", "ts"),
)
BURN: Final = Schema(
    "burn rates",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "window_s": pl.Int32,
        "ts": TIME,  # end of the window
        "error_ratio": pl.Float64,  # bad / total; no row where nothing happened
        "burn_rate": pl.Float64,  # error ratio / error budget
    },
    ("slo_id", "group", "window_s", "ts"),
)
BUDGET: Final = Schema(
    "budget",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "ts": TIME,
        "total": pl.Float64,  # events in the SLO's window that ends at ts
        "bad": pl.Float64,
        "consumed": pl.Float64,  # share of the budget that is spent; above 1: overspent
        "remaining": pl.Float64,  # 1 - consumed
        "coverage": pl.Float64,  # share of the window that has data
    },
    ("slo_id", "group", "ts"),
)
ALERTS: Final = Schema(
    "alerts",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "alert": pl.String,  # SLOBudgetBurn, SLOBudgetExhausted
        "tier": pl.String,  # "" for an alert without tiers
        "severity": pl.String,
        "start": TIME,  # evaluation that fired first
        "end": TIME,  # evaluation that no longer fires; null: still firing when the data ends
        "peak_burn": pl.Float64,  # highest burn rate of the long window while it fired
        "budget_spent": pl.Float64,  # share of the SLO's budget that was spent while it fired
    },
    ("slo_id", "group", "alert", "tier", "start"),
)
INCIDENTS: Final = Schema(
    "incidents",
    {
        "slo_id": pl.String,
        "group": pl.String,
        "start": TIME,
        "end": TIME,
        "label": pl.String,  # a name for people; may be empty
    },
    ("slo_id", "group", "start"),
)


def check(frame: _Frame, schema: Schema) -> _Frame:
    """The frame with exactly the columns of the schema, in their order.

    Raises:
        FrameError: a column is absent or has another type; says all that is wrong.
    """
    found = frame.collect_schema()
    absent = [name for name in schema.columns if name not in found]
    wrong = [
        f"{name} is {found[name]}, not {kind}"
        for name, kind in schema.columns.items()
        if name in found and found[name] != kind
    ]
    if absent or wrong:
        faults = [f"{name} is absent" for name in absent] + wrong
        raise FrameError(f"this is no frame of {schema.name}: {'; '.join(faults)}")
    return frame.select(list(schema.columns))


def utc(moment: datetime) -> datetime:
    """An aware moment by the clock of UTC, as a TIME has it.

    By the clock of another zone the difference of two moments is wrong when it was turned between.

    Raises:
        FrameError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise FrameError(f"{moment} needs a time zone, such as datetime(..., tzinfo=UTC)")
    return moment.astimezone(UTC)


def empty(schema: Schema) -> pl.DataFrame:
    """A frame of the schema without rows."""
    return pl.DataFrame(schema=dict(schema.columns))
