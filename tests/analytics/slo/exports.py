"""Exports made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import SAMPLES, SERIES, TIME
from rtobs.analytics.store import About, Export, series_frame, write_export

START: Final = datetime(2026, 3, 2, tzinfo=UTC)

Points = Sequence[tuple[float, float]]  # (seconds after START, value)
Raw = Iterable[tuple[Mapping[str, str], Points]]


def about(hours: float, dialect: Dialect = Dialect.V3, step: timedelta | None = None) -> About:
    """What an export from START on says about itself."""
    return About(
        source="test",
        server_version="Prometheus 3.5.0",
        dialect=dialect,
        start=START,
        end=START + timedelta(hours=hours),
        mode="raw" if step is None else "grid",
        step=step,
        queries=(),
    )


def export_of(folder: Path, raw: Raw, facts: About, *, start: datetime = START) -> Export:
    """An export of series, each given by its labels (with `__name__`) and points."""
    given = list(raw)
    series = series_frame(labels for labels, _ in given)
    ids = {_key(row["labels"], row["metric"]): row["series_id"] for row in series.to_dicts()}
    rows = [
        (ids[_labels_key(labels)], start + timedelta(seconds=at), value)
        for labels, points in given
        for at, value in points
    ]
    samples = pl.DataFrame(rows, schema=dict(SAMPLES.columns), orient="row")
    return write_export(folder, series.select(list(SERIES.columns)), samples, facts)


def _key(labels: list[dict[str, str]], metric: str) -> tuple[tuple[str, str], ...]:
    return _labels_key({"__name__": metric, **{row["name"]: row["value"] for row in labels}})


def _labels_key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def at(minutes: float) -> datetime:
    """A moment after START."""
    return START + timedelta(minutes=minutes)


def tiles_of(
    bad: Sequence[float], total: float | Sequence[float] = 300.0, *, slo_id: str = "shop-requests",
    group: str = "", start: datetime = START,
) -> pl.DataFrame:  # fmt: skip
    """TILES with these bad events, every five minutes after a moment."""
    totals = (
        [float(total)] * len(bad) if isinstance(total, int | float) else list(map(float, total))
    )
    return pl.DataFrame(
        {
            "slo_id": [slo_id] * len(bad),
            "group": [group] * len(bad),
            "ts": [start + timedelta(minutes=5 * (n + 1)) for n in range(len(bad))],
            "total": totals,
            "bad": [float(value) for value in bad],
        },
        schema_overrides={"ts": TIME},
    )
