"""Minutes of an SLO made from events a minute, and exports of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from rtobs import conventions as names
from rtobs.analytics.dialect import Dialect
from rtobs.analytics.frames import MINUTES, SAMPLES, TIME, check
from rtobs.analytics.store import About, Export, series_frame, write_export

START: Final = datetime(2026, 7, 1, tzinfo=UTC)
Counts = npt.NDArray[np.float64]


def minutes_of(
    slo_id: str, total: Counts, bad: Counts, *, group: str = "", start: datetime = START
) -> pl.DataFrame:
    """MINUTES as rules would have recorded them of so many events in each minute.

    Args:
        slo_id: the SLO.
        total: events in each minute; NaN for a minute that was not scraped at all.
        bad: bad ones among them.
        group: the group.
        start: the first evaluation.
    """
    hours = [_mean(counts, 60) for counts in (bad, total)]
    with np.errstate(divide="ignore", invalid="ignore"):
        hour = np.where(hours[1] > 0, hours[0] / hours[1], np.nan)
    frame = pl.DataFrame(
        {
            "slo_id": pl.repeat(slo_id, len(total), dtype=pl.String, eager=True),
            "group": pl.repeat(group, len(total), dtype=pl.String, eager=True),
            "ts": pl.datetime_range(
                start, start + timedelta(minutes=len(total) - 1), "1m", time_unit="ms", eager=True
            ).cast(TIME),
            "total": _mean(total, 5) / 60,
            "bad": _mean(bad, 5) / 60,
            "error_1h": hour,
            "slice_bad": pl.repeat(None, len(total), dtype=pl.Float64, eager=True),
        }
    ).filter(pl.Series(~np.isnan(total)))
    return check(frame.with_columns(pl.col("error_1h").fill_nan(None)), MINUTES)


def _mean(counts: Counts, minutes: int) -> Counts:
    """Events a minute over the last minutes that were scraped."""
    seen = ~np.isnan(counts)
    sums, seens = (np.cumsum(np.append(0, values)) for values in (np.nan_to_num(counts), seen))
    first = np.maximum(np.arange(1, len(counts) + 1) - minutes, 0)
    rates: Counts = (sums[1:] - sums[first]) / np.maximum(seens[1:] - seens[first], 1)
    return rates


def export_of(folder: Path, minutes: pl.DataFrame, dialect: Dialect = Dialect.V3) -> Export:
    """An export of what the rules recorded; groups are left out."""
    columns = {
        "total": names.TOTAL_RATE,
        "bad": names.BAD_RATE,
        "error_1h": names.error_ratio("1h"),
    }
    slo_ids = minutes["slo_id"].unique().sort()
    wanted = [(metric, slo_id) for metric in columns.values() for slo_id in slo_ids]
    series = series_frame({"__name__": metric, "slo_id": slo_id} for metric, slo_id in wanted)
    parts = []
    for row in series.iter_rows(named=True):
        labels = {label["name"]: label["value"] for label in row["labels"]}
        column = next(name for name, metric in columns.items() if metric == row["metric"])
        own = minutes.filter(pl.col("slo_id") == labels["slo_id"]).select(
            pl.lit(row["series_id"], dtype=pl.UInt32).alias("series_id"),
            "ts",
            pl.col(column).alias("value"),
        )
        parts.append(own.drop_nulls())
    first, last = minutes["ts"].min(), minutes["ts"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    about = About("simulation", "none", dialect, first, last, "raw", None, ())
    samples = check(pl.concat(parts), SAMPLES)
    return write_export(folder, series, samples, about)


def sliced_minutes(
    slo_id: str, bad: Counts, *, group: str = "", start: datetime = START
) -> pl.DataFrame:
    """MINUTES of a time slice: 1 for a bad minute, 0 for a good one, NaN for none."""
    seen = ~np.isnan(bad)
    counts, sums = (_sum(values, 5) for values in (seen.astype(np.float64), np.nan_to_num(bad)))
    hours = [_sum(v, 60) for v in (np.nan_to_num(bad), seen.astype(np.float64))]
    with np.errstate(invalid="ignore"):
        mean = hours[0] / hours[1]
    length = len(bad)
    frame = pl.DataFrame(
        {
            "slo_id": pl.repeat(slo_id, length, dtype=pl.String, eager=True),
            "group": pl.repeat(group, length, dtype=pl.String, eager=True),
            "ts": pl.datetime_range(
                start, start + timedelta(minutes=length - 1), "1m", time_unit="ms", eager=True
            ).cast(TIME),
            "total": counts / 300,
            "bad": sums / 300,
            "error_1h": mean,
            "slice_bad": bad,
        }
    ).filter(pl.Series(counts > 0))
    return check(frame.with_columns(pl.col("error_1h", "slice_bad").fill_nan(None)), MINUTES)


def _sum(values: Counts, minutes: int) -> Counts:
    sums = np.cumsum(np.append(0, values))
    found: Counts = sums[1:] - sums[np.maximum(np.arange(1, len(values) + 1) - minutes, 0)]
    return found
