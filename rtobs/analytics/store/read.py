"""Reading an export: nothing is loaded before it is asked for."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
from polars.exceptions import PolarsError

from rtobs.analytics.frames import SAMPLES, SERIES, check, empty
from rtobs.analytics.store.about import About
from rtobs.analytics.store.manifest import MANIFEST, File, Manifest, from_json
from rtobs.analytics.store.places import Place, place_of
from rtobs.errors import ExportError
from rtobs.model.selector import Matcher

__all__ = ["Export", "open_export"]


def open_export(folder: str | os.PathLike[str]) -> Export:
    """Open an export.

    Args:
        folder: its folder or s3:// address.

    Raises:
        ExportError: there is none, it is unfinished or damaged, or its version is another.
    """
    place = place_of(folder)
    text = place.read(MANIFEST)
    if text is None:
        raise ExportError(
            f"{place} has no {MANIFEST}: it is no export, or one that was not finished"
            " (`rtobs export` with the same words finishes it)"
        )
    return Export(place, from_json(text, f"{place}/{MANIFEST}"))


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was opened."""

    place: Place = field(repr=False)
    manifest: Manifest = field(repr=False)

    @property
    def about(self) -> About:
        """Where it is from and what it holds."""
        return self.manifest.about

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that have samples, sorted."""
        return tuple(sorted({f.metric for f in self.manifest.files if f.metric is not None}))

    @property
    def series(self) -> pl.DataFrame:
        """All series, as SERIES."""
        return check(self.series_facts, SERIES)

    @property
    def series_facts(self) -> pl.DataFrame:
        """SERIES and `first_ts`, `last_ts`, `samples` (how many) of each series."""
        entry = next(file for file in self.manifest.files if file.metric is None)
        target, options = self.place.target(entry.path), self.place.options()
        try:
            frame = pl.scan_parquet(target, storage_options=options).collect()
        except (OSError, PolarsError) as error:
            raise ExportError(f"{target} cannot be read: {error}") from error
        return frame.sort(SERIES.key)

    @property
    def metric_facts(self) -> pl.DataFrame:
        """A row for each metric: `metric`, `series`, `samples`, `first_ts`, `last_ts`; sorted."""
        facts = self.series_facts.group_by("metric").agg(
            pl.len().alias("series"),
            pl.col("samples").sum(),
            pl.col("first_ts").min(),
            pl.col("last_ts").max(),
        )
        return facts.sort("metric")

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.manifest.files)

    def samples(
        self, metric: str, start: datetime | None = None, end: datetime | None = None
    ) -> pl.LazyFrame:
        """Samples of a metric from `start` to `end`, both included.

        Args:
            metric: its name; one without samples gives none.
            start: aware; default the beginning of the export.
            end: aware; default its end.

        Returns:
            SAMPLES, sorted. A filter by series that follows is pushed down to the files.

        Raises:
            ExportError: an instant has no time zone.
        """
        start, end = _utc(start), _utc(end)
        files = [file for file in self.manifest.files if _holds(file, metric, start, end)]
        if not files:
            return empty(SAMPLES).lazy()
        targets = [self.place.target(file.path) for file in files]
        options = self.place.options()
        scan = pl.scan_parquet(targets, hive_partitioning=False, storage_options=options)
        if start is not None:
            scan = scan.filter(pl.col("ts") >= pl.lit(start, SAMPLES.columns["ts"]))
        if end is not None:
            scan = scan.filter(pl.col("ts") <= pl.lit(end, SAMPLES.columns["ts"]))
        return scan.select(list(SAMPLES.columns)).sort(SAMPLES.key)

    def select(self, metric: str, *matchers: Matcher, **labels: str) -> pl.DataFrame:
        """Series of a metric that meet all conditions, as Prometheus means them.

        Args:
            metric: its name; "" for all metrics.
            matchers: conditions; a label that is absent is the empty text.
            labels: values that labels must have (`job="x"`).

        Returns:
            SERIES.
        """
        equal = (Matcher(name, "=", value) for name, value in labels.items())
        conditions = [_condition(matcher) for matcher in (*matchers, *equal)]
        if metric:
            conditions.append(pl.col("metric") == metric)
        return self.series.filter(conditions) if conditions else self.series

    def verify(self) -> None:
        """Compare every file with the digest in the manifest.

        Raises:
            ExportError: files are absent or changed; names them.
        """
        faults = [fault for file in self.manifest.files if (fault := self._fault(file))]
        if faults:
            raise ExportError(f"{self.place} is damaged: {'; '.join(faults)}")

    def _fault(self, file: File) -> str:
        content = self.place.read(file.path)
        if content is None:
            return f"{file.path} is absent"
        changed = hashlib.sha256(content).hexdigest() != file.sha256
        return f"{file.path} is not what was written" if changed else ""


def _utc(instant: datetime | None) -> datetime | None:
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ExportError(f"{instant} needs a time zone, for example UTC")
    return instant.astimezone(UTC)


def _holds(file: File, metric: str, start: datetime | None, end: datetime | None) -> bool:
    if file.metric != metric or file.day is None:
        return False
    after = start is None or file.day >= start.date()
    return after and (end is None or file.day <= end.date())


def _condition(matcher: Matcher) -> pl.Expr:
    named = pl.element().filter(pl.element().struct.field("name") == matcher.label)
    value = pl.col("labels").list.eval(named.struct.field("value")).list.first().fill_null("")
    if matcher.label == "__name__":
        value = pl.col("metric")
    whole = f"^(?s:{matcher.value})$"
    match matcher.op:
        case "=":
            return value == matcher.value
        case "!=":
            return value != matcher.value
        case "=~":
            return value.str.contains(whole)
        case "!~":
            return ~value.str.contains(whole)
