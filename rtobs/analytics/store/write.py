"""Writing an export, file by file; the manifest comes last."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import quote

import polars as pl

from rtobs.analytics.frames import SAMPLES, SERIES, check
from rtobs.analytics.store.about import About
from rtobs.analytics.store.manifest import MANIFEST, File, Manifest, file_entry, to_json
from rtobs.analytics.store.parquet import samples_bytes, series_bytes
from rtobs.analytics.store.places import Place, place_of
from rtobs.analytics.store.read import Export, open_export
from rtobs.analytics.store.vacancy import refuse_other_files
from rtobs.errors import ExportError

__all__ = ["Writer", "by_day", "parts_of", "write_export"]

SERIES_FILE: Final = "series.parquet"
_DAY: Final = timedelta(days=1)
_DIVISORS: Final = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 144, 288)
PART_ROWS: Final = 500_000  # a part is made in memory, so this bounds the memory
_NAME_LIMIT: Final = 150  # file systems take 255 bytes


def write_export(
    folder: str | os.PathLike[str],
    series: pl.DataFrame,
    samples: pl.DataFrame | pl.LazyFrame,
    about: About,
) -> Export:
    """Write an export from frames.

    Args:
        folder: a folder or s3:// address without an export or other files.
        series: SERIES.
        samples: SAMPLES of these series, in any order.
        about: what to say about it.

    Returns:
        The export, opened.

    Raises:
        ExportError: there is an export already or something else, a sample has no series, a
            series has two samples at one time, or a file cannot be written.
        FrameError: a frame has other columns.
    """
    place = place_of(folder)
    if place.read(MANIFEST) is not None:
        raise ExportError(f"{place} holds an export already; choose another folder")
    refuse_other_files(folder)
    known, given = check(series, SERIES), check(samples.lazy(), SAMPLES)
    _refuse_strangers(known, given)
    writer = Writer(place)
    counts = []
    for metric, members in known.group_by("metric", maintain_order=True):
        ids = members["series_id"].to_list()
        own = given.filter(pl.col("series_id").is_in(ids)).sort(SAMPLES.key).collect()
        _refuse_doubles(own, str(metric[0]))
        for day, rows in by_day(own):
            writer.add(str(metric[0]), day, rows)
        counts.append(own)
    writer.finish(known, about)
    return open_export(folder)


def _refuse_strangers(series: pl.DataFrame, samples: pl.LazyFrame) -> None:
    known = series.lazy().select("series_id")
    strangers = samples.join(known, on="series_id", how="anti").select(pl.len()).collect().item()
    if strangers:
        raise ExportError(f"{strangers} samples belong to no series of the frame of series")


def _refuse_doubles(samples: pl.DataFrame, metric: str) -> None:
    if samples.select(pl.struct(SAMPLES.key).is_duplicated().any()).item():
        raise ExportError(f'a series of "{metric}" has two samples at one time')


def by_day(samples: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    """SAMPLES of each UTC day, in order."""
    days = samples["ts"].dt.date()
    found = days.unique().sort()
    for day in found:
        yield day, samples if found.len() == 1 else samples.filter(days == day)


def parts_of(day: date, rows: int) -> list[tuple[datetime, datetime]]:
    """Spans [start, end) into which the samples of a metric and a day are divided.

    As many equal ones as it takes for a part to be made in little memory.
    """
    count = next((n for n in _DIVISORS if rows <= n * PART_ROWS), _DIVISORS[-1])
    start, length = datetime(day.year, day.month, day.day, tzinfo=UTC), _DAY / count
    return [(start + n * length, start + (n + 1) * length) for n in range(count)]


class Writer:
    """Writes the files of an export; `finish` makes it one.

    Args:
        place: where.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._files: list[File] = []
        self._spans: list[pl.DataFrame] = []

    def add(self, metric: str, day: date, samples: pl.DataFrame) -> None:
        """Write all samples of a metric and a day, in one or more parts.

        Args:
            metric: name of the metric.
            day: their UTC day.
            samples: SAMPLES, sorted and unique.
        """
        for number, (start, end) in enumerate(parts_of(day, samples.height)):
            part = samples.filter(pl.col("ts").is_between(start, end, closed="left"))
            if part.height:
                self.add_part(metric, day, part, number)

    def add_part(self, metric: str, day: date, samples: pl.DataFrame, number: int) -> None:
        """Write one part of a metric and a day; see `parts_of`."""
        path = f"samples/metric={path_name(metric)}/date={day}/part-{number:03}.parquet"
        content = samples_bytes(samples)
        self._place.write(path, content)
        self._files.append(file_entry(path, content, samples.height, metric=metric, day=day))
        self._spans.append(_spans(samples))

    def finish(self, series: pl.DataFrame, about: About) -> None:
        """Write the series, then the manifest: from here on it is an export."""
        spans = pl.concat([_spans(_no_samples()), *self._spans])
        facts = spans.group_by("series_id").agg(
            pl.col("first_ts").min(), pl.col("last_ts").max(), pl.col("samples").sum()
        )
        known = check(series, SERIES).sort(SERIES.key)
        table = known.join(facts, on="series_id", how="left", maintain_order="left")
        content = series_bytes(table.with_columns(pl.col("samples").fill_null(0)))
        self._place.write(SERIES_FILE, content)
        entry = file_entry(SERIES_FILE, content, table.height)
        listed = {file.path for file in self._files}
        for path in self._place.paths("samples"):  # what a run that was killed may have left
            if path not in listed:
                self._place.remove(path)
        self._place.write(MANIFEST, to_json(Manifest(about, (entry, *self._files))))


def _no_samples() -> pl.DataFrame:
    return pl.DataFrame(schema=dict(SAMPLES.columns))


def _spans(samples: pl.DataFrame) -> pl.DataFrame:
    return samples.group_by("series_id").agg(
        pl.col("ts").min().alias("first_ts"),
        pl.col("ts").max().alias("last_ts"),
        pl.len().cast(pl.UInt64).alias("samples"),
    )


def path_name(metric: str) -> str:
    """A metric's name as part of a path; the manifest has the name itself."""
    quoted = quote(metric, safe="")
    if len(quoted) <= _NAME_LIMIT:
        return quoted
    return f"{quoted[:_NAME_LIMIT]}~{hashlib.sha256(metric.encode()).hexdigest()[:16]}"
