"""Whether an export may be written to a place: never among files that are not its own."""

from __future__ import annotations

import os
import re
from typing import Final

from rtobs.analytics.store.manifest import MANIFEST, from_json
from rtobs.analytics.store.places import Folder, Place, place_of
from rtobs.errors import ExportError

__all__ = ["refuse_other_files"]

# What a run that was killed may have left: drafts, chunks of an export, files without a manifest.
_OWN: Final = re.compile(
    r"(.*/)?\..+\.draft|work/(plan|\d+)\.(json|parquet)|samples/metric=.+|series\.parquet"
)
_PLAN: Final = "work/plan.json"


def refuse_other_files(folder: str | os.PathLike[str]) -> None:
    """Refuse a place that holds something else than an export, whole or unfinished.

    An export removes what it does not list, so it must not begin among the files of others.

    Args:
        folder: a folder or s3:// address; what is not there yet is fine.

    Raises:
        ExportError: it is a file, or holds other files.
    """
    place = place_of(folder)
    if isinstance(place, Folder) and place.root.exists() and not place.root.is_dir():
        raise ExportError(f"{place} is a file; name a folder")
    manifest = place.read(MANIFEST)
    if manifest is not None:
        from_json(manifest, f"{place}/{MANIFEST}")
    elif place.read(_PLAN) is None and _other_files(place):
        raise ExportError(f"{place} holds other files; choose another folder")


def _other_files(place: Place) -> bool:
    return any(_OWN.fullmatch(path) is None for path in place.paths())
