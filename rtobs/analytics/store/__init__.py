"""Exports on disk: the format "rtobs export" version 1, written whole and read lazily.

A folder (or an s3:// prefix) with `manifest.json`, `series.parquet` and
`samples/metric=<name>/date=<day>/part-<n>.parquet`. docs/reference/export-format.md describes it.
"""

from __future__ import annotations

from rtobs.analytics.store.about import About, Hole
from rtobs.analytics.store.labels import fingerprint, series_frame
from rtobs.analytics.store.read import Export, open_export
from rtobs.analytics.store.write import write_export

__all__ = [
    "About",
    "Export",
    "Hole",
    "fingerprint",
    "open_export",
    "series_frame",
    "write_export",
]
