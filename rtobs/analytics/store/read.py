"""Reading an export: nothing is loaded before it is asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import polars as pl
from polars.exceptions import PolarsError

from rtobs.analytics.frames import SAMPLES, SERIES, check, empty
from rtobs.analytics.store.about import About
from rtobs.analytics.store.manifest import MANIFEST, File, Manifest, from_json
from rtobs.analytics.store.places import Folder, Place, place_of
from rtobs.errors import DamagedError, ExportError
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
    if text is None and isinstance(place, Folder) and not place.root.is_dir():
        raise ExportError(f"there is no folder {place}; `rtobs export --out {place}` makes it")
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
    _read: list[pl.DataFrame] = field(default_factory=list, init=False, repr=False, compare=False)

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
        if not self._read:  # asked for many times by each SLO of a report
            self._read.append(self._facts())
        return self._read[0]

    def _facts(self) -> pl.DataFrame:
        entry = next(file for file in self.manifest.files if file.metric is None)
        try:
            return self._scan([entry]).collect().sort(SERIES.key)
        except (OSError, PolarsError) as error:
            raise self.damaged(f"{entry.path} cannot be read: {error}") from error

    def _scan(self, files: Iterable[File]) -> pl.LazyFrame:
        """The rows of files, one file after the other.

        Raises:
            DamagedError: one is gone or has another size.
        """
        if isinstance(self.place, Folder):  # a store would be asked once for each file
            faults = [fault for file in files if (fault := _lost(self.place, file))]
            if faults:
                raise self.damaged(*faults)
        return pl.scan_parquet(
            [self.place.target(file.path) for file in files],
            hive_partitioning=False,
            glob=False,  # a folder "oct[1]" is that one, not a pattern that "oct1" fits
            storage_options=self.place.options(),
        )

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
            DamagedError: files are gone or have another size.
        """
        start, end = _utc(start), _utc(end)
        files = [file for file in self.manifest.files if _holds(file, metric, start, end)]
        if not files:
            return empty(SAMPLES).lazy()
        # Files are sorted inside, so in the order of time their rows need but the order of series.
        scan = self._scan(sorted(files, key=_time_order))
        if start is not None:
            scan = scan.filter(pl.col("ts") >= pl.lit(start, SAMPLES.columns["ts"]))
        if end is not None:
            scan = scan.filter(pl.col("ts") <= pl.lit(end, SAMPLES.columns["ts"]))
        return scan.select(list(SAMPLES.columns)).sort("series_id", maintain_order=True)

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
            DamagedError: files are absent or changed; names them.
        """
        faults = [fault for file in self.manifest.files if (fault := self._fault(file))]
        if faults:
            raise self.damaged(*faults)

    def damaged(self, *faults: str) -> DamagedError:
        """What to raise when its files turn out to be unreadable."""
        return DamagedError(
            f"{self.place} is damaged: {'; '.join(faults)}; export again into another folder, or"
            " fetch the files from a copy"
        )

    def _fault(self, file: File) -> str:
        content = self.place.read(file.path)
        if content is None:
            return f"{file.path} is absent"
        changed = hashlib.sha256(content).hexdigest() != file.sha256
        return f"{file.path} is not what was written" if changed else ""


def _lost(place: Folder, file: File) -> str:
    """Whether a file is gone or torn, from its size alone; "" when it is not."""
    try:
        size = (place.root / file.path).stat().st_size
    except OSError as error:
        return f"{file.path} cannot be read ({error.strerror})"
    return "" if size == file.size else f"{file.path} has {size:,} bytes instead of {file.size:,}"


def _time_order(file: File) -> tuple[date | None, int, str]:
    """Parts of a day have numbers, which may outgrow their zeros."""
    return file.day, len(file.path), file.path


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
